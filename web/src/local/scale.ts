/** Scaling of pictures and alphas in numbers, so that every browser sees what Python sees. */

import { clamp, rounded, type Picture, type Plane } from "./stages/arrays";

interface Share {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Which old pixels a new one covers when shrinking, and how much of each. */
function covered(from: number, to: number): Share[] {
  const step = from / to;
  return Array.from({ length: to }, (_, at) => {
    const [start, end] = [at * step, Math.min((at + 1) * step, from)];
    const first = Math.floor(start);
    const last = Math.min(from - 1, Math.ceil(end - 1e-9) - 1);
    const weights = [];
    for (let i = first; i <= last; i++) weights.push((Math.min(end, i + 1) - Math.max(start, i)) / (end - start));
    return { first, weights };
  });
}

/** Between which old pixels a new one lies when enlarging. */
function between(from: number, to: number): Share[] {
  return Array.from({ length: to }, (_, at) => {
    const place = clamp(((at + 0.5) * from) / to - 0.5, 0, from - 1);
    const first = Math.floor(place);
    return { first, weights: first + 1 < from ? [1 - place + first, place - first] : [1] };
  });
}

const sharesOf = (from: number, to: number): Share[] => (to < from ? covered(from, to) : between(from, to));

function scaledNumbers(data: ArrayLike<number>, width: number, height: number, channels: number, w: number, h: number): Float32Array {
  const [columns, rows] = [sharesOf(width, w), sharesOf(height, h)];
  const narrow = new Float32Array(w * height * channels);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, weights }, x) => {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * data[(y * width + first + k) * channels + c]!;
        narrow[(y * w + x) * channels + c] = sum;
      }
    });
  }
  const result = new Float32Array(w * h * channels);
  const line = w * channels;
  rows.forEach(({ first, weights }, y) => {
    for (let k = 0; k < weights.length; k++) {
      const [weight, from] = [weights[k]!, (first + k) * line];
      for (let i = 0; i < line; i++) result[y * line + i]! += weight * narrow[from + i]!;
    }
  });
  return result;
}

export function scaledPicture(picture: Picture, width: number, height: number): Picture {
  const data = scaledNumbers(picture.data, picture.width, picture.height, 3, width, height);
  return { width, height, data: Uint8Array.from(data, (value) => clamp(rounded(value), 0, 255)) };
}

export function scaledPlane(plane: Plane, width: number, height: number): Plane {
  return { width, height, data: scaledNumbers(plane.data, plane.width, plane.height, 1, width, height) };
}

/** The picture as a network takes it: 1 x 3 x H x W, 0..1, sides continued to multiples of 32. */
export function tensorOf(picture: Picture, padding: "reflect" | "edge"): { data: Float32Array; height: number; width: number } {
  const width = Math.ceil(picture.width / 32) * 32;
  const height = Math.ceil(picture.height / 32) * 32;
  const data = new Float32Array(3 * width * height);
  const places = (length: number, to: number): number[] =>
    Array.from({ length: to }, (_, at) => {
      if (at < length) return at;
      if (padding === "edge" || length === 1) return length - 1;
      const period = 2 * (length - 1);
      return at % period < length ? at % period : period - (at % period);
    });
  const columns = places(picture.width, width);
  places(picture.height, height).forEach((row, y) => {
    columns.forEach((column, x) => {
      for (let c = 0; c < 3; c++) data[(c * height + y) * width + x] = picture.data[3 * (row * picture.width + column) + c]! / 255;
    });
  });
  return { data, width, height };
}
