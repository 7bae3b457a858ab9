/** Marks as a picture, and pictures as marks. */

import type { Selection } from "../model/selection";
import type { Size } from "../model/geometry";
import { drawSelection } from "./draw";

/** What is marked, as a PNG of the photo's full size: white on black. */
export async function maskPicture(selection: Selection, size: Size): Promise<Blob> {
  await readMasks(selection);
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw so large a picture");
  drawSelection(context as unknown as CanvasRenderingContext2D, selection, { scale: 1, x: 0, y: 0 }, size);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "black";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/png" });
}

const READ = new WeakMap<Blob, ImageBitmap>();
/** Longest side at which a loaded mask is drawn. */
const MOST_SIDE = 4096;

/** A mask file as something to draw, red where it is white; null until it has been read. */
export const maskBitmap = (file: Blob): ImageBitmap | null => READ.get(file) ?? null;

/** Reads the mask files among the marks; true if there were new ones. */
export async function readMasks(selection: Selection): Promise<boolean> {
  const files = selection.flatMap((mark) => (mark.kind === "mask" && !READ.has(mark.file) ? [mark.file] : []));
  for (const file of files) READ.set(file, await asMarks(file));
  return files.length > 0;
}

async function asMarks(file: Blob): Promise<ImageBitmap> {
  const picture = await createImageBitmap(file);
  const shrink = Math.min(1, MOST_SIDE / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * shrink)), Math.max(1, Math.round(picture.height * shrink)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser cannot draw so large a picture");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const shown = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = shown;
  const transparent = data.some((value, place) => place % 4 === 3 && value < 128);
  for (let place = 0; place < data.length; place += 4) {
    // As the server reads them: opaque, or of grey above the middle.
    const marked = transparent ? (data[place + 3] ?? 0) > 127 : (data[place] ?? 0) > 127;
    data[place] = 230;
    data[place + 1] = 30;
    data[place + 2] = 80;
    data[place + 3] = marked ? 255 : 0;
  }
  context.putImageData(shown, 0, 0);
  return createImageBitmap(canvas);
}
