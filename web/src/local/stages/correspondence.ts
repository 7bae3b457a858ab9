/** Which known place each piece of a completed hole resembles; as cleanplate/inpaint/correspondence.py. */

import { clamp, dilated, type Mask, type Picture } from "./arrays";

export const STRIDE = 2;
const RADIUS = 3;
const SOURCE_STRIDE = 2;
const COHERENCE = 1.2;
const SWEEPS = 3;
const MOST_SOURCES = 40_000;
const STEPS = [[-1, 0], [1, 0], [0, -1], [0, 1]] as const;

/** Offsets (down, right) to the source of each point of the grid, two numbers a point. */
export interface Correspondence {
  readonly rows: number;
  readonly columns: number;
  readonly offsets: Int32Array;
}

const COEFFICIENTS: readonly (readonly [number, number, number])[] = [
  ...[0, 1, 2, 3].flatMap((down) => [0, 1, 2, 3].filter((right) => down + right <= 3).map((right) => [0, down, right] as const)),
  ...[1, 2].flatMap((plane) => ([[0, 0], [0, 1], [1, 0]] as const).map(([down, right]) => [plane, down, right] as const)),
];
const DEPTH = COEFFICIENTS.length;

export function search(image: Picture, hole: Mask, avoid: Mask, start: Correspondence | null = null): Correspondence | null {
  const { width, height } = hole;
  const sources = allowedSources(hole, avoid);
  if (!sources.includes(1)) return null;
  const rows = Math.ceil(height / STRIDE) + 1;
  const columns = Math.ceil(width / STRIDE) + 1;
  const wanted = gridOf(hole, rows, columns);
  const points: number[] = [];
  wanted.forEach((is, place) => is && points.push(place));
  const features = featuresOf(image);
  const centre = (point: number): number =>
    Math.min(Math.floor(point / columns) * STRIDE, height - 1) * width + Math.min((point % columns) * STRIDE, width - 1);
  const targets = Int32Array.from(points, centre);
  const found = start ? doubled(start, points, columns, targets, sources, width, height) : new Int32Array(points.length).fill(-1);
  const kept = thinned(sources, width);
  nearest(features, targets, found, kept);
  const offsets = new Int32Array(rows * columns * 2);
  points.forEach((point, i) => {
    offsets[2 * point] = Math.floor(found[i]! / width) - Math.floor(targets[i]! / width);
    offsets[2 * point + 1] = (found[i]! % width) - (targets[i]! % width);
  });
  makeCoherent({ rows, columns, offsets }, wanted, points, targets, features, sources, width, height);
  return { rows, columns, offsets };
}

function doubled(
  start: Correspondence, points: readonly number[], columns: number, targets: Int32Array, sources: Uint8Array, width: number, height: number,
): Int32Array {
  return Int32Array.from(points, (point, i) => {
    const row = Math.min(Math.floor((Math.floor(point / columns) + 1) / 2), start.rows - 1);
    const column = Math.min(Math.floor(((point % columns) + 1) / 2), start.columns - 1);
    const place = 2 * (row * start.columns + column);
    const [down, right] = [2 * start.offsets[place]!, 2 * start.offsets[place + 1]!];
    const y = Math.floor(targets[i]! / width) + down;
    const x = (targets[i]! % width) + right;
    const inside = y >= 0 && y < height && x >= 0 && x < width && (down !== 0 || right !== 0);
    return inside && sources[y * width + x] ? y * width + x : -1;
  });
}

function allowedSources(hole: Mask, avoid: Mask): Uint8Array {
  const { width, height } = hole;
  const unknown = { width, height, data: hole.data.map((is, place) => is | avoid.data[place]!) };
  const edge = Math.max(RADIUS, STRIDE);
  const near = dilated(unknown, edge).data;
  return near.map((is, place) => {
    const x = place % width;
    const y = Math.floor(place / width);
    return !is && x >= edge && y >= edge && x < width - edge && y < height - edge ? 1 : 0;
  });
}

/** Which patches of the grid touch the hole. */
function gridOf(hole: Mask, rows: number, columns: number): Uint8Array {
  const wanted = new Uint8Array(rows * columns);
  for (let y = 0; y < hole.height; y++) {
    for (let x = 0; x < hole.width; x++) {
      if (!hole.data[y * hole.width + x]) continue;
      const at = Math.floor(y / STRIDE) * columns + Math.floor(x / STRIDE);
      wanted[at] = wanted[at + 1] = 1;
      wanted[at + columns] = wanted[at + columns + 1] = 1;
    }
  }
  return wanted;
}

/** First cosine coefficients of the patch around each cell, more of brightness than of colour. */
function featuresOf(image: Picture): Float32Array {
  const { width, height, data } = image;
  const count = width * height;
  const planes = [0, 1, 2].map(() => new Float32Array(count));
  for (let place = 0; place < count; place++) {
    const [r, g, b] = [data[3 * place]!, data[3 * place + 1]!, data[3 * place + 2]!];
    planes[0]![place] = (r + g + b) / Math.sqrt(3);
    planes[1]![place] = (r - b) / Math.SQRT2;
    planes[2]![place] = (r - 2 * g + b) / Math.sqrt(6);
  }
  const waves = [0, 1, 2, 3].map(cosine);
  const features = new Float32Array(count * DEPTH);
  const across = new Map<string, Float32Array>();
  COEFFICIENTS.forEach(([plane, down, right], at) => {
    const key = `${plane} ${right}`;
    let rowwise = across.get(key);
    if (!rowwise) across.set(key, (rowwise = filtered(planes[plane]!, waves[right]!, width, height, true)));
    const both = filtered(rowwise, waves[down]!, width, height, false);
    for (let place = 0; place < count; place++) features[place * DEPTH + at] = both[place]!;
  });
  return features;
}

function cosine(order: number): number[] {
  const side = 2 * RADIUS + 1;
  const wave = Array.from({ length: side }, (_, at) => Math.cos((Math.PI * order * (at + 0.5)) / side));
  const norm = Math.hypot(...wave);
  return wave.map((value) => value / norm);
}

/** Beyond the edge the picture is mirrored without repeating the edge itself. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const place = ((at % period) + period) % period;
  return place < length ? place : period - place;
}

function filtered(from: Float32Array, wave: readonly number[], width: number, height: number, across: boolean): Float32Array {
  const to = new Float32Array(from.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -RADIUS; k <= RADIUS; k++) {
        const place = across ? y * width + mirrored(x + k, width) : mirrored(y + k, height) * width + x;
        sum += wave[k + RADIUS]! * from[place]!;
      }
      to[y * width + x] = sum;
    }
  }
  return to;
}

function thinned(sources: Uint8Array, width: number): number[] {
  const all: number[] = [];
  sources.forEach((is, place) => is && all.push(place));
  for (let step = SOURCE_STRIDE; ; step++) {
    const kept = all.filter((place) => Math.floor(place / width) % step === 0 && (place % width) % step === 0);
    if (kept.length > MOST_SOURCES) continue;
    if (kept.length) return kept;
    const every = Math.max(1, Math.floor(all.length / MOST_SOURCES));
    return all.filter((_, place) => place % every === 0);
  }
}

/** Fills in the most similar source of each target that has none (-1). */
function nearest(features: Float32Array, targets: Int32Array, found: Int32Array, sources: readonly number[]): void {
  const known = new Float32Array(sources.length * DEPTH);
  const halves = new Float32Array(sources.length);
  sources.forEach((source, i) => {
    known.set(features.subarray(source * DEPTH, (source + 1) * DEPTH), i * DEPTH);
    let sum = 0;
    for (let k = 0; k < DEPTH; k++) sum += known[i * DEPTH + k]! ** 2;
    halves[i] = 0.5 * sum;
  });
  for (let target = 0; target < targets.length; target++) {
    if (found[target]! >= 0) continue;
    const own = features.subarray(targets[target]! * DEPTH, (targets[target]! + 1) * DEPTH);
    let best = -Infinity;
    for (let i = 0; i < sources.length; i++) {
      let similarity = -halves[i]!;
      for (let k = 0; k < DEPTH; k++) similarity += own[k]! * known[i * DEPTH + k]!;
      if (similarity > best) {
        best = similarity;
        found[target] = sources[i]!;
      }
    }
  }
}

/** Sweeps in checkerboard order that prefer the offset of a neighbour where it fits about as well. */
function makeCoherent(
  grid: Correspondence, wanted: Uint8Array, points: readonly number[], targets: Int32Array, features: Float32Array,
  sources: Uint8Array, width: number, height: number,
): void {
  const { rows, columns, offsets } = grid;
  const distanceOf = (target: number, down: number, right: number): number => {
    const y = Math.floor(target / width) + down;
    const x = (target % width) + right;
    if (y < 0 || y >= height || x < 0 || x >= width || !sources[y * width + x]) return Infinity;
    let sum = 0;
    const [a, b] = [(y * width + x) * DEPTH, target * DEPTH];
    for (let k = 0; k < DEPTH; k++) sum += (features[a + k]! - features[b + k]!) ** 2;
    return sum;
  };
  const distance = Float64Array.from(points, (point, i) => distanceOf(targets[i]!, offsets[2 * point]!, offsets[2 * point + 1]!));
  const charge = COHERENCE * median(distance) + 1;
  const neighbours = points.map((point) =>
    STEPS.map(([down, right]) => {
      const row = Math.floor(point / columns) + down;
      const column = (point % columns) + right;
      return row < 0 || row >= rows || column < 0 || column >= columns ? -1 : row * columns + column;
    }),
  );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const colour of [0, 1]) {
      points.forEach((point, i) => {
        if ((Math.floor(point / columns) + (point % columns)) % 2 !== colour) return;
        const around = neighbours[i]!.map((at) => (at < 0 ? [0, 0] : [offsets[2 * at]!, offsets[2 * at + 1]!]));
        const disagreement = (down: number, right: number): number =>
          around.reduce((sum, [y, x], k) => {
            const at = neighbours[i]![k]!;
            return sum + (at >= 0 && wanted[at] && (y !== down || x !== right) ? 1 : 0);
          }, 0);
        let [down, right] = [offsets[2 * point]!, offsets[2 * point + 1]!];
        let bestDistance = distance[i]!;
        let best = bestDistance + charge * disagreement(down, right);
        // A step is tried beside what was best when it is its turn to be listed: beside the offset at the start.
        const candidates = sweep ? around : [...around, ...STEPS.map(([y, x]) => [down + y, right + x])];
        for (const [y, x] of candidates as number[][]) {
          const d = distanceOf(targets[i]!, y!, x!);
          const energy = d + charge * disagreement(y!, x!);
          if (energy < best) [down, right, best, bestDistance] = [y!, x!, energy, d];
        }
        offsets[2 * point] = down;
        offsets[2 * point + 1] = right;
        distance[i] = bestDistance;
      });
    }
  }
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The offset of the patch that each cell of the hole takes its source from. */
export function offsetAt(grid: Correspondence, y: number, x: number): number {
  const row = clamp(Math.floor((y + STRIDE / 2) / STRIDE), 0, grid.rows - 1);
  const column = clamp(Math.floor((x + STRIDE / 2) / STRIDE), 0, grid.columns - 1);
  return 2 * (row * grid.columns + column);
}
