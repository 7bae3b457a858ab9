/** The seam between what was and what was filled in; as cleanplate/compose/seam.py. */

import type { Mask, Plane } from "./arrays";

const STRAIGHT = 0.955;
const DIAGONAL = 1.3693;

/** Distance to the nearest pixel that is not selected, by the chamfer of 3 x 3 pixels. */
export function distance(mask: Mask): Plane {
  const { width, height } = mask;
  const data = new Float32Array(width * height);
  const at = (y: number, x: number): number => (y < 0 || x < 0 || y >= height || x >= width ? 1e9 : data[y * width + x]!);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[y * width + x] = !mask.data[y * width + x]
        ? 0
        : Math.min(at(y, x - 1) + STRAIGHT, at(y - 1, x) + STRAIGHT, at(y - 1, x - 1) + DIAGONAL, at(y - 1, x + 1) + DIAGONAL);
    }
  }
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      data[y * width + x] = Math.min(
        data[y * width + x]!, at(y, x + 1) + STRAIGHT, at(y + 1, x) + STRAIGHT, at(y + 1, x + 1) + DIAGONAL, at(y + 1, x - 1) + DIAGONAL,
      );
    }
  }
  return { width, height, data };
}

/** Ramp from 0 outside the hole to 1 at `width` pixels inside it. */
export function feather(hole: Mask, width: number): Plane {
  if (width <= 0) return { ...hole, data: Float32Array.from(hole.data) };
  const far = distance(hole);
  return { ...far, data: far.data.map((value) => Math.min(value / (width + 1), 1)) };
}
