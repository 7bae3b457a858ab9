/** Files to pixels and back, with the browser's own decoders. */

import { ApiError } from "../api/client";
import type { Mask, Picture, Plane } from "./stages/arrays";

export function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new ApiError("this browser cannot draw so large a picture", 413, "Local");
  return context;
}

/** Upright, as the EXIF tag says; in sRGB, or with `raw` in the colours of its own profile. */
export async function bitmapOf(file: Blob, name: string, raw = false): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: raw ? "none" : "default" });
  } catch {
    throw new ApiError(`${name}: is not a picture that this browser can read`, 415, "Local");
  }
}

export function pixelsOf(bitmap: ImageBitmap): { picture: Picture; alpha: Uint8Array } {
  const { width, height } = bitmap;
  const context = contextOf(width, height);
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    data[3 * i] = rgba[4 * i]!;
    data[3 * i + 1] = rgba[4 * i + 1]!;
    data[3 * i + 2] = rgba[4 * i + 2]!;
    alpha[i] = rgba[4 * i + 3]!;
  }
  return { picture: { width, height, data }, alpha };
}

/** A layer to draw or save. */
export function layerOf(picture: Picture, alphaAt: (place: number) => number): OffscreenCanvas {
  const { width, height, data } = picture;
  const context = contextOf(width, height);
  const shown = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    shown.data[4 * i] = data[3 * i]!;
    shown.data[4 * i + 1] = data[3 * i + 1]!;
    shown.data[4 * i + 2] = data[3 * i + 2]!;
    shown.data[4 * i + 3] = alphaAt(i);
  }
  context.putImageData(shown, 0, 0);
  return context.canvas;
}

export const personLayer = (picture: Picture, alpha: Plane): OffscreenCanvas =>
  layerOf(picture, (place) => Math.round(alpha.data[place]! * 255));

/** In the type of the file it came from where browsers write it, else as PNG. */
export function encoded(canvas: OffscreenCanvas, like: Blob): Promise<Blob> {
  return like.type === "image/jpeg" ? canvas.convertToBlob({ type: "image/jpeg", quality: 0.96 }) : canvas.convertToBlob({ type: "image/png" });
}

/** The name of a file of this type, with words added before its suffix. */
export function named(name: string, added: string, made: Blob): string {
  const stem = name.replace(/\.[^.]*$/, "");
  const suffix = /\.jpe?g$/i.exec(name)?.[0];
  return `${stem}${added}${made.type === "image/jpeg" ? (suffix ?? ".jpg") : ".png"}`;
}

export async function maskOf(file: Blob): Promise<Mask> {
  const { picture } = pixelsOf(await bitmapOf(file, "mask"));
  const data = new Uint8Array(picture.width * picture.height);
  for (let i = 0; i < data.length; i++) data[i] = picture.data[3 * i]! > 127 ? 1 : 0;
  return { width: picture.width, height: picture.height, data };
}
