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
  // Means of R, G, B, alpha, alpha times each colour, and the six products of two colours.
  const products = new Float32Array(13 * count);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [guide.data[3 * i]!, guide.data[3 * i + 1]!, guide.data[3 * i + 2]!];
    const a = alpha.data[i]!;
    products.set([r, g, b, a, r * a, g * a, b * a, r * r, r * g, r * b, g * g, g * b, b * b], 13 * i);
  }
  const mean = meanOf({ width, height, channels: 13, data: products }, radius).data;
  const coefficients = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [r, g, b, a, ra, ga, ba, rr, rg, rb, gg, gb, bb] = mean.subarray(13 * i, 13 * i + 13) as unknown as Thirteen;
    const slope = solved(
      [rr - r * r + EPSILON, rg - r * g, rb - r * b, gg - g * g + EPSILON, gb - g * b, bb - b * b + EPSILON],
      [ra - r * a, ga - g * a, ba - b * a],
    );
    coefficients.set([...slope, a - slope[0] * r - slope[1] * g - slope[2] * b], 4 * i);
  }
  return meanOf({ width, height, channels: 4, data: coefficients }, radius);
}

type Thirteen = [number, number, number, number, number, number, number, number, number, number, number, number, number];

/** A symmetric matrix of three rows inverted, times a vector, by Cramer's rule. */
function solved(
  [rr, rg, rb, gg, gb, bb]: readonly [number, number, number, number, number, number], [red, green, blue]: readonly [number, number, number],
): [number, number, number] {
  const [ra, ga, ba] = [gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg];
  const [gc, bc, bd] = [rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg];
  const determinant = rr * ra + rg * ga + rb * ba;
  const safe = determinant > EPSILON ** 3 / 2 ? determinant : Infinity;
  return [(ra * red + ga * green + ba * blue) / safe, (ga * red + gc * green + bc * blue) / safe, (ba * red + bc * green + bd * blue) / safe];
}

/** Means of a square of 2 * radius + 1 pixels; at its edge the picture is mirrored, without its last pixel twice. */
export function meanOf(grid: Grid, radius: number): Grid {
  const { width, height, channels } = grid;
  const across = new Float64Array(grid.data.length);
  for (let y = 0; y < height; y++) running(grid.data, across, y * width * channels, channels, width, channels, radius);
  const result = new Float64Array(grid.data.length);
  for (let x = 0; x < width; x++) running(across, result, x * channels, width * channels, height, channels, radius);
  return { width, height, channels, data: Float32Array.from(result) };
}

function running(
  from: Float32Array | Float64Array, to: Float64Array, start: number, step: number, length: number, channels: number, radius: number,
): void {
  const share = 1 / (2 * radius + 1);
  for (let c = 0; c < channels; c++) {
    const at = (place: number): number => from[start + mirrored(place, length) * step + c]!;
    let sum = 0;
    for (let place = -radius; place <= radius; place++) sum += at(place);
    for (let place = 0; place < length; place++) {
      to[start + place * step + c] = sum * share;
      sum += at(place + radius + 1) - at(place - radius);
    }
  }
}

/** Alpha of a pixel by a model, with contrast. */
function applied(coefficients: ArrayLike<number>, at: number, pixels: ArrayLike<number>, place: number): number {
  const alpha =
    coefficients[at]! * pixels[place]! + coefficients[at + 1]! * pixels[place + 1]! + coefficients[at + 2]! * pixels[place + 2]! + coefficients[at + 3]!;
  return clamp((alpha - 0.5) * CONTRAST + 0.5, 0, 1);
}
