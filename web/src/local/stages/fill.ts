/** Fills a hole at full resolution: windows, completion, correspondence, membrane, residual, seam; as tasks/fill.py. */

import { bounds, clamp, cropped, dilated, rounded, type Mask, type Picture } from "./arrays";
import { search, type Correspondence } from "./correspondence";
import { FEW_ITERATIONS, ITERATIONS, levelled, withoutErased } from "./membrane";
import { complete, WORKING_SIZE } from "./patchmatch";
import { aggregate, type Filled } from "./residual";
import { feather } from "./seam";
import { shrink, touchedCells, type Shrunk } from "./shrink";
import { grownBox, planWindows, type Window } from "./windows";

const FACTOR_TO_DIVIDE = 6;

/** Completes a small picture: the hole is filled, `avoid` is no source. */
export type Complete = (image: Picture, hole: Mask, avoid: Mask, seed: number) => Picture;

export interface FillOptions {
  readonly seed?: number;
  readonly engine?: Complete;
  /** Longest side that the engine works at. */
  readonly size?: number;
  /** Pixels over which the fill is blended with what was there, inside the hole. */
  readonly seam?: number;
  progress?(done: number, total: number): void;
}

/** A new picture, equal to `image` outside `hole` byte for byte. */
export function fill(image: Picture, hole: Mask, options: FillOptions = {}): Picture {
  const { seed = 0, engine = complete, size = WORKING_SIZE, seam = 2, progress } = options;
  const chains = planWindows(hole);
  const total = chains.reduce((sum, chain) => sum + chain.length, 0);
  const result = { ...image, data: image.data.slice() };
  let done = 0;
  for (const chain of chains) {
    const known = chain.length === 1 ? image : { ...image, data: image.data.slice() };
    const filled = new Set<Window>();
    for (const window of chain) {
      const pending = pendingIn(window, filled);
      const made = fillWindow(cropped(known, window.box), window, pending, engine, seed, size);
      const ramp = rampOf(window, seam);
      paste(result, made, window, ramp);
      if (known !== image) paste(known, made, window, ramp);
      filled.add(window);
      progress?.(++done, total);
    }
  }
  return result;
}

/** What other windows fill and none of the chain has filled yet. */
function pendingIn(window: Window, filled: ReadonlySet<Window>): Mask {
  const data = window.others.data.slice();
  for (const other of filled) {
    other.hole.data.forEach((is, place) => {
      if (!is) return;
      const x = other.box[0] + (place % other.hole.width) - window.box[0];
      const y = other.box[1] + Math.floor(place / other.hole.width) - window.box[1];
      if (x >= 0 && y >= 0 && x < window.hole.width && y < window.hole.height) data[y * window.hole.width + x] = 0;
    });
  }
  return { ...window.others, data };
}

function rampOf(window: Window, seam: number): Float32Array {
  const all = { ...window.hole, data: window.hole.data.map((is, place) => is | window.others.data[place]!) };
  const inner = bounds(window.hole)!;
  const around = grownBox(inner, Math.ceil(seam) + 2, all.width, all.height);
  const ramp = feather(cropped(all, around), seam);
  const whole = new Float32Array(all.data.length);
  for (let y = inner[1]; y < inner[3]; y++) {
    for (let x = inner[0]; x < inner[2]; x++) {
      const at = y * all.width + x;
      if (window.hole.data[at]) whole[at] = ramp.data[(y - around[1]) * ramp.width + x - around[0]]!;
    }
  }
  return whole;
}

function paste(target: Picture, made: Filled, window: Window, ramp: Float32Array): void {
  const [left, top, right, bottom] = made.box;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const weight = ramp[y * window.hole.width + x]!;
      if (weight <= 0) continue;
      const to = 3 * ((window.box[1] + y) * target.width + window.box[0] + x);
      const from = 3 * ((y - top) * (right - left) + x - left);
      for (let c = 0; c < 3; c++) target.data[to + c] = Math.round(weight * made.pixels.data[from + c]! + (1 - weight) * target.data[to + c]!);
    }
  }
}

export function shrinkFactors(window: Window, size: number): [factor: number, finer: number] {
  const factor = Math.ceil(Math.max(window.hole.width, window.hole.height) / size);
  return factor < FACTOR_TO_DIVIDE ? [Math.max(1, factor), 1] : [factor + (factor % 2), 2];
}

function fillWindow(view: Picture, window: Window, pending: Mask, engine: Complete, seed: number, size: number): Filled {
  let [factor, finer] = shrinkFactors(window, size);
  let small = shrink(view, window.hole, pending, factor);
  while (!small.hole.data.includes(0) && factor > 1) {
    [factor, finer] = [Math.max(1, Math.floor(factor / 2)), 1];
    small = shrink(view, window.hole, pending, factor);
  }
  const avoid = { ...small.avoid, data: small.avoid.data.map((is, place) => is & ~small.hole.data[place]!) };
  let completed = engine(small.image, small.hole, avoid, seed);
  let grid = search(completed, small.hole, small.avoid);
  if (finer > 1 && grid) {
    const fine = shrink(view, window.hole, pending, factor / finer);
    completed = enlargedCompletion(completed, small, fine, grid);
    [small, factor] = [fine, factor / finer];
    grid = search(completed, small.hole, small.avoid, grid);
  }
  let levels = levelled(completed, small.mean, small.hole, small.avoid, grid, finer > 1 ? FEW_ITERATIONS : ITERATIONS);
  if (bounds(pending)) {
    const touched = touchedCells(pending, factor);
    levels = withoutErased(levels, { ...touched, data: touched.data.map((is, place) => is & ~small.hole.data[place]!) });
  }
  return aggregate(view, window.hole, levels, factor, grid);
}

function enlargedCompletion(completed: Picture, small: Shrunk, fine: Shrunk, grid: Correspondence): Picture {
  const levels = levelled(completed, small.mean, small.hole, small.avoid, grid);
  const made = aggregate(fine.image, fine.hole, levels, small.factor / fine.factor, grid);
  const larger = { ...fine.image, data: fine.image.data.slice() };
  const [left, top, right] = made.box;
  made.pixels.data.forEach((value, i) => {
    const place = Math.floor(i / 3);
    const at = (top + Math.floor(place / (right - left))) * fine.hole.width + left + (place % (right - left));
    if (fine.hole.data[at]) larger.data[3 * at + (i % 3)] = value;
  });
  return larger;
}

/** The selection with every pixel within `by` of it (distances between centres); as mask/growth.py. */
export function grown(mask: Mask, by: number): Mask {
  if (by <= 0) return mask;
  const { width, height } = mask;
  const near = dilated(mask, by).data;
  const result = mask.data.slice();
  const inner = bounds(mask);
  if (!inner) return mask;
  const [left, top, right, bottom] = grownBox(inner, by, width, height);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (result[y * width + x] || !near[y * width + x]) continue;
      result[y * width + x] = within(mask, y, x, by) ? 1 : 0;
    }
  }
  return { width, height, data: result };
}

function within(mask: Mask, y: number, x: number, by: number): boolean {
  for (let dy = -by; dy <= by; dy++) {
    if (y + dy < 0 || y + dy >= mask.height) continue;
    const half = Math.floor(Math.sqrt(by * by - dy * dy) + 1e-9);
    for (let dx = Math.max(-half, -x); dx <= Math.min(half, mask.width - 1 - x); dx++) {
      if (mask.data[(y + dy) * mask.width + x + dx]) return true;
    }
  }
  return false;
}

/** Pixels by which a selection grows when nobody says: 1 % of its extent, from 2 to 12. */
export function automaticGrowth(mask: Mask): number {
  const rows = new Set<number>();
  const columns = new Set<number>();
  mask.data.forEach((is, place) => is && (rows.add(Math.floor(place / mask.width)), columns.add(place % mask.width)));
  return clamp(rounded(0.01 * Math.sqrt(rows.size * columns.size)), 2, 12);
}
