/** What the stages hand to each other: row by row, three numbers a pixel (RGB) or one byte a pixel (masks, 1 = True). */

import type { Box } from "../../model/geometry";

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** RGB in 8-bit levels, unrounded. */
export interface Levels {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Several numbers a pixel. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

export const emptyMask = (width: number, height: number): Mask => ({ width, height, data: new Uint8Array(width * height) });

/** Rounds halves to the even number, as numpy does. */
export function rounded(value: number): number {
  const down = Math.floor(value);
  const over = value - down;
  if (over < 0.5) return down;
  if (over > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
}

export const clamp = (value: number, least: number, most: number): number => (value < least ? least : value > most ? most : value);

/** A place beyond an edge, mirrored back; the edge itself does not come twice. */
export function mirrored(place: number, length: number): number {
  if (length === 1) return 0;
  let at = place;
  while (at < 0 || at >= length) at = at < 0 ? -at : 2 * (length - 1) - at;
  return at;
}

export function cropped<Kind extends { width: number; height: number; data: Uint8Array }>(from: Kind, box: Box): Kind {
  const [left, top, right, bottom] = box;
  const channels = from.data.length / (from.width * from.height);
  const data = new Uint8Array((right - left) * (bottom - top) * channels);
  for (let y = top; y < bottom; y++) {
    const start = (y * from.width + left) * channels;
    data.set(from.data.subarray(start, start + (right - left) * channels), (y - top) * (right - left) * channels);
  }
  return { ...from, width: right - left, height: bottom - top, data };
}

/** The box around what is selected; null if nothing is. */
export function bounds(mask: Mask): Box | null {
  let [left, top, right, bottom] = [mask.width, -1, 0, 0];
  for (let y = 0; y < mask.height; y++) {
    const row = mask.data.subarray(y * mask.width, (y + 1) * mask.width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    if (top < 0) top = y;
    bottom = y + 1;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(1) + 1);
  }
  return top < 0 ? null : [left, top, right, bottom];
}

/** What lies within `reach` pixels of a selected one in both directions (a square element). */
export function dilated(mask: Mask, reach: number): Mask {
  const { width, height } = mask;
  const across = new Uint8Array(width * height);
  const result = new Uint8Array(width * height);
  spread(mask.data, across, height, width, width, 1, reach);
  spread(across, result, width, height, 1, width, reach);
  return { width, height, data: result };
}

function spread(from: Uint8Array, to: Uint8Array, lines: number, length: number, line: number, step: number, reach: number): void {
  for (let at = 0; at < lines; at++) {
    let inside = 0;
    for (let place = -reach; place < length; place++) {
      if (place + reach < length) inside += from[at * line + (place + reach) * step] ?? 0;
      if (place - reach - 1 >= 0) inside -= from[at * line + (place - reach - 1) * step] ?? 0;
      if (place >= 0 && inside > 0) to[at * line + place * step] = 1;
    }
  }
}
