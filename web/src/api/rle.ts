/** Masks as COCO's compressed run lengths (see detect/run_lengths.py for the format). */

import type { Size } from "../model/geometry";

export interface RunLengths {
  readonly size: readonly [number, number];
  readonly counts: string;
}

/** Lengths of the runs, which go down the columns and begin with pixels that are not selected. */
export function lengths(counts: string): number[] {
  const runs: number[] = [];
  let place = 0;
  while (place < counts.length) {
    let value = 0;
    let shift = 0;
    let more = true;
    while (more) {
      const group = counts.charCodeAt(place++) - 48;
      value |= (group & 0x1f) << shift;
      more = (group & 0x20) !== 0;
      shift += 5;
      if (!more && group & 0x10) value |= -1 << shift;
    }
    runs.push(runs.length > 2 ? value + (runs[runs.length - 2] ?? 0) : value);
  }
  return runs;
}

/** The mask shrunk to `shown` pixels by taking the nearest: one byte a pixel, row by row, 1 = selected. */
export function shrunkMask(rle: RunLengths, shown: Size): Uint8Array {
  const [height, width] = rle.size;
  const mask = new Uint8Array(shown.width * shown.height);
  // Columns of the full mask that are looked at, in order, and where they are shown.
  const columnOf = (x: number): number => Math.min(width - 1, Math.floor(((x + 0.5) * width) / shown.width));
  const rowOf = (y: number): number => Math.min(height - 1, Math.floor(((y + 0.5) * height) / shown.height));
  const ends: number[] = [];
  let sum = 0;
  for (const run of lengths(rle.counts)) ends.push((sum += run));
  let run = 0;
  for (let x = 0; x < shown.width; x++) {
    const start = columnOf(x) * height;
    for (let y = 0; y < shown.height; y++) {
      const place = start + rowOf(y);
      while (run < ends.length && (ends[run] ?? 0) <= place) run++;
      while (run > 0 && (ends[run - 1] ?? 0) > place) run--;
      if (run & 1) mask[y * shown.width + x] = 1;
    }
  }
  return mask;
}
