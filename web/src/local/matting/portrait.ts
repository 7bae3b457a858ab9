/** Where the people of a photograph are, at the size that the network works at; as cleanplate/matting/portrait.py.
 *
 * The network sees the whole picture first; people who fill only a part of it get a second look. */

import type { Box } from "../../model/geometry";
import { scaledPicture, scaledPlane } from "../scale";
import { clamp, cropped, dilated, emptyMask, rounded, type Picture, type Plane } from "../stages/arrays";
import { distance } from "../stages/seam";
import { components, grownBox } from "../stages/windows";

export type SmallNetwork = (small: Picture) => Promise<Plane>;

const WORKING_AREA = 384 * 384;
const SMALLEST_AREA = 224 * 224;
const LONGEST = 1024;
const SURE = 0.5;
const NOBODY_SHARE = 0.001;
const SPECK_SHARE = 0.01;
const SPECK_REACH = 0.02;
const SECOND_LOOK_BELOW = 0.6;
const MARGIN = 0.12;

/** Alpha at working size, in the picture's proportions; all 0 if nobody is in it. */
export async function portrait(picture: Picture, network: SmallNetwork): Promise<Plane> {
  const { width, height } = picture;
  const alpha = withoutSpecks(await network(scaledPicture(picture, ...workingSize(width, height))));
  const people = aroundPeople(alpha, width, height);
  if (!people) return alpha;
  const [w, h] = [people[2] - people[0], people[3] - people[1]];
  if (w * h > SECOND_LOOK_BELOW * width * height || Math.min(...people.slice(2)) < 1) return alpha;
  const closer = await network(scaledPicture(cropped(picture, people), ...workingSize(w, h)));
  const both = withoutSpecks(joined(alpha, closer, people, width, height));
  return both.data.some((value) => value > 0) ? both : alpha;
}

/** Width and height that the network sees: about the pixels that it learned from, in the picture's proportions. */
export function workingSize(width: number, height: number): [number, number] {
  const area = Math.min(Math.max(width * height, SMALLEST_AREA), WORKING_AREA);
  const factor = Math.min(Math.sqrt(area / (width * height)), LONGEST / Math.max(width, height));
  return [Math.max(1, rounded(width * factor)), Math.max(1, rounded(height * factor))];
}

/** Without parts that are too small to be people. */
export function withoutSpecks(alpha: Plane): Plane {
  const { width, height, data } = alpha;
  const nobody: Plane = { width, height, data: new Float32Array(data.length) };
  if (data.reduce((sum, value) => sum + Number(value > SURE), 0) < NOBODY_SHARE * data.length) return nobody;
  // Parts reach as far as anything is seen, so that the soft edge of one is never cut off.
  const seen = emptyMask(width, height);
  data.forEach((value, i) => value > 0.05 && (seen.data[i] = 1));
  const { count, labels } = components(seen);
  const masses = new Float64Array(count + 1);
  data.forEach((value, i) => value > SURE && masses[labels[i]!]!++);
  masses[0] = 0;
  const largest = masses.indexOf(Math.max(...masses));
  if (masses[largest]! < NOBODY_SHARE * data.length) return nobody;
  const kept = Uint8Array.from(masses, (mass) => Number(mass >= SPECK_SHARE * masses[largest]!));
  const far = distance({ width, height, data: Uint8Array.from(labels, (label) => Number(label !== largest)) });
  data.forEach((value, i) => value > SURE && far.data[i]! <= SPECK_REACH * Math.max(width, height) && (kept[labels[i]!] = 1));
  kept[0] = 0;
  const people = dilated({ width, height, data: Uint8Array.from(labels, (label) => kept[label]!) }, 2).data;
  // The faintest rim of a part carries no label; it goes with its part.
  return { width, height, data: data.map((value, i) => (people[i] && (kept[labels[i]!] || !labels[i]) ? value : 0)) };
}

/** The box around everybody with some room, in pixels of the picture; null if nobody is there. */
function aroundPeople(alpha: Plane, width: number, height: number): Box | null {
  let [left, top, right, bottom] = [alpha.width, alpha.height, 0, 0];
  alpha.data.forEach((value, i) => {
    if (value <= 0.1) return;
    const [y, x] = [Math.floor(i / alpha.width), i % alpha.width];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
  });
  if (right <= left) return null;
  const [across, down] = [width / alpha.width, height / alpha.height];
  const box = [Math.floor(left * across), Math.floor(top * down), Math.ceil(right * across), Math.ceil(bottom * down)] as const;
  return grownBox(box, rounded(MARGIN * Math.max(box[2] - box[0], box[3] - box[1])), width, height);
}

/** The whole alpha at the scale of the second look, with the second look in its place. */
function joined(alpha: Plane, closer: Plane, box: Box, width: number, height: number): Plane {
  const scale = closer.height / (box[3] - box[1]);
  const [w, h] = [Math.max(1, rounded(width * scale)), Math.max(1, rounded(height * scale))];
  const whole = scaledPlane(alpha, w, h).data.map((value) => clamp(value, 0, 1));
  const [left, top] = [rounded(box[0] * scale), rounded(box[1] * scale)];
  const right = Math.min(left + closer.width, w);
  for (let y = top; y < Math.min(top + closer.height, h); y++) {
    const from = (y - top) * closer.width;
    whole.set(closer.data.subarray(from, from + right - left), y * w + left);
  }
  return { width: w, height: h, data: whole };
}
