/** Draws the photo, what is marked on it and who was found in it. */

import type { Instance } from "../api/client";
import { shrunkMask } from "../api/rle";
import { maskBitmap } from "./maskPicture";
import type { Point, Size, View } from "../model/geometry";
import type { Mark, Selection } from "../model/selection";

export function drawPhoto(context: CanvasRenderingContext2D, photo: ImageBitmap, size: Size, view: View): void {
  context.imageSmoothingEnabled = view.scale * (size.width / photo.width) < 2;
  context.imageSmoothingQuality = "high";
  context.drawImage(photo, view.x, view.y, size.width * view.scale, size.height * view.scale);
}

/** A result with nothing behind it lies on squares. */
export function drawResult(context: CanvasRenderingContext2D, result: ImageBitmap, size: Size, view: View): void {
  context.save();
  context.fillStyle = squares(context);
  context.fillRect(view.x, view.y, size.width * view.scale, size.height * view.scale);
  context.restore();
  drawPhoto(context, result, size, view);
}

function squares(context: CanvasRenderingContext2D): CanvasPattern | string {
  const side = 10;
  const tile = new OffscreenCanvas(2 * side, 2 * side);
  const drawing = tile.getContext("2d");
  if (!drawing) return "#ddd";
  drawing.fillStyle = "#eee";
  drawing.fillRect(0, 0, 2 * side, 2 * side);
  drawing.fillStyle = "#bbb";
  drawing.fillRect(0, 0, side, side);
  drawing.fillRect(side, side, side, side);
  return context.createPattern(tile, "repeat") ?? "#ddd";
}

/** The marks on a layer of their own: what strokes take away must not take the photo away. */
export function drawSelection(layer: CanvasRenderingContext2D, selection: Selection, view: View, size: Size): void {
  layer.save();
  layer.setTransform(1, 0, 0, 1, 0, 0);
  layer.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
  layer.restore();
  layer.save();
  layer.translate(view.x, view.y);
  layer.scale(view.scale, view.scale);
  layer.fillStyle = layer.strokeStyle = "rgb(230, 30, 80)";
  layer.lineCap = layer.lineJoin = "round";
  for (const mark of selection) drawMark(layer, mark, size);
  layer.restore();
}

export const SELECTION_OPACITY = 0.45;

function drawMark(layer: CanvasRenderingContext2D, mark: Mark, size: Size): void {
  layer.globalCompositeOperation = mark.kind === "stroke" && mark.erase ? "destination-out" : "source-over";
  if (mark.kind === "box") layer.fillRect(mark.box[0], mark.box[1], mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]);
  if (mark.kind === "mask") {
    const shown = maskBitmap(mark.file);
    if (shown) layer.drawImage(shown, 0, 0, size.width, size.height);
  }
  if (mark.kind === "lasso") {
    trace(layer, mark.points);
    layer.fill("evenodd");
  }
  if (mark.kind === "stroke") {
    // A soft brush selects where it is at least half covered, which is a hard brush of this share of its size.
    layer.lineWidth = mark.size * (mark.hardness + (1 - mark.hardness) / 2);
    trace(layer, mark.points);
    if (mark.points.length === 1 && mark.points[0]) layer.lineTo(mark.points[0].x + 0.01, mark.points[0].y);
    layer.stroke();
  }
}

function trace(context: CanvasRenderingContext2D, points: readonly Point[]): void {
  context.beginPath();
  points.forEach((point, place) => (place ? context.lineTo(point.x, point.y) : context.moveTo(point.x, point.y)));
}

export interface Outline {
  readonly instance: Instance;
  readonly filled: ImageBitmap;
  readonly edge: ImageBitmap;
  readonly mask: Uint8Array;
  readonly shown: Size;
}

/** Pictures of a person's mask and of its outline, at the size at which the photo is shown. */
export async function outlined(instance: Instance, shown: Size): Promise<Outline> {
  const mask = shrunkMask(instance.segmentation, shown);
  const filled = new ImageData(shown.width, shown.height);
  const edge = new ImageData(shown.width, shown.height);
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= shown.width || y >= shown.height ? 0 : (mask[y * shown.width + x] ?? 0);
  for (let y = 0; y < shown.height; y++) {
    for (let x = 0; x < shown.width; x++) {
      if (!at(x, y)) continue;
      const place = 4 * (y * shown.width + x);
      filled.data.set([20, 190, 220, 255], place);
      const inside = at(x - 2, y) && at(x + 2, y) && at(x, y - 2) && at(x, y + 2);
      if (!inside) edge.data.set([20, 190, 220, 255], place);
    }
  }
  return { instance, mask, shown, filled: await createImageBitmap(filled), edge: await createImageBitmap(edge) };
}

export function drawOutlines(
  context: CanvasRenderingContext2D,
  outlines: readonly Outline[],
  hovered: Outline | null,
  size: Size,
  view: View,
): void {
  const place = [view.x, view.y, size.width * view.scale, size.height * view.scale] as const;
  context.save();
  for (const outline of outlines) {
    context.globalAlpha = 0.9;
    context.drawImage(outline.edge, ...place);
    if (outline === hovered) {
      context.globalAlpha = 0.4;
      context.drawImage(outline.filled, ...place);
    }
  }
  context.restore();
}

/** The person under a point; of several the smallest, who stands in front, as the server chooses. */
export function under(outlines: readonly Outline[], point: Point, size: Size): Outline | null {
  for (const outline of [...outlines].sort((a, b) => a.instance.area - b.instance.area)) {
    const x = Math.floor((point.x * outline.shown.width) / size.width);
    const y = Math.floor((point.y * outline.shown.height) / size.height);
    const inside = x >= 0 && y >= 0 && x < outline.shown.width && y < outline.shown.height;
    if (inside && outline.mask[y * outline.shown.width + x]) return outline;
  }
  return null;
}

