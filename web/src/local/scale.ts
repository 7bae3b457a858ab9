/** Scaling of pictures and alphas in numbers, as OpenCV does it, so that every browser sees what Python sees. */

import { clamp, rounded, type Grid, type Picture, type Plane } from "./stages/arrays";

/** Means of areas, linear, cubic (a = -0.75), nearest. */
export type Way = "area" | "linear" | "cubic" | "nearest";

/** Old pixels that make a new one, from the first on, and how much each counts. */
export interface Share {
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
export function between(from: number, to: number): Share[] {
  return Array.from({ length: to }, (_, at) => {
    const place = clamp(((at + 0.5) * from) / to - 0.5, 0, from - 1);
    const first = Math.floor(place);
    return { first, weights: first + 1 < from ? [1 - place + first, place - first] : [1] };
  });
}

function cubic(from: number, to: number): Share[] {
  const a = -0.75;
  return Array.from({ length: to }, (_, at) => {
    const place = ((at + 0.5) * from) / to - 0.5;
    const low = Math.floor(place);
    const x = place - low;
    const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
    const before = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
    const four = [before, near(x), near(1 - x)];
    four.push(1 - four[0]! - four[1]! - four[2]!);
    // Beyond the edge its last pixel goes on.
    const first = clamp(low - 1, 0, from - 1);
    const weights = new Array<number>(clamp(low + 2, 0, from - 1) - first + 1).fill(0);
    four.forEach((weight, i) => (weights[clamp(low - 1 + i, 0, from - 1) - first]! += weight));
    return { first, weights };
  });
}

const nearest = (from: number, to: number): Share[] =>
  Array.from({ length: to }, (_, at) => ({ first: Math.min(from - 1, Math.floor((at * from) / to)), weights: [1] }));

const WAYS = { area: covered, linear: between, cubic, nearest } as const;

function scaledNumbers(
  data: ArrayLike<number>, width: number, height: number, channels: number, w: number, h: number, way: Way,
): Float32Array {
  if (w === width && h === height) return Float32Array.from(data);
  const [columns, rows] = [WAYS[way](width, w), WAYS[way](height, h)];
  const narrow = new Float32Array(w * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      const { first, weights } = columns[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * data[(y * width + first + k) * channels + c]!;
        narrow[(y * w + x) * channels + c] = sum;
      }
    }
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

/** Means of areas when shrinking, cubic when enlarging, as Python's stages choose. */
export const usual = (from: { width: number; height: number }, width: number, height: number): Way =>
  width <= from.width && height <= from.height ? "area" : "cubic";

export function scaledPicture(picture: Picture, width: number, height: number, way: Way = usual(picture, width, height)): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const data = scaledNumbers(picture.data, picture.width, picture.height, 3, width, height, way);
  return { width, height, data: Uint8Array.from(data, (value) => clamp(rounded(value), 0, 255)) };
}

export function scaledPlane(plane: Plane, width: number, height: number, way: Way = usual(plane, width, height)): Plane {
  return { width, height, data: scaledNumbers(plane.data, plane.width, plane.height, 1, width, height, way) };
}

export function scaledGrid(grid: Grid, width: number, height: number, way: Way = usual(grid, width, height)): Grid {
  const { channels } = grid;
  return { width, height, channels, data: scaledNumbers(grid.data, grid.width, grid.height, channels, width, height, way) };
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
