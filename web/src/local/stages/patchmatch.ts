/** Patch search: completes a small picture from coarse to fine.
 *
 * C. Barnes et al., PatchMatch, SIGGRAPH 2009, for the search; Y. Wexler, E. Shechtman, M. Irani, Space-Time Completion of
 * Video, PAMI 2007, for the voting. The Python program uses the library PyPatchMatch for the same; its random numbers are
 * others, so the two fill a hole alike and not equally.
 */

import { clamp, dilated, type Mask, type Picture } from "./arrays";

export const WORKING_SIZE = 192;
const RADIUS = 3;
const SEARCHES = 3;
const LEAST_SIDE = 24;

interface Level {
  readonly width: number;
  readonly height: number;
  readonly colours: Float32Array;
  readonly hole: Uint8Array;
  readonly avoid: Uint8Array;
}

/** Numbers of 0..1 from a seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Fills `hole`; known pixels come back as they were, and `avoid` is never a source. */
export function complete(image: Picture, hole: Mask, avoid: Mask, seed: number): Picture {
  const finest: Level = {
    width: image.width, height: image.height, colours: Float32Array.from(image.data), hole: hole.data,
    avoid: avoid.data.map((is, place) => is & ~hole.data[place]!),
  };
  const levels = [finest];
  for (;;) {
    const last = levels[levels.length - 1]!;
    if (Math.min(last.width, last.height) < 2 * LEAST_SIDE) break;
    const next = halved(last);
    if (!sourcesOf(next).length) break;
    levels.push(next);
  }
  const random = generator(seed);
  let matches: Int32Array | null = null;
  for (let at = levels.length - 1; at >= 0; at--) {
    const level = levels[at]!;
    const sources = sourcesOf(level);
    if (!matches) diffuse(level);
    if (!sources.length) break;
    const coarser: Level | null = matches ? levels[at + 1]! : null;
    matches = improved(level, sources, coarser, matches, random, at);
  }
  const data = image.data.map((value, i) => (hole.data[Math.floor(i / 3)] ? clamp(Math.round(finest.colours[i]!), 0, 255) : value));
  return { ...image, data };
}

/** Half the size: means of what is known; what is not known anywhere in a cell is hole. */
function halved(from: Level): Level {
  const width = Math.ceil(from.width / 2);
  const height = Math.ceil(from.height / 2);
  const colours = new Float32Array(width * height * 3);
  const hole = new Uint8Array(width * height);
  const avoid = new Uint8Array(width * height);
  for (let i = 0; i < width * height; i++) {
    let known = 0;
    for (let k = 0; k < 4; k++) {
      const y = 2 * Math.floor(i / width) + (k >> 1);
      const x = 2 * (i % width) + (k & 1);
      if (y >= from.height || x >= from.width) continue;
      const j = y * from.width + x;
      if (from.hole[j]) {
        hole[i] = 1;
        continue;
      }
      if (from.avoid[j]) avoid[i] = 1;
      known++;
      for (let c = 0; c < 3; c++) colours[3 * i + c]! += from.colours[3 * j + c]!;
    }
    for (let c = 0; c < 3; c++) colours[3 * i + c]! /= Math.max(known, 1);
  }
  return { width, height, colours, hole, avoid: avoid.map((is, i) => is & ~hole[i]!) };
}

/** Centres of patches that are known entirely. */
function sourcesOf(level: Level): Int32Array {
  const { width, height } = level;
  const near = dilated({ width, height, data: level.hole.map((is, i) => is | level.avoid[i]!) }, RADIUS).data;
  const found: number[] = [];
  for (let y = RADIUS; y < height - RADIUS; y++) {
    for (let x = RADIUS; x < width - RADIUS; x++) if (!near[y * width + x]) found.push(y * width + x);
  }
  return Int32Array.from(found);
}

/** A smooth beginning: each unknown pixel the mean of its neighbours. */
function diffuse(level: Level): void {
  const { width, height, colours, hole } = level;
  const inside: number[] = [];
  const mean = [0, 0, 0];
  for (let i = 0; i < hole.length; i++) {
    if (hole[i]) inside.push(i);
    else for (let c = 0; c < 3; c++) mean[c]! += colours[3 * i + c]!;
  }
  for (const i of inside) for (let c = 0; c < 3; c++) colours[3 * i + c] = mean[c]! / Math.max(1, hole.length - inside.length);
  for (let round = 0; round < 200; round++) {
    for (const i of inside) {
      const [y, x] = [Math.floor(i / width), i % width];
      const around = [y > 0 ? i - width : i, y < height - 1 ? i + width : i, x > 0 ? i - 1 : i, x < width - 1 ? i + 1 : i];
      for (let c = 0; c < 3; c++) colours[3 * i + c] = around.reduce((sum, j) => sum + colours[3 * j + c]!, 0) / 4;
    }
  }
}

/** Matches of the patches that touch the hole after some rounds of search and vote; -1 elsewhere. */
function improved(
  level: Level, sources: Int32Array, coarser: Level | null, before: Int32Array | null, random: () => number, depth: number,
): Int32Array {
  const { width, height } = level;
  const mask = { width, height, data: level.hole };
  const touching = dilated(mask, RADIUS).data;
  const allowed = new Uint8Array(width * height);
  for (const source of sources) allowed[source] = 1;
  const targets: number[] = [];
  touching.forEach((is, i) => is && targets.push(i));
  const matches = new Int32Array(width * height).fill(-1);
  for (const target of targets) {
    matches[target] = sources[Math.floor(random() * sources.length)]!;
    if (!coarser || !before) continue;
    const parent = Math.floor(target / width / 2) * coarser.width + Math.floor((target % width) / 2);
    const match = before[parent]!;
    if (match < 0) continue;
    const y = 2 * Math.floor(match / coarser.width) + (Math.floor(target / width) % 2);
    const x = 2 * (match % coarser.width) + ((target % width) % 2);
    if (y < height && x < width && allowed[y * width + x]) matches[target] = y * width + x;
  }
  if (coarser) vote(level, targets, matches, null);
  const costs = new Float32Array(width * height);
  const rounds = 3 + 2 * Math.min(depth, 3);
  for (let round = 0; round < rounds; round++) {
    for (const target of targets) costs[target] = difference(level, target, matches[target]!, Infinity);
    for (let pass = 0; pass < SEARCHES; pass++) searchOnce(level, targets, matches, costs, allowed, sources, random, pass % 2 === 1);
    vote(level, targets, matches, costs);
  }
  return matches;
}

/** Squared difference of two patches over what lies in the picture, a pixel; gives up above `most`. */
function difference(level: Level, target: number, source: number, most: number): number {
  const { width, height, colours } = level;
  const [ty, tx] = [Math.floor(target / width), target % width];
  const [top, bottom] = [Math.max(-RADIUS, -ty), Math.min(RADIUS, height - 1 - ty)];
  const [left, right] = [Math.max(-RADIUS, -tx), Math.min(RADIUS, width - 1 - tx)];
  const count = (bottom - top + 1) * (right - left + 1);
  const limit = most * count;
  let sum = 0;
  for (let dy = top; dy <= bottom; dy++) {
    let a = 3 * (target + dy * width + left);
    let b = 3 * (source + dy * width + left);
    for (const end = 3 * (target + dy * width + right) + 3; a < end; a++, b++) {
      const d = colours[a]! - colours[b]!;
      sum += d * d;
    }
    if (sum > limit) return Infinity;
  }
  return sum / count;
}

function searchOnce(
  level: Level, targets: readonly number[], matches: Int32Array, costs: Float32Array, allowed: Uint8Array, sources: Int32Array,
  random: () => number, backwards: boolean,
): void {
  const { width, height } = level;
  const step = backwards ? 1 : -1;
  const attempt = (target: number, source: number): void => {
    if (source < 0 || source >= allowed.length || !allowed[source]) return;
    const cost = difference(level, target, source, costs[target]!);
    if (cost < costs[target]!) {
      costs[target] = cost;
      matches[target] = source;
    }
  };
  for (let i = 0; i < targets.length; i++) {
    const target = targets[backwards ? targets.length - 1 - i : i]!;
    for (const beside of [target + step, target + step * width]) {
      const match = matches[beside] ?? -1;
      if (match >= 0) attempt(target, match - (beside - target));
    }
    attempt(target, sources[Math.floor(random() * sources.length)]!);
    for (let reach = Math.max(width, height) / 2; reach >= 1; reach /= 2) {
      const best = matches[target]!;
      const y = Math.floor(best / width) + Math.round((2 * random() - 1) * reach);
      const x = (best % width) + Math.round((2 * random() - 1) * reach);
      if (y >= 0 && y < height && x >= 0 && x < width) attempt(target, y * width + x);
    }
  }
}

/** Each pixel of the hole becomes the mean of what its patches' sources say, likelier ones counting more. */
function vote(level: Level, targets: readonly number[], matches: Int32Array, costs: Float32Array | null): void {
  const { width, height, colours, hole } = level;
  const sums = new Float64Array(colours.length);
  const weights = new Float64Array(hole.length);
  let spread = 1;
  if (costs) {
    const sorted = Float32Array.from(targets, (target) => costs[target]!).sort();
    spread = Math.max(sorted[Math.floor(sorted.length * 0.75)] ?? 1, 1);
  }
  for (const target of targets) {
    const weight = costs ? Math.exp(-costs[target]! / (2 * spread)) + 1e-6 : 1;
    const [ty, tx] = [Math.floor(target / width), target % width];
    for (let dy = -RADIUS; dy <= RADIUS; dy++) {
      for (let dx = -RADIUS; dx <= RADIUS; dx++) {
        if (ty + dy < 0 || ty + dy >= height || tx + dx < 0 || tx + dx >= width) continue;
        const to = target + dy * width + dx;
        if (!hole[to]) continue;
        const from = matches[target]! + dy * width + dx;
        weights[to]! += weight;
        for (let c = 0; c < 3; c++) sums[3 * to + c]! += weight * colours[3 * from + c]!;
      }
    }
  }
  for (let i = 0; i < hole.length; i++) {
    if (hole[i] && weights[i]!) for (let c = 0; c < 3; c++) colours[3 * i + c] = sums[3 * i + c]! / weights[i]!;
  }
}
