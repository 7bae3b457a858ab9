/** From the alpha of a small picture to that of the photograph: a guided filter, as cleanplate/matting/refine.py. */

import { between, scaledGrid, scaledPicture, scaledPlane } from "../scale";
import { clamp, mirrored, type Grid, type Mask, type Picture, type Plane } from "../stages/arrays";
import { extremes, settled, soft } from "./band";

const RADIUS = 8;
const FINER_RADIUS = 4;
const EPSILON = 3e-5;
const CONTRAST = 1.3;
const BAND = 4;
const TRUST = 2;
const DOUBT = 0.1;

export function refine(image: Picture, alpha: Plane): Plane {
  const { width, height } = image;
  if (width * height <= alpha.width * alpha.height) return settled(scaledPlane(alpha, width, height));
  const [w, h] = [Math.min(width, 2 * alpha.width), Math.min(height, 2 * alpha.height)];
  const guide = guideOf(scaledPicture(image, w, h));
  const first = scaledGrid(model(scaledGrid(guide, alpha.width, alpha.height), alpha, RADIUS), w, h);
  const band = soft(alpha, BAND);
  const near = scaledPlane({ ...band, data: Float32Array.from(band.data) }, w, h);
  const middle = settled(scaledPlane(alpha, w, h));
  for (let i = 0; i < w * h; i++) {
    if (near.data[i]! > 0.5) middle.data[i] = applied(first.data, 4 * i, guide.data, 3 * i);
  }
  return w === width && h === height ? middle : full(image, alpha, model(guide, middle, FINER_RADIUS), band);
}

const guideOf = ({ width, height, data }: Picture): Grid => ({ width, height, channels: 3, data: Float32Array.from(data, (value) => value / 255) });

/** The model applied to the photograph inside the band; outside it alpha is enlarged. */
function full(image: Picture, alpha: Plane, coefficients: Grid, band: Mask): Plane {
  const { width, height } = image;
  const result = scaledPlane(settled(alpha), width, height, "linear");
  const { least, greatest } = extremes(alpha, TRUST);
  const limits: Grid = { width: alpha.width, height: alpha.height, channels: 3, data: new Float32Array(3 * alpha.data.length) };
  const weights = meanOf({ ...alpha, channels: 1, data: Float32Array.from(band.data) }, 1).data;
  for (let i = 0; i < alpha.data.length; i++) {
    limits.data[3 * i] = clamp(1 - (1 - least.data[i]!) / DOUBT, 0, 1);
    limits.data[3 * i + 1] = clamp(greatest.data[i]! / DOUBT, 0, 1);
    limits.data[3 * i + 2] = weights[i]!;
  }
  const known = joined(coefficients, scaledGrid(limits, coefficients.width, coefficients.height, "linear"));
  const [rows, columns] = [between(known.height, height), between(known.width, width)];
  const here = new Float64Array(7);
  const pixel = new Float64Array(3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!interpolated(known, rows[y]!, columns[x]!, 6, here)) continue;
      const at = y * width + x;
      for (let c = 0; c < 3; c++) pixel[c] = image.data[3 * at + c]! / 255;
      const fine = clamp(applied(here, 0, pixel, 0), here[4]!, here[5]!);
      result.data[at]! += here[6]! * (fine - result.data[at]!);
    }
  }
  return result;
}

function joined(a: Grid, b: Grid): Grid {
  const channels = a.channels + b.channels;
  const data = new Float32Array(a.width * a.height * channels);
  for (let i = 0; i < a.width * a.height; i++) {
    for (let c = 0; c < a.channels; c++) data[channels * i + c] = a.data[a.channels * i + c]!;
    for (let c = 0; c < b.channels; c++) data[channels * i + a.channels + c] = b.data[b.channels * i + c]!;
  }
  return { width: a.width, height: a.height, channels, data };
}

type Between = { readonly first: number; readonly weights: readonly number[] };

/** All channels of a place between cells; false, and nothing done, where channel `needed` is 0. */
export function interpolated(grid: Grid, row: Between, column: Between, needed: number, into: Float64Array): boolean {
  const { width, channels, data } = grid;
  const start = channels * (row.first * width + column.first);
  const down = row.weights.length > 1 ? channels * width : 0;
  const across = column.weights.length > 1 ? channels : 0;
  const [bottom, right] = [row.weights[1] ?? 0, column.weights[1] ?? 0];
  const [a, b, c, d] = [(1 - bottom) * (1 - right), (1 - bottom) * right, bottom * (1 - right), bottom * right];
  const value = (k: number): number =>
    a * data[start + k]! + b * data[start + across + k]! + c * data[start + down + k]! + d * data[start + down + across + k]!;
  if (needed >= 0 && value(needed) <= 0) return false;
  for (let k = 0; k < channels; k++) into[k] = value(k);
  return true;
}

/** Coefficients of the colour guided filter: four a pixel, alpha = r R + g G + b B + constant. */
function model(guide: Grid, alpha: Plane, radius: number): Grid {
  const { width, height } = alpha;
  const count = width * height;
  const mean = meanOf({ width, height, channels: 13, data: products(guide.data, alpha.data) }, radius).data;
  const data = new Float32Array(4 * count);
  for (let i = 0, at = 0; i < count; i++, at += 13) solve(mean, at, data, 4 * i);
  return meanOf({ width, height, channels: 4, data }, radius);
}

/** Of each pixel: R, G, B, alpha, alpha times each colour, and the six products of two colours. */
function products(colours: Float32Array, alpha: Float32Array): Float32Array {
  const data = new Float32Array(13 * alpha.length);
  for (let i = 0; i < alpha.length; i++) {
    const [r, g, b, a, at] = [colours[3 * i]!, colours[3 * i + 1]!, colours[3 * i + 2]!, alpha[i]!, 13 * i];
    data[at] = r;
    data[at + 1] = g;
    data[at + 2] = b;
    data[at + 3] = a;
    data[at + 4] = r * a;
    data[at + 5] = g * a;
    data[at + 6] = b * a;
    data[at + 7] = r * r;
    data[at + 8] = r * g;
    data[at + 9] = r * b;
    data[at + 10] = g * g;
    data[at + 11] = g * b;
    data[at + 12] = b * b;
  }
  return data;
}

/** From the means of the products in a window to the four coefficients: three equations, by Cramer's rule. */
function solve(mean: Float32Array, at: number, into: Float32Array, to: number): void {
  const [r, g, b, a] = [mean[at]!, mean[at + 1]!, mean[at + 2]!, mean[at + 3]!];
  const [red, green, blue] = [mean[at + 4]! - r * a, mean[at + 5]! - g * a, mean[at + 6]! - b * a];
  const [rr, rg, rb] = [mean[at + 7]! - r * r + EPSILON, mean[at + 8]! - r * g, mean[at + 9]! - r * b];
  const [gg, gb, bb] = [mean[at + 10]! - g * g + EPSILON, mean[at + 11]! - g * b, mean[at + 12]! - b * b + EPSILON];
  const [ra, ga, ba] = [gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg];
  const [gc, bc, bd] = [rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg];
  const determinant = rr * ra + rg * ga + rb * ba;
  // Rounding can take the determinant of a flat window to zero; such a window has no slope.
  const share = determinant > EPSILON ** 3 / 2 ? 1 / determinant : 0;
  const [x, y, z] = [(ra * red + ga * green + ba * blue) * share, (ga * red + gc * green + bc * blue) * share, (ba * red + bc * green + bd * blue) * share];
  into[to] = x;
  into[to + 1] = y;
  into[to + 2] = z;
  into[to + 3] = a - x * r - y * g - z * b;
}

/** Means of a square of 2 * radius + 1 pixels; at its edge the picture is mirrored, without its last pixel twice. */
export function meanOf(grid: Grid, radius: number): Grid {
  const { width, height, channels } = grid;
  const line = width * channels;
  const across = new Float64Array(grid.data.length);
  const columns = mirroredPlaces(width, radius);
  const share = 1 / (2 * radius + 1);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const start = y * line + c;
      let sum = 0;
      for (let k = 0; k <= 2 * radius; k++) sum += grid.data[start + columns[k]! * channels]!;
      for (let x = 0; x < width; x++) {
        across[start + x * channels] = sum * share;
        sum += grid.data[start + columns[x + 2 * radius + 1]! * channels]! - grid.data[start + columns[x]! * channels]!;
      }
    }
  }
  // Down the rows a whole line at a time, which is how they lie in memory.
  const rows = mirroredPlaces(height, radius);
  const sums = new Float64Array(line);
  const result = new Float32Array(grid.data.length);
  for (let k = 0; k <= 2 * radius; k++) for (let i = 0; i < line; i++) sums[i]! += across[rows[k]! * line + i]!;
  for (let y = 0; y < height; y++) {
    const [next, last] = [rows[y + 2 * radius + 1]! * line, rows[y]! * line];
    for (let i = 0; i < line; i++) {
      result[y * line + i] = sums[i]! * share;
      sums[i]! += across[next + i]! - across[last + i]!;
    }
  }
  return { width, height, channels, data: result };
}

/** The places from `radius` before the first to one more than that behind the last. */
export const mirroredPlaces = (length: number, radius: number): Int32Array =>
  Int32Array.from({ length: length + 2 * radius + 1 }, (_, at) => mirrored(at - radius, length));

/** Alpha of a pixel by a model, with contrast. */
function applied(coefficients: ArrayLike<number>, at: number, pixels: ArrayLike<number>, place: number): number {
  const alpha =
    coefficients[at]! * pixels[place]! + coefficients[at + 1]! * pixels[place + 1]! + coefficients[at + 2]! * pixels[place + 2]! + coefficients[at + 3]!;
  return clamp((alpha - 0.5) * CONTRAST + 0.5, 0, 1);
}
