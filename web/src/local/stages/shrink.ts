/** Shrinking a window so that erased colours cannot leak; as cleanplate/inpaint/shrink.py. */

import { clamp, rounded, type Levels, type Mask, type Picture } from "./arrays";

export interface Shrunk {
  readonly image: Picture;
  readonly mean: Levels;
  readonly hole: Mask;
  readonly avoid: Mask;
  readonly factor: number;
}

export function shrink(window: Picture, hole: Mask, avoid: Mask, factor: number): Shrunk {
  const mean = cellMeans(window, factor);
  const image = { width: mean.width, height: mean.height, data: Uint8Array.from(mean.data, (value) => rounded(value)) };
  return { image, mean, hole: touchedCells(hole, factor), avoid: touchedCells(avoid, factor), factor };
}

/** Cells in which any pixel is selected; the last may hang over the end. */
export function touchedCells(mask: Mask, factor: number): Mask {
  const width = Math.ceil(mask.width / factor);
  const height = Math.ceil(mask.height / factor);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < mask.height; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < mask.width; x++) if (mask.data[y * mask.width + x]) data[row + Math.floor(x / factor)] = 1;
  }
  return { width, height, data };
}

/** Mean of each cell; beyond the window's end its edge pixels are repeated. */
function cellMeans(window: Picture, factor: number): Levels {
  const width = Math.ceil(window.width / factor);
  const height = Math.ceil(window.height / factor);
  const sums = new Float64Array(width * height * 3);
  for (let y = 0; y < height * factor; y++) {
    const from = clamp(y, 0, window.height - 1) * window.width;
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++) {
      const source = 3 * (from + clamp(x, 0, window.width - 1));
      const cell = 3 * (row + Math.floor(x / factor));
      for (let c = 0; c < 3; c++) sums[cell + c]! += window.data[source + c]!;
    }
  }
  return { width, height, data: Float32Array.from(sums, (sum) => sum / (factor * factor)) };
}
