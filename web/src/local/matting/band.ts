/** Where alpha is neither 0 nor 1, and what surrounds places of an alpha; as cleanplate/matting/band.py. */

import { clamp, emptyMask, type Mask, type Plane } from "../stages/arrays";

/** How far an ellipse of 2 * reach + 1 pixels goes to either side, row by row, as OpenCV draws it. */
export const ellipse = (reach: number): number[] =>
  Array.from({ length: 2 * reach + 1 }, (_, row) => Math.round(reach * Math.sqrt(1 - ((row - reach) / reach) ** 2)));

/** Pixels whose alpha is between `margin` and `1 - margin`, both sides of hard edges, and what is near them. */
export function soft(alpha: Plane, reach = 0, margin = 0.01): Mask {
  const { width, height, data } = alpha;
  const band = emptyMask(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x]!;
      if ((value > margin && value < 1 - margin) || onEdge(alpha, x, y)) band.data[y * width + x] = 1;
    }
  }
  return reach > 0 ? spread(band, reach) : band;
}

function onEdge({ width, height, data }: Plane, x: number, y: number): boolean {
  const own = data[y * width + x]! >= 0.5;
  for (let dy = y > 0 ? -1 : 0; dy <= (y < height - 1 ? 1 : 0); dy++) {
    for (let dx = x > 0 ? -1 : 0; dx <= (x < width - 1 ? 1 : 0); dx++) {
      if (data[(y + dy) * width + x + dx]! >= 0.5 !== own) return true;
    }
  }
  return false;
}

function spread(mask: Mask, reach: number): Mask {
  const { width, height } = mask;
  const result = emptyMask(width, height);
  const sides = ellipse(reach);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask.data[y * width + x]) continue;
      for (let dy = -reach; dy <= reach; dy++) {
        const row = y + dy;
        if (row < 0 || row >= height) continue;
        const side = sides[dy + reach]!;
        result.data.fill(1, row * width + Math.max(0, x - side), row * width + Math.min(width, x + side + 1));
      }
    }
  }
  return result;
}

/** Least and greatest value around each place, in an ellipse. */
export function extremes(plane: Plane, reach: number): { least: Plane; greatest: Plane } {
  const { width, height, data } = plane;
  const least = new Float32Array(data.length);
  const greatest = new Float32Array(data.length);
  const sides = ellipse(reach);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [low, high] = [Infinity, -Infinity];
      for (let dy = Math.max(-reach, -y); dy <= Math.min(reach, height - 1 - y); dy++) {
        const side = sides[dy + reach]!;
        for (let at = (y + dy) * width + Math.max(0, x - side), end = (y + dy) * width + Math.min(width - 1, x + side); at <= end; at++) {
          const value = data[at]!;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
      least[y * width + x] = low;
      greatest[y * width + x] = high;
    }
  }
  return { least: { width, height, data: least }, greatest: { width, height, data: greatest } };
}

/** Nearly 0 and nearly 1 brought to 0 and 1. */
export const settled = (alpha: Plane): Plane => ({ ...alpha, data: alpha.data.map((value) => clamp((value - 0.004) / (1 - 2 * 0.004), 0, 1)) });
