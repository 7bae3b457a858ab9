/** The TypeScript stages against what the Python ones made (tests/web/golden.py). */

import { expect, test } from "vitest";
import vectors from "./golden.json";
import type { Levels, Mask, Picture } from "../../src/local/stages/arrays";
import { behindOf } from "../../src/local/matting/backdrop";
import { foregroundColours } from "../../src/local/matting/foreground";
import { withoutSpecks, workingSize } from "../../src/local/matting/portrait";
import { refine } from "../../src/local/matting/refine";
import { search } from "../../src/local/stages/correspondence";
import { fill, grown } from "../../src/local/stages/fill";
import { levelled } from "../../src/local/stages/membrane";
import { complete } from "../../src/local/stages/patchmatch";
import { aggregate } from "../../src/local/stages/residual";
import { feather } from "../../src/local/stages/seam";
import { shrink } from "../../src/local/stages/shrink";
import { planWindows } from "../../src/local/stages/windows";

interface Packed {
  shape: [number, number];
  dtype: "uint8" | "float32" | "int32";
  data: string;
}

const golden = vectors as any;
const TYPES = { uint8: Uint8Array, float32: Float32Array, int32: Int32Array } as const;

function unpacked<Kind>(packed: Packed): Kind {
  const bytes = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  return { width: packed.shape[1], height: packed.shape[0], data: new TYPES[packed.dtype](bytes.buffer) } as Kind;
}

type Numbers = { readonly length: number; readonly [place: number]: number };

function differences(a: Numbers, b: Numbers): { most: number; mean: number } {
  expect(a.length).toBe(b.length);
  let [most, sum] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    most = Math.max(most, d);
    sum += d;
  }
  return { most, mean: sum / a.length };
}

const picture = unpacked<Picture>(golden.picture);
const hole = unpacked<Mask>(golden.hole);
const none = { ...hole, data: new Uint8Array(hole.data.length) };
const small = {
  image: unpacked<Picture>(golden.small.image),
  mean: unpacked<Levels>(golden.small.mean),
  hole: unpacked<Mask>(golden.small.hole),
};
const nowhere = { ...small.hole, data: new Uint8Array(small.hole.data.length) };
const completed = unpacked<Picture>(golden.completed);
const offsets = unpacked<{ width: number; height: number; data: Int32Array }>(golden.offsets);
const grid = { rows: offsets.height, columns: offsets.width, offsets: offsets.data };

/** The golden engine: each cell of the hole takes the mean of its row's known cells. */
function rows(image: Picture, holes: Mask, avoid: Mask): Picture {
  const data = image.data.slice();
  for (let y = 0; y < image.height; y++) {
    const sums = [0, 0, 0];
    let count = 0;
    for (let x = 0; x < image.width; x++) {
      const at = y * image.width + x;
      if (holes.data[at] || avoid.data[at]) continue;
      count++;
      for (let c = 0; c < 3; c++) sums[c]! += image.data[3 * at + c]!;
    }
    for (let x = 0; x < image.width; x++) {
      const at = y * image.width + x;
      if (holes.data[at]) for (let c = 0; c < 3; c++) data[3 * at + c] = Math.floor(sums[c]! / Math.max(count, 1));
    }
  }
  return { ...image, data };
}

test("shrinking", () => {
  const made = shrink(picture, hole, none, golden.factor);
  expect(differences(made.mean.data, small.mean.data).most).toBeLessThan(1e-4);
  expect(made.hole.data).toEqual(small.hole.data);
  expect(differences(made.image.data, small.image.data).most).toBe(0);
});

test("correspondence: nearly all offsets are the same", () => {
  const made = search(completed, small.hole, nowhere)!;
  expect([made.rows, made.columns]).toEqual([grid.rows, grid.columns]);
  const equal = made.offsets.filter((value, i) => value === grid.offsets[i]).length / made.offsets.length;
  expect(equal).toBeGreaterThan(0.99);
});

test("membrane", () => {
  const made = levelled(completed, small.mean, small.hole, nowhere, grid);
  expect(differences(made.data, unpacked<Levels>(golden.levels).data).most).toBeLessThan(0.05);
});

test("residual", () => {
  const made = aggregate(picture, hole, unpacked<Levels>(golden.levels), golden.factor, grid);
  expect(made.box).toEqual(golden.filled.box);
  const wanted = unpacked<Picture>(golden.filled.pixels);
  const [left, top] = made.box;
  const inside = wanted.data.map((value, i) => {
    const place = Math.floor(i / 3);
    const at = (top + Math.floor(place / wanted.width)) * hole.width + left + (place % wanted.width);
    return hole.data[at] ? value : 0;
  });
  const found = differences(made.pixels.data, inside);
  expect(found.most).toBeLessThanOrEqual(2);
  expect(found.mean).toBeLessThan(0.1);
});

test("seam and growth", () => {
  expect(differences(feather(hole, 2).data, unpacked<Levels>(golden.feather).data).most).toBeLessThan(1e-3);
  expect(differences(grown(hole, 5).data, unpacked<Mask>(golden.grown).data).most).toBe(0);
});

test("windows", () => {
  const made = planWindows(unpacked<Mask>(golden.windows.hole)).flat();
  expect(made.map((each) => each.box)).toEqual(golden.windows.boxes);
});

test("a whole fill, and one with a finer search", () => {
  const steps: number[] = [];
  const made = fill(picture, unpacked<Mask>(golden.windows.hole), { engine: rows, size: 48, progress: (done) => steps.push(done) });
  expect(steps.length).toBe(golden.windows.boxes.length);
  expect(differences(made.data, unpacked<Picture>(golden.fill).data).mean).toBeLessThan(0.2);
  const large = scene(640, 900);
  const largeHole = { width: 900, height: 640, data: new Uint8Array(640 * 900) };
  for (let y = 200; y < 420; y++) largeHole.data.fill(1, y * 900 + 300, y * 900 + 500);
  const filled = fill(large, largeHole, { engine: rows, size: 48 });
  // Grain may come from another of several equally good places, so means of blocks of 20 pixels are compared.
  const means = new Float32Array(11 * 10 * 3);
  for (let y = 0; y < 220; y++) {
    for (let x = 0; x < 200; x++) {
      const block = 3 * (Math.floor(y / 20) * 10 + Math.floor(x / 20));
      for (let c = 0; c < 3; c++) means[block + c]! += filled.data[3 * ((y + 200) * 900 + x + 300) + c]! / 400;
    }
  }
  expect(differences(means, unpacked<Levels>(golden.divided).data).mean).toBeLessThan(1.5);
}, 60_000);

test("mattes: specks, full size, colours of the foreground, lens blur", () => {
  const { matting } = golden;
  const unit = (packed: Packed): Levels => {
    const bytes = unpacked<Mask>(packed);
    return { ...bytes, data: Float32Array.from(bytes.data, (value) => value / 255) };
  };
  const [alpha, clean, full] = [unit(matting.alpha), unit(matting.clean), unit(matting.full)];
  expect(differences(withoutSpecks(alpha).data, clean.data).most).toBeLessThan(1e-6);
  // Alpha in 8 bits differs by half a level from what Python went on with.
  const refined = differences(refine(picture, clean).data, full.data);
  expect(refined.mean).toBeLessThan(0.003);
  expect(refined.most).toBeLessThan(0.05);
  const colours = differences(foregroundColours(picture, full).data, unpacked<Picture>(matting.colours).data);
  expect(colours.mean).toBeLessThan(0.1);
  const blurred = behindOf(picture, full, { kind: "blur", strength: 30 });
  expect(differences(blurred.data, unpacked<Picture>(matting.blurred).data).mean).toBeLessThan(0.3);
}, 60_000);

test("the size at which the matting network sees pictures", () => {
  for (const { picture, network } of golden.seen as { picture: [number, number]; network: [number, number] }[])
    expect(workingSize(picture[1], picture[0])).toEqual([network[1], network[0]]);
});

test("the window of a part that stands alone", () => {
  const dots = { width: 170, height: 130, data: new Uint8Array(170 * 130) };
  for (let y = 40; y < 60; y++) dots.data.fill(1, y * 170 + 50, y * 170 + 60);
  expect(planWindows(dots).flat().map((each) => each.box)).toEqual(golden.matting.alone);
});

function scene(height: number, width: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grain = (x * 7919 + y * 104729 + ((x * y) % 97) * 31) % 41;
      data.set(
        [60 + Math.floor((y * 100) / height) + grain, 120 - Math.floor((x * 60) / width) + grain, 90 + ((Math.floor(x / 9) + Math.floor(y / 7)) % 2) * 40 + grain],
        3 * (y * width + x),
      );
    }
  }
  return { width, height, data };
}

test("patch search continues a pattern, keeps what is known and repeats itself for one seed", () => {
  const width = 96;
  const data = new Uint8Array(width * width * 3);
  for (let i = 0; i < width * width; i++) data.fill((i % width) % 8 < 4 ? 200 : 40, 3 * i, 3 * i + 3);
  const holes = { width, height: width, data: new Uint8Array(width * width) };
  for (let y = 36; y < 58; y++) holes.data.fill(1, y * width + 36, y * width + 58);
  const blank = { ...holes, data: new Uint8Array(holes.data.length) };
  const blanked = data.map((value, i) => (holes.data[Math.floor(i / 3)] ? 255 : value));
  const made = complete({ width, height: width, data: blanked }, holes, blank, 3);
  expect(differences(made.data, data).mean).toBeLessThan(1);
  expect(made.data.every((value, i) => holes.data[Math.floor(i / 3)] || value === data[i])).toBe(true);
  expect(complete({ width, height: width, data: blanked }, holes, blank, 3).data).toEqual(made.data);
}, 60_000);
