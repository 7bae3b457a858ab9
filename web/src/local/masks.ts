/** People as masks of the whole picture, and masks as run lengths. */

import type { RunLengths } from "../api/rle";
import type { Person } from "./networks";
import { clamp, emptyMask, type Mask } from "./stages/arrays";

/** The mask of a person stretched over its box. */
export function personMask(person: Person, width: number, height: number): Mask {
  const mask = emptyMask(width, height);
  const [left, top, right, bottom] = person.box;
  const { width: side, data } = person.mask;
  for (let y = Math.floor(top); y < Math.min(height, Math.ceil(bottom)); y++) {
    const row = clamp(((y + 0.5 - top) / (bottom - top)) * side - 0.5, 0, side - 1);
    const y0 = Math.floor(row);
    const y1 = Math.min(side - 1, y0 + 1);
    for (let x = Math.floor(left); x < Math.min(width, Math.ceil(right)); x++) {
      const column = clamp(((x + 0.5 - left) / (right - left)) * side - 0.5, 0, side - 1);
      const x0 = Math.floor(column);
      const x1 = Math.min(side - 1, x0 + 1);
      const upper = data[y0 * side + x0]! * (1 - column + x0) + data[y0 * side + x1]! * (column - x0);
      const lower = data[y1 * side + x0]! * (1 - column + x0) + data[y1 * side + x1]! * (column - x0);
      if (upper * (1 - row + y0) + lower * (row - y0) >= 0.5) mask.data[y * width + x] = 1;
    }
  }
  return mask;
}

/** COCO's compressed run lengths; the inverse of api/rle.ts. */
export function runLengths(mask: Mask): RunLengths {
  const { width, height, data } = mask;
  const runs: number[] = [];
  let [value, length] = [0, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const is = data[y * width + x]!;
      if (is !== value) {
        runs.push(length);
        [value, length] = [is, 0];
      }
      length++;
    }
  }
  runs.push(length);
  let counts = "";
  runs.forEach((run, place) => {
    let left = place > 2 ? run - runs[place - 2]! : run;
    for (let more = true; more; ) {
      let group = left & 0x1f;
      left >>= 5;
      more = group & 0x10 ? left !== -1 : left !== 0;
      if (more) group |= 0x20;
      counts += String.fromCharCode(group + 48);
    }
  });
  return { size: [height, width], counts };
}
