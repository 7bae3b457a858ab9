/** The colours of people without those of their old background (arXiv 2006.14970); as cleanplate/matting/foreground.py. */

import { between, scaledGrid, scaledPicture, scaledPlane } from "../scale";
import { bounds, clamp, cropped, rounded, type Grid, type Mask, type Picture, type Plane } from "../stages/arrays";
import { grownBox } from "../stages/windows";
import type { Box } from "../../model/geometry";
import { soft } from "./band";
import { interpolated } from "./refine";

const LARGEST = 640 * 640;
const SMALL = 32;
const ROUNDS_WHERE_SMALL = 10;
const ROUNDS = 2;
const REGULAR = 1e-5;
const ROOM = 16;

/** A new picture, equal to the old one where alpha is 0 or 1. */
export function foregroundColours(image: Picture, alpha: Plane): Picture {
  const result = { ...image, data: image.data.slice() };
  const band = soft(alpha, 1);
  const region = regionOf(band);
  if (!region) return result;
  const inside = cropped(image, region);
  const cover = part(alpha, region);
  const factor = Math.min(1, Math.sqrt(LARGEST / cover.data.length));
  const [w, h] = [Math.max(1, rounded(cover.width * factor)), Math.max(1, rounded(cover.height * factor))];
  const both = multilevel(colours(scaledPicture(inside, w, h)), scaledPlane(cover, w, h));
  const [rows, columns] = [between(h, cover.height), between(w, cover.width)];
  const here = new Float64Array(6);
  for (let y = 0; y < cover.height; y++) {
    for (let x = 0; x < cover.width; x++) {
      const at = (region[1] + y) * image.width + region[0] + x;
      const share = alpha.data[at]!;
      if (!band.data[at] || share <= 0) continue;
      interpolated(both, rows[y]!, columns[x]!, -1, here);
      const scale = share / (share ** 2 + (1 - share) ** 2);
      for (let c = 0; c < 3; c++) {
        const missing = image.data[3 * at + c]! / 255 - share * here[c]! - (1 - share) * here[c + 3]!;
        result.data[3 * at + c] = rounded(clamp(here[c]! + scale * missing, 0, 1) * 255);
      }
    }
  }
  return result;
}

function regionOf(band: Mask): Box | null {
  const box = bounds(band);
  if (!box) return null;
  return grownBox(box, Math.max(ROOM, rounded(0.05 * Math.max(box[2] - box[0], box[3] - box[1]))), band.width, band.height);
}

function part(plane: Plane, [left, top, right, bottom]: Box): Plane {
  const [width, height] = [right - left, bottom - top];
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) data.set(plane.data.subarray((top + y) * plane.width + left, (top + y) * plane.width + right), y * width);
  return { width, height, data };
}

const colours = ({ width, height, data }: Picture): Grid => ({ width, height, channels: 3, data: Float32Array.from(data, (value) => value / 255) });

/** Foreground and background, six numbers a pixel: each level starts from the one below, from one pixel upwards. */
function multilevel(image: Grid, alpha: Plane): Grid {
  const { width, height } = alpha;
  const mean = [0, 1, 2].map((c) => image.data.reduce((sum, value, i) => (i % 3 === c ? sum + value : sum), 0) / (width * height));
  let both: Grid = { width: 1, height: 1, channels: 6, data: Float32Array.from([...mean, ...mean]) };
  const steps = Math.max(1, Math.ceil(Math.log2(Math.max(width, height))));
  for (let step = 0; step <= steps; step++) {
    const [w, h] = [rounded(width ** (step / steps)), rounded(height ** (step / steps))];
    const rounds = Math.max(w, h) <= SMALL ? ROUNDS_WHERE_SMALL : ROUNDS;
    const level = scaledGrid(image, w, h, "area");
    const cover = scaledPlane(alpha, w, h, "area");
    both = scaledGrid(both, w, h, "nearest");
    for (let round = 0; round < rounds; round++) both = agreed(level, cover, both);
  }
  return both;
}

/** At each pixel the best two colours, given those of its four neighbours. */
function agreed(image: Grid, alpha: Plane, both: Grid): Grid {
  const { width, height } = alpha;
  const data = new Float32Array(both.data.length);
  const weights = new Float64Array(4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const around = [y > 0 ? at - width : at, y < height - 1 ? at + width : at, x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at];
      const cover = alpha.data[at]!;
      let total = 0;
      for (let k = 0; k < 4; k++) total += weights[k] = REGULAR + Math.abs(cover - alpha.data[around[k]!]!);
      const rest = 1 - cover;
      const [people, background, mixed] = [cover * cover + total, rest * rest + total, cover * rest];
      const determinant = people * background - mixed * mixed;
      for (let c = 0; c < 3; c++) {
        let [front, behind] = [cover * image.data[3 * at + c]!, rest * image.data[3 * at + c]!];
        for (let k = 0; k < 4; k++) {
          front += weights[k]! * both.data[6 * around[k]! + c]!;
          behind += weights[k]! * both.data[6 * around[k]! + c + 3]!;
        }
        data[6 * at + c] = clamp((background * front - mixed * behind) / determinant, 0, 1);
        data[6 * at + c + 3] = clamp((people * behind - mixed * front) / determinant, 0, 1);
      }
    }
  }
  return { width, height, channels: 6, data };
}
