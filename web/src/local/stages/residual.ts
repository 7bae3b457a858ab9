/** Carrying the detail that shrinking lost into the hole; as cleanplate/inpaint/residual.py (8 bit). */

import type { Box } from "../../model/geometry";
import { bounds, clamp, rounded, type Levels, type Mask, type Picture } from "./arrays";
import { STRIDE, type Correspondence } from "./correspondence";

const SHARPNESS = 2;
const GAIN_POINTS = 4;

export interface Filled {
  readonly box: Box;
  readonly pixels: Picture;
}

export function aggregate(window: Picture, hole: Mask, small: Levels, factor: number, grid: Correspondence | null): Filled {
  const box = bounds(hole);
  if (!box) throw new Error("there is no hole");
  const [left, top, right, bottom] = box;
  const data = new Uint8Array((right - left) * (bottom - top) * 3);
  const carry = grid !== null && factor > 1;
  const levels = { ...small, data: small.data.map((value) => rounded(value)) };
  const step = factor * STRIDE;
  const total = new Float64Array(3);
  const one = new Float64Array(3);
  const gain = carry ? gainOf(grid, step) : null;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (!hole.data[y * window.width + x]) continue;
      enlargedAt(small, factor, y, x, total);
      if (gain && grid) {
        const [row, column] = [Math.floor(y / step), Math.floor(x / step)];
        const [laterY, laterX] = [laterWeight(y, step), laterWeight(x, step)];
        const lift = gain(y, x);
        for (const down of [0, 1]) {
          for (const across of [0, 1]) {
            const at = 2 * ((row + down) * grid.columns + column + across);
            const fromY = clamp(y + grid.offsets[at]! * factor, 0, window.height - 1);
            const fromX = clamp(x + grid.offsets[at + 1]! * factor, 0, window.width - 1);
            const weight = lift * (down ? laterY : 1 - laterY) * (across ? laterX : 1 - laterX);
            enlargedAt(levels, factor, fromY, fromX, one);
            const from = 3 * (fromY * window.width + fromX);
            for (let c = 0; c < 3; c++) total[c]! += weight * (window.data[from + c]! - Math.round(one[c]!));
          }
        }
      }
      const to = 3 * ((y - top) * (right - left) + x - left);
      for (let c = 0; c < 3; c++) data[to + c] = clamp(rounded(total[c]!), 0, 255);
    }
  }
  return { box, pixels: { width: right - left, height: bottom - top, data } };
}

/** The small picture enlarged (linear), at one pixel. */
function enlargedAt(small: Levels, factor: number, y: number, x: number, into: Float64Array): void {
  const atY = (y + 0.5) / factor - 0.5;
  const atX = (x + 0.5) / factor - 0.5;
  const [row, column] = [Math.floor(atY), Math.floor(atX)];
  const [shareY, shareX] = [atY - row, atX - column];
  const y0 = clamp(row, 0, small.height - 1) * small.width;
  const y1 = clamp(row + 1, 0, small.height - 1) * small.width;
  const x0 = clamp(column, 0, small.width - 1);
  const x1 = clamp(column + 1, 0, small.width - 1);
  for (let c = 0; c < 3; c++) {
    const upper = small.data[3 * (y0 + x0) + c]! * (1 - shareX) + small.data[3 * (y0 + x1) + c]! * shareX;
    const lower = small.data[3 * (y1 + x0) + c]! * (1 - shareX) + small.data[3 * (y1 + x1) + c]! * shareX;
    into[c] = upper * (1 - shareY) + lower * shareY;
  }
}

/** Weight of the later of the two patches that cover a pixel; a raised cosine, made steeper. */
export function laterWeight(position: number, step: number): number {
  const wave = 0.5 * Math.cos((Math.PI * ((position % step) + 0.5)) / step);
  const later = (0.5 - wave) ** SHARPNESS;
  return later / (later + (0.5 + wave) ** SHARPNESS);
}

/** What restores the energy of the four averaged patches: known at a few points of each block, between them linear. */
function gainOf(grid: Correspondence, step: number): (y: number, x: number) => number {
  const points = Math.min(step, GAIN_POINTS);
  const cache = new Map<number, number>();
  const at = (row: number, column: number): number => {
    const key = row * 1_000_003 + column;
    let value = cache.get(key);
    if (value === undefined) cache.set(key, (value = gainAt(grid, row, column, points)));
    return value;
  };
  return (y, x) => {
    const shrink = step / points;
    const [atY, atX] = [(y + 0.5) / shrink - 0.5, (x + 0.5) / shrink - 0.5];
    const [row, column] = [Math.floor(atY), Math.floor(atX)];
    const upper = at(row, column) * (1 - atX + column) + at(row, column + 1) * (atX - column);
    const lower = at(row + 1, column) * (1 - atX + column) + at(row + 1, column + 1) * (atX - column);
    return upper * (1 - atY + row) + lower * (atY - row);
  };
}

function gainAt(grid: Correspondence, row: number, column: number, points: number): number {
  row = clamp(row, 0, (grid.rows - 1) * points - 1);
  column = clamp(column, 0, (grid.columns - 1) * points - 1);
  const [y, x] = [laterWeight(row, points), laterWeight(column, points)];
  const weights = [(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x];
  const first = Math.floor(row / points) * grid.columns + Math.floor(column / points);
  const places = [first, first + 1, first + grid.columns, first + grid.columns + 1];
  let energy = 0;
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      const [a, b] = [2 * places[i]!, 2 * places[j]!];
      const same = grid.offsets[a] === grid.offsets[b] && grid.offsets[a + 1] === grid.offsets[b + 1];
      if (same) energy += weights[i]! * weights[j]!;
    }
  }
  return 1 / Math.sqrt(energy);
}
