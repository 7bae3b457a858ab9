/** What the server does, done in this page; the same calls as the client of the server. */

import { ApiError, type Answer, type Backend, type Follow, type Instance, type Networks } from "../api/client";
import { maskPicture } from "../canvas/maskPicture";
import type { Box, Point } from "../model/geometry";
import type { Mark, StrokeMark } from "../model/selection";
import { ask, manifest, ownFeatures, ready } from "./engine";
import { personMask, runLengths } from "./masks";
import type { Person } from "./networks";
import { keptOf, withKept, type Kept } from "./metadata/kept";
import { bitmapOf, contextOf, encoded, layerOf, maskOf, named, personLayer, pixelsOf } from "./pictures";
import type { Behind } from "./matting/backdrop";
import type { Mask, Picture } from "./stages/arrays";
import type { Cutout, Feature } from "./worker";

interface Photo {
  readonly file: File;
  readonly kept: Kept;
  readonly picture: Picture;
  readonly alpha: Uint8Array;
}

export class LocalBackend implements Backend {
  /** There is nobody to show a token to. */
  setToken(): void {}

  async networks(): Promise<Networks> {
    const [own, listed] = await Promise.all([ownFeatures(), manifest().catch(() => [])]);
    const has = (feature: Feature): boolean => own.includes(feature) || listed.some((each) => each.feature === feature);
    return { people: has("people"), matting: has("matting"), defects: false, fill: false, colour: false };
  }

  async preview(file: Blob, name: string, side: number): Promise<Answer> {
    const bitmap = await bitmapOf(file, name);
    const { width, height } = bitmap;
    const shrink = Math.min(1, side / Math.max(width, height));
    const context = contextOf(Math.max(1, Math.round(width * shrink)), Math.max(1, Math.round(height * shrink)));
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, context.canvas.width, context.canvas.height);
    return { file: await context.canvas.convertToBlob({ type: "image/png" }), name, report: { width, height } };
  }

  async segment(file: Blob, name: string): Promise<Instance[]> {
    const { picture } = pixelsOf(await bitmapOf(file, name));
    return (await this.found(picture)).map(({ person, mask }, id) => ({
      id: id + 1, label: "person", score: person.score, box: person.box.map(Math.round) as unknown as Box,
      area: mask.data.reduce((sum, is) => sum + is, 0), segmentation: runLengths(mask),
    }));
  }

  async work(route: string, form: FormData, follow: Follow, signal: AbortSignal): Promise<Answer> {
    const file = form.get("image") as File;
    const kept = await keptOf(file);
    const photo: Photo = { file, kept, ...pixelsOf(await bitmapOf(file, file.name, kept.icc !== null)) };
    const progress = (done: number, total: number): void =>
      follow({ id: "local", kind: route, state: "running", done, total, error: null, result: null, report: null });
    if (route === "erase") return answer(photo, await this.erase(photo, form, progress, signal), "");
    if (route === "cutout") return answer(photo, await this.cutout(photo, signal), "-cutout");
    if (route === "background") return answer(photo, await this.background(photo, form, signal), "-background");
    throw new ApiError("this needs a server: run 'cleanplate serve'", 501, "Local");
  }

  private async erase(photo: Photo, form: FormData, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<Blob> {
    const { picture } = photo;
    const hole = await this.selected(picture, form);
    const grow = form.get("grow");
    const made = await ask<Picture>(
      { kind: "fill", image: picture, hole, seed: Number(form.get("seed") ?? 0), grow: grow === null ? null : Number(grow) }, signal, progress,
    );
    return encoded(layerOf(made, (place) => photo.alpha[place]!), photo.file);
  }

  private async selected(picture: Picture, form: FormData): Promise<Mask> {
    const { width, height } = picture;
    const click = form.get("click");
    if (typeof click === "string" || form.has("people") || form.has("passersby")) {
      const found = await this.found(picture);
      const [x, y] = typeof click === "string" ? click.split(",").map(Number) : [];
      const chosen = x === undefined || y === undefined ? found : smallest(found.filter(({ mask }) => mask.data[y * width + x]));
      if (!chosen.length) throw new ApiError("nobody is there", 422, "Local");
      const data = new Uint8Array(width * height);
      for (const { mask } of chosen) mask.data.forEach((is, place) => is && (data[place] = 1));
      return { width, height, data };
    }
    return maskOf(await maskPicture(await marksOf(form), { width, height }));
  }

  private async found(picture: Picture): Promise<{ person: Person; mask: Mask }[]> {
    await ready("people");
    const found = await ask<Person[]>({ kind: "people", image: picture });
    return found.map((person) => ({ person, mask: personMask(person, picture.width, picture.height) }));
  }

  private async cutout(photo: Photo, signal: AbortSignal): Promise<Blob> {
    await ready("matting");
    const { colours, alpha } = await ask<Cutout>({ kind: "cutout", image: photo.picture }, signal);
    return personLayer(colours, alpha).convertToBlob({ type: "image/png" });
  }

  private async background(photo: Photo, form: FormData, signal: AbortSignal): Promise<Blob> {
    const image = photo.picture;
    if (form.get("with") === "transparent") return this.cutout(photo, signal);
    await ready("matting");
    const made = await ask<Picture>({ kind: "background", image, behind: await behindOf(form) }, signal);
    return encoded(layerOf(made, () => 255), photo.file);
  }
}

/** Of several people under a click the smallest, who stands in front. */
function smallest(found: readonly { person: Person; mask: Mask }[]): { person: Person; mask: Mask }[] {
  const area = ({ mask }: { mask: Mask }): number => mask.data.reduce((sum, is) => sum + is, 0);
  return [...found].sort((a, b) => area(a) - area(b)).slice(0, 1);
}

/** The picture that was made, with the metadata of the photo. */
async function answer({ file, kept, picture }: Photo, made: Blob, added: string): Promise<Answer> {
  return { file: await withKept(made, kept, picture), name: named(file.name, added, made), report: null };
}

async function behindOf(form: FormData): Promise<Behind> {
  const other = form.get("picture");
  if (other instanceof Blob) return { kind: "picture", picture: pixelsOf(await bitmapOf(other, "background")).picture };
  const wanted = String(form.get("with") ?? "");
  if (wanted.startsWith("blur:")) return { kind: "blur", strength: Number(wanted.slice(5)) };
  const context = contextOf(1, 1);
  context.fillStyle = wanted;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
  return { kind: "colour", rgb: [r, g, b] };
}

/** The marks that were put into a form of the erase route. */
async function marksOf(form: FormData): Promise<Mark[]> {
  const marks: Mark[] = [];
  const point = (text: string): Point => {
    const [x = 0, y = 0] = text.split(",").map(Number);
    return { x, y };
  };
  for (const box of form.getAll("box")) marks.push({ kind: "box", box: String(box).split(",").map(Number) as unknown as Box });
  for (const polygon of form.getAll("polygon")) marks.push({ kind: "lasso", points: String(polygon).split(" ").map(point) });
  const mask = form.get("mask");
  if (mask instanceof Blob) marks.push({ kind: "mask", file: mask });
  const strokes = form.get("strokes");
  if (strokes instanceof Blob) {
    const listed = JSON.parse(await strokes.text()) as { points: [number, number][]; size: number; hardness: number; erase: boolean }[];
    for (const { points, ...rest } of listed) {
      const stroke: StrokeMark = { kind: "stroke", ...rest, points: points.map(([x, y]) => ({ x, y })) };
      marks.push(stroke);
    }
  }
  return marks;
}
