/** Taking colour steps out of a completion; as cleanplate/inpaint/membrane.py. */

import { bounds, clamp, type Levels, type Mask, type Picture } from "./arrays";
import { offsetAt, type Correspondence } from "./correspondence";

const STEP = 16;
export const ITERATIONS = 300;
export const FEW_ITERATIONS = 40;
const TOLERANCE = 5e-3;

export function levelled(
  completed: Picture, mean: Levels, hole: Mask, avoid: Mask, grid: Correspondence | null, iterations = ITERATIONS,
): Levels {
  const picture = mean.data.slice();
  for (let i = 0; i < picture.length; i++) if (hole.data[Math.floor(i / 3)]) picture[i] = completed.data[i]!;
  const result = { width: hole.width, height: hole.height, data: picture };
  const inner = bounds(hole);
  if (!grid || !inner) return result;
  correct(result, hole, avoid, grid, inner, iterations);
  return result;
}

function correct(
  picture: Levels, hole: Mask, avoid: Mask, grid: Correspondence, inner: readonly [number, number, number, number], iterations: number,
): void {
  const { width, height, data } = picture;
  const [left, top] = [Math.max(0, inner[0] - 1), Math.max(0, inner[1] - 1)];
  const w = Math.min(width, inner[2] + 1) - left;
  const h = Math.min(height, inner[3] + 1) - top;
  const inside = new Uint8Array(w * h);
  const flow = new Float32Array(w * h * 3);
  const links = [new Uint8Array(w * h), new Uint8Array(w * h)] as const;
  const source = new Int32Array(w * h);
  for (let i = 0; i < w * h; i++) {
    const [y, x] = [top + Math.floor(i / w), left + (i % w)];
    inside[i] = hole.data[y * width + x]!;
    const at = offsetAt(grid, y, x);
    const [down, right] = inside[i] ? [grid.offsets[at]!, grid.offsets[at + 1]!] : [0, 0];
    source[i] = clamp(y + down, 0, height - 1) * width + clamp(x + right, 0, width - 1);
  }
  const usable = (i: number): boolean => {
    const place = (top + Math.floor(i / w)) * width + left + (i % w);
    return !avoid.data[place] || !!hole.data[place];
  };
  const excess = new Float32Array(3);
  for (const axis of [0, 1] as const) {
    const [down, right] = axis === 0 ? [1, 0] : [0, 1];
    for (let i = 0; i < w * h; i++) {
      if (Math.floor(i / w) + down >= h || (i % w) + right >= w) continue;
      const j = i + down * w + right;
      if (!usable(i) || !usable(j) || !(inside[i] || inside[j])) continue;
      links[axis][i] = 1;
      const here = (top + Math.floor(i / w)) * width + left + (i % w);
      const there = here + down * width + right;
      const [a, b] = [source[i]!, source[j]!];
      const after = Math.min(Math.floor(a / width) + down, height - 1) * width + Math.min((a % width) + right, width - 1);
      const before = Math.max(Math.floor(b / width) - down, 0) * width + Math.max((b % width) - right, 0);
      const count = Math.max(inside[i]! + inside[j]!, 1);
      let largest = 0;
      for (let c = 0; c < 3; c++) {
        const forward = data[3 * after + c]! - data[3 * a + c]!;
        const backward = data[3 * b + c]! - data[3 * before + c]!;
        const wanted = (forward * inside[i]! + backward * inside[j]!) / count;
        excess[c] = wanted - (data[3 * there + c]! - data[3 * here + c]!);
        largest = Math.max(largest, Math.abs(excess[c]!));
      }
      const share = 1 / (1 + (largest / STEP) ** 8);
      for (let c = 0; c < 3; c++) {
        flow[3 * i + c]! -= excess[c]! * share;
        flow[3 * j + c]! += excess[c]! * share;
      }
    }
  }
  for (let i = 0; i < flow.length; i++) if (!inside[Math.floor(i / 3)]) flow[i] = 0;
  const solution = solve(flow, inside, links, w, h, iterations);
  for (let i = 0; i < w * h; i++) {
    const place = 3 * ((top + Math.floor(i / w)) * width + left + (i % w));
    for (let c = 0; c < 3; c++) data[place + c]! += solution[3 * i + c]!;
  }
}

/** Conjugate gradients on the cells of the hole, three colours at a time, with the diagonal as preconditioner. */
function solve(
  flow: Float32Array, inside: Uint8Array, links: readonly [Uint8Array, Uint8Array], w: number, h: number, iterations: number,
): Float32Array {
  const degree = new Float32Array(w * h);
  for (const axis of [0, 1] as const) {
    const step = axis === 0 ? w : 1;
    for (let i = 0; i < w * h; i++) if (links[axis][i]) (degree[i]!++, degree[i + step]!++);
  }
  const solution = new Float32Array(flow.length);
  const rest = flow.slice();
  const direction = flow.map((value, i) => value / Math.max(degree[Math.floor(i / 3)]!, 1));
  const spread = new Float32Array(flow.length);
  const dot = (a: Float32Array, b: Float32Array): Float64Array => {
    const sums = new Float64Array(3);
    for (let i = 0; i < a.length; i += 3) for (let c = 0; c < 3; c++) sums[c]! += a[i + c]! * b[i + c]!;
    return sums;
  };
  let product = dot(rest, direction);
  const goal = product.map((value) => TOLERANCE ** 2 * Math.max(value, 1e-12));
  for (let round = 0; round < iterations && !product.every((value, c) => value <= goal[c]!); round++) {
    laplacian(direction, spread, degree, inside, links, w, h);
    const bottom = dot(direction, spread);
    const step = product.map((value, c) => value / Math.max(bottom[c]!, 1e-12));
    for (let i = 0; i < flow.length; i++) {
      const c = i % 3;
      solution[i]! += step[c]! * direction[i]!;
      rest[i]! -= step[c]! * spread[i]!;
    }
    const conditioned = rest.map((value, i) => value / Math.max(degree[Math.floor(i / 3)]!, 1));
    const following = dot(rest, conditioned);
    for (let i = 0; i < flow.length; i++) {
      direction[i] = conditioned[i]! + (following[i % 3]! / Math.max(product[i % 3]!, 1e-12)) * direction[i]!;
    }
    product = following;
  }
  return solution;
}

function laplacian(
  field: Float32Array, result: Float32Array, degree: Float32Array, inside: Uint8Array,
  links: readonly [Uint8Array, Uint8Array], w: number, h: number,
): void {
  for (let i = 0; i < w * h; i++) {
    for (let c = 0; c < 3; c++) {
      const at = 3 * i + c;
      if (!inside[i]) {
        result[at] = 0;
        continue;
      }
      let sum = degree[i]! * field[at]!;
      if (links[0][i]) sum -= field[at + 3 * w]!;
      if (links[1][i]) sum -= field[at + 3]!;
      if (i >= w && links[0][i - w]) sum -= field[at - 3 * w]!;
      if (i % w > 0 && links[1][i - 1]) sum -= field[at - 3]!;
      result[at] = sum;
    }
  }
}

/** Cells that still show what is being erased, replaced by the mean of the cells around them. */
export function withoutErased(picture: Levels, erased: Mask): Levels {
  const { width, height } = picture;
  const data = picture.data.slice();
  const mirror = (at: number, length: number): number => (at < 0 ? Math.min(-at, length - 1) : at >= length ? Math.max(0, 2 * length - 2 - at) : at);
  for (let place = 0; place < width * height; place++) {
    if (!erased.data[place]) continue;
    const sums = [0, 0, 0];
    let count = 0;
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) {
        const at = mirror(Math.floor(place / width) + dy, height) * width + mirror((place % width) + dx, width);
        if (erased.data[at]) continue;
        count++;
        for (let c = 0; c < 3; c++) sums[c]! += picture.data[3 * at + c]!;
      }
    }
    if (count) for (let c = 0; c < 3; c++) data[3 * place + c] = sums[c]! / count;
  }
  return { width, height, data };
}
