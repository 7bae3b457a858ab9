/** What comes behind people: a colour, another picture, their own background out of focus; as compose/backdrop.py. */

import { scaledGrid, scaledPicture, scaledPlane } from "../scale";
import { clamp, cropped, rounded, type Grid, type Picture, type Plane } from "../stages/arrays";

import { mirroredPlaces } from "./refine";

export type Behind =
  | { readonly kind: "colour"; readonly rgb: readonly [number, number, number] }
  | { readonly kind: "blur"; readonly strength: number }
  | { readonly kind: "picture"; readonly picture: Picture };

const LARGEST_DISC = 6;
const LINES = 1080;
const KNOWN_ENOUGH = 0.02;

export function behindOf(image: Picture, alpha: Plane, behind: Behind): Picture {
  if (behind.kind === "blur") return outOfFocus(image, alpha, behind.strength);
  if (behind.kind === "picture") return covering(behind.picture, image.width, image.height);
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = behind.rgb[i % 3]!;
  return { ...image, data };
}

/** People over a background, both of one size. */
export function over(people: Picture, alpha: Plane, behind: Picture): Picture {
  const data = people.data.map((value, i) => {
    const share = alpha.data[Math.floor(i / 3)]!;
    return rounded(value * share + behind.data[i]! * (1 - share));
  });
  return { ...people, data };
}

/** As large as needed to leave nothing uncovered, its middle kept. */
function covering(picture: Picture, width: number, height: number): Picture {
  const scale = Math.max(width / picture.width, height / picture.height);
  const [w, h] = [Math.max(rounded(picture.width * scale), width), Math.max(rounded(picture.height * scale), height)];
  const [left, top] = [rounded((w - width) * 0.5), rounded((h - height) * 0.5)];
  return cropped(scaledPicture(picture, w, h), [left, top, left + width, top + height]);
}

/** As a lens with a wide aperture shows the background: discs, light added up as light, no colour of the people in it. */
function outOfFocus(image: Picture, alpha: Plane, strength: number): Picture {
  const { width, height } = image;
  const radius = (2 * strength * Math.min(width, height)) / LINES;
  const factor = Math.max(1, radius / LARGEST_DISC);
  const [w, h] = [Math.max(1, rounded(width / factor)), Math.max(1, rounded(height / factor))];
  const people = greatestAround(scaledPlane(alpha, w, h), Math.max(1, rounded(0.003 * Math.max(w, h))));
  const small = scaledPicture(image, w, h);
  const curve = Float32Array.from({ length: 256 }, (_, level) => linear(level / 255));
  // Light of the background, times how much of the pixel is known to be background, and that share.
  const light = new Float32Array(4 * w * h);
  for (let i = 0; i < w * h; i++) {
    const known = (1 - clamp(people.data[i]!, 0, 1)) ** 2;
    for (let c = 0; c < 3; c++) light[4 * i + c] = known * curve[small.data[3 * i + c]!]!;
    light[4 * i + 3] = known;
  }
  const grid: Grid = { width: w, height: h, channels: 4, data: light };
  const mean = filledFrom(blurred(grid, radius / factor), continued(grid));
  return encoded(mean, width, height);
}

/** Means of what is known; where the disc meets hardly any of it, of what is further away. */
function filledFrom(near: Grid, far: Grid): Grid {
  const data = new Float32Array(3 * near.width * near.height);
  for (let i = 0; i < near.width * near.height; i++) {
    const weight = near.data[4 * i + 3]!;
    const share = clamp(weight / KNOWN_ENOUGH, 0, 1);
    for (let c = 0; c < 3; c++) data[3 * i + c] = (share * near.data[4 * i + c]!) / Math.max(weight, 1e-6) + (1 - share) * far.data[3 * i + c]!;
  }
  return { width: near.width, height: near.height, channels: 3, data };
}

/** The background continued behind people: means over ever larger areas, until something is known. */
function continued(grid: Grid): Grid {
  const levels = [grid];
  for (let last = grid; Math.max(last.width, last.height) > 2; levels.push(last)) {
    last = scaledGrid(last, Math.max(1, (last.width + 1) >> 1), Math.max(1, (last.height + 1) >> 1), "area");
  }
  const last = levels.pop()!;
  let mean: Grid = { ...last, channels: 3, data: meansOf(last) };
  for (const level of levels.reverse()) mean = filledFrom(level, scaledGrid(mean, level.width, level.height, "linear"));
  return mean;
}

function meansOf({ data }: Grid): Float32Array {
  return Float32Array.from({ length: (3 * data.length) / 4 }, (_, i) => {
    const at = 4 * Math.floor(i / 3);
    return data[at + (i % 3)]! / Math.max(data[at + 3]!, 1e-6);
  });
}

/** Under a disc with a soft rim of one pixel. */
function blurred(grid: Grid, radius: number): Grid {
  const { width, height, data } = grid;
  const reach = Math.max(0, Math.ceil(radius));
  const disc: { dx: number; dy: number; weight: number }[] = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const weight = clamp(radius + 0.5 - Math.hypot(dx, dy), 0, 1);
      if (weight > 0) disc.push({ dx, dy, weight });
    }
  }
  const total = disc.reduce((sum, { weight }) => sum + weight, 0);
  const result = new Float32Array(data.length);
  const [rows, columns] = [mirroredPlaces(height, reach), mirroredPlaces(width, reach)];
  for (let y = 0; y < height; y++) {
    const line = 4 * y * width;
    // One place of the disc after the other over a whole line.
    for (const { dx, dy, weight } of disc) {
      const from = 4 * rows[y + dy + reach]! * width;
      const share = weight / total;
      for (let x = 0; x < width; x++) {
        const [to, at] = [line + 4 * x, from + 4 * columns[x + dx + reach]!];
        result[to]! += share * data[at]!;
        result[to + 1]! += share * data[at + 1]!;
        result[to + 2]! += share * data[at + 2]!;
        result[to + 3]! += share * data[at + 3]!;
      }
    }
  }
  return { ...grid, data: result };
}

/** The greatest value in a square around each place. */
function greatestAround(plane: Plane, reach: number): Plane {
  const { width, height } = plane;
  const across = plane.data.map((_, i) => {
    const x = i % width;
    let most = -Infinity;
    for (let at = i - Math.min(reach, x); at <= i + Math.min(reach, width - 1 - x); at++) most = Math.max(most, plane.data[at]!);
    return most;
  });
  const data = across.map((_, i) => {
    const y = Math.floor(i / width);
    let most = -Infinity;
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) most = Math.max(most, across[row * width + (i % width)]!);
    return most;
  });
  return { width, height, data };
}

const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const curved = (light: number): number => (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);

/** Encoded as sRGB and enlarged. */
function encoded(light: Grid, width: number, height: number): Picture {
  const values = { ...light, data: light.data.map((value) => curved(clamp(value, 0, 1))) };
  return { width, height, data: Uint8Array.from(scaledGrid(values, width, height).data, (value) => rounded(clamp(value, 0, 1) * 255)) };
}
