/** Windows around the parts of a hole; as cleanplate/mask/windows.py. */

import type { Box } from "../../model/geometry";
import { bounds, cropped, dilated, rounded, type Mask } from "./arrays";
import { distance } from "./seam";

const CELL = 8;
const LEAST_CONTEXT = 48;
const CONTEXT = 0.5;
const KNOWN_SHARE = 0.45;
const MERGE_COST = 1.15;
const PIECE = 6;
const LEAST_PIECE = 32;
const LONGEST_PIECE = 1000;
const SPECK = 8;
const SPECKS_TOGETHER = 32;
/** More parts than this are not merged: it would take too long. */
const FEW = 150;

export interface Window {
  readonly box: Box;
  readonly hole: Mask;
  /** Parts of the hole that other windows fill. */
  readonly others: Mask;
}

interface Part {
  labels: Set<number>;
  box: Box;
  readonly ofLong: number;
}

/** Chains of windows: each window of a chain takes what those before it filled for known. */
export function planWindows(hole: Mask): Window[][] {
  if (!bounds(hole)) return [];
  const coarse = coarseOf(hole);
  const { labels, parts } = partsOf(coarse);
  const { width, height } = hole;
  for (const part of parts) part.box = clipped(part.box, width, height);
  const chains = new Map<number, Window[]>();
  merged(parts, width, height).forEach((part, number) => {
    const box = withEnoughKnown(part.box, hole);
    const all = cropped(hole, box);
    const own = all.data.map((is, place) => {
      const x = box[0] + (place % all.width);
      const y = box[1] + Math.floor(place / all.width);
      return is && part.labels.has(labels[Math.floor(y / CELL) * coarse.width + Math.floor(x / CELL)]!) ? 1 : 0;
    });
    const window = { box, hole: { ...all, data: own }, others: { ...all, data: all.data.map((is, place) => is & ~own[place]!) } };
    const key = part.ofLong || -1 - number;
    chains.set(key, [...(chains.get(key) ?? []), window]);
  });
  const cost = (chain: readonly Window[]): number => chain.reduce((sum, each) => sum + area(each.box), 0);
  return [...chains.values()].sort((a, b) => cost(b) - cost(a) || before(a[0]!.box, b[0]!.box));
}

/** Boxes in the order of their sides. */
function before(a: Box, b: Box): number {
  const side = a.findIndex((each, place) => each !== b[place]);
  return side < 0 ? 0 : a[side]! - b[side]!;
}

function coarseOf(hole: Mask): Mask {
  const width = Math.ceil(hole.width / CELL);
  const height = Math.ceil(hole.height / CELL);
  const data = new Uint8Array(width * height);
  hole.data.forEach((is, place) => {
    if (is) data[Math.floor(Math.floor(place / hole.width) / CELL) * width + Math.floor((place % hole.width) / CELL)] = 1;
  });
  return { width, height, data };
}

/** Labels from 1 of what hangs together, corners included. */
export function components(mask: Mask): { count: number; labels: Int32Array } {
  const { width, height, data } = mask;
  const labels = new Int32Array(data.length);
  let count = 0;
  for (let start = 0; start < data.length; start++) {
    if (!data[start] || labels[start]) continue;
    labels[start] = ++count;
    const waiting = [start];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      const [row, column] = [Math.floor(place / width), place % width];
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
          const next = y * width + x;
          if (data[next] && !labels[next]) {
            labels[next] = count;
            waiting.push(next);
          }
        }
      }
    }
  }
  return { count, labels };
}

/** Labels of the coarse hole, and its parts; long ones in pieces, specks of one neighbourhood as one part. */
function partsOf(whole: Mask): { labels: Int32Array; parts: Part[] } {
  const frame = bounds(whole)!;
  const coarse = cropped(whole, frame);
  const near = components(dilated(coarse, 1));
  const labels = near.labels.map((label, place) => (coarse.data[place] ? label : 0));
  const parts: Part[] = [];
  const specks = new Map<string, Part>();
  let following = near.count + 1;
  for (let label = 1; label <= near.count; label++) {
    // The area of the widened part, as the Python program takes it.
    const around = bounds({ ...coarse, data: Uint8Array.from(near.labels, (each) => (each === label ? 1 : 0)) })!;
    const mine = cropped({ ...coarse, data: Uint8Array.from(labels, (each) => (each === label ? 1 : 0)) }, around);
    const piece = pieceLength(mine);
    const longest = Math.max(around[2] - around[0], around[3] - around[1]);
    if (longest > 2 * piece) {
      following = cut(labels, coarse, around, label, piece, following, parts, frame);
      continue;
    }
    const part: Part = { labels: new Set([label]), box: inPicture(around, frame), ofLong: 0 };
    const place = `${Math.floor(around[1] / SPECKS_TOGETHER)},${Math.floor(around[0] / SPECKS_TOGETHER)}`;
    const before = longest > SPECK || near.count < FEW ? undefined : specks.get(place);
    if (before) {
      before.labels.add(label);
      before.box = union(before.box, part.box);
      continue;
    }
    parts.push(part);
    if (longest <= SPECK) specks.set(place, part);
  }
  const all = new Int32Array(whole.width * whole.height);
  for (let y = 0; y < coarse.height; y++) {
    all.set(labels.subarray(y * coarse.width, (y + 1) * coarse.width), (frame[1] + y) * whole.width + frame[0]);
  }
  return { labels: all, parts };
}

/** Cuts a long part on a grid into pieces with labels from `following` on; the next free label. */
function cut(
  labels: Int32Array, coarse: Mask, around: Box, label: number, piece: number, following: number, parts: Part[], frame: Box,
): number {
  let next = following;
  for (let top = around[1]; top < around[3]; top += piece) {
    for (let left = around[0]; left < around[2]; left += piece) {
      const box: Box = [left, top, Math.min(left + piece, around[2]), Math.min(top + piece, around[3])];
      const inner = bounds(cropped({ ...coarse, data: Uint8Array.from(labels, (each) => (each === label ? 1 : 0)) }, box));
      if (!inner) continue;
      for (let y = box[1]; y < box[3]; y++) {
        for (let x = box[0]; x < box[2]; x++) if (labels[y * coarse.width + x] === label) labels[y * coarse.width + x] = next;
      }
      const placed: Box = [inner[0] + left, inner[1] + top, inner[2] + left, inner[3] + top];
      parts.push({ labels: new Set([next++]), box: inPicture(placed, frame), ofLong: label });
    }
  }
  return next;
}

/** Longest piece, in cells, that a part of this thickness is worked on in. */
function pieceLength(part: Mask): number {
  const [width, height] = [part.width + 2, part.height + 2];
  const data = new Uint8Array(width * height);
  part.data.forEach((is, place) => (data[(Math.floor(place / part.width) + 1) * width + (place % part.width) + 1] = is));
  const thickness = 2 * distance({ width, height, data }).data.reduce((most, value) => Math.max(most, value), 0);
  return Math.min(LONGEST_PIECE, Math.max(LEAST_PIECE, rounded(PIECE * thickness)));
}

function merged(parts: Part[], width: number, height: number): Part[] {
  let joined = parts.length <= FEW;
  while (joined) {
    joined = false;
    for (let i = 0; i < parts.length; i++) {
      for (let j = parts.length - 1; j > i; j--) {
        const [a, b] = [parts[i]!, parts[j]!];
        if (a.ofLong || b.ofLong) continue;
        const both = union(a.box, b.box);
        const apart = area(windowOf(a.box, width, height)) + area(windowOf(b.box, width, height));
        if (area(windowOf(both, width, height)) <= MERGE_COST * apart) {
          b.labels.forEach((label) => a.labels.add(label));
          a.box = both;
          parts.splice(j, 1);
          joined = true;
        }
      }
    }
  }
  return parts;
}

const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1]);
const union = (a: Box, b: Box): Box => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
/** From cells of what `frame` holds to pixels. */
const inPicture = (box: Box, frame: Box): Box => [
  (box[0] + frame[0]) * CELL, (box[1] + frame[1]) * CELL, (box[2] + frame[0]) * CELL, (box[3] + frame[1]) * CELL,
];
const clipped = (box: Box, width: number, height: number): Box => [
  Math.max(0, box[0]), Math.max(0, box[1]), Math.min(width, box[2]), Math.min(height, box[3]),
];

export const grownBox = (box: Box, by: number, width: number, height: number): Box =>
  clipped([box[0] - by, box[1] - by, box[2] + by, box[3] + by], width, height);

function windowOf(part: Box, width: number, height: number, more = 1): Box {
  const context = Math.max(LEAST_CONTEXT, rounded(CONTEXT * Math.max(part[2] - part[0], part[3] - part[1])));
  return grownBox(part, rounded(context * more), width, height);
}

function withEnoughKnown(part: Box, hole: Mask): Box {
  const { width, height } = hole;
  for (let more = 1; ; more *= 1.5) {
    const box = windowOf(part, width, height, more);
    const known = 1 - cropped(hole, box).data.reduce((sum, is) => sum + is, 0) / area(box);
    const larger = windowOf(part, width, height, more * 1.5);
    if (known >= KNOWN_SHARE || larger.every((side, place) => side === box[place])) return box;
  }
}
