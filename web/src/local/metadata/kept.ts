/** What a file says beside its pixels and may go on saying: EXIF, colour profile, XMP, IPTC, texts. */

import { unzlibSync, zlibSync } from "fflate";
import type { Size } from "../../model/geometry";
import { edited } from "./exif";
import { chunksOf, isPng, pngWith, type Chunk } from "./png";
import { isJpeg, jpegWith, segmentsOf } from "./jpeg";

export interface Kept {
  readonly exif: Uint8Array | null;
  /** Of an RGB picture; those of others do not fit what is written. */
  readonly icc: Uint8Array | null;
  readonly xmp: string | null;
  readonly iptc: Uint8Array | null;
  /** Chunks of a PNG that go over as they are: texts, resolution, time, colour without a profile. */
  readonly chunks: readonly Chunk[];
}

const NOTHING: Kept = { exif: null, icc: null, xmp: null, iptc: null, chunks: [] };
const COLOUR = ["sRGB", "gAMA", "cHRM", "cICP"];
const TEXTS = ["tEXt", "zTXt", "pHYs", "tIME"];
/** Previews, gain maps and motion clips, which show what was erased. */
const SHOWS_OLD = /Thumbnails|xapGImg|xmpGImg|GContainer|Container:|hdrgm|MicroVideo|MotionPhoto|GImage|GDepth/;
const XMP_KEYWORD = "XML:com.adobe.xmp";
const latin = new TextDecoder("latin1");
const utf8 = new TextDecoder();

export async function keptOf(file: Blob): Promise<Kept> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    if (isJpeg(bytes)) return ofJpeg(bytes);
    if (isPng(bytes)) return ofPng(bytes);
  } catch (error) {
    // A damaged header: the picture is edited all the same.
    if (!(error instanceof Error)) throw error;
  }
  return NOTHING;
}

/** The new file with what the old one said; `size` is that of the upright picture. */
export async function withKept(made: Blob, kept: Kept, size: Size): Promise<Blob> {
  const exif = kept.exif && edited(kept.exif, size);
  const now: Kept = { ...kept, exif };
  if (made.type === "image/jpeg") return jpegWith(made, now);
  if (made.type !== "image/png") return made;
  return pngWith(made, [...colourChunks(now), ...otherChunks(now)]);
}

function ofJpeg(bytes: Uint8Array): Kept {
  let { exif, xmp, iptc } = NOTHING;
  const profile: Uint8Array[] = [];
  for (const { marker, data } of segmentsOf(bytes)) {
    const starts = (words: string): boolean => latin.decode(data.subarray(0, words.length)) === words;
    if (marker === 0xe1 && starts("Exif\0\0")) exif ??= data.slice(6);
    else if (marker === 0xe1 && starts("http://ns.adobe.com/xap/1.0/\0")) xmp ??= allowed(utf8.decode(data.subarray(29)));
    else if (marker === 0xe2 && starts("ICC_PROFILE\0")) profile[data[12]! - 1] = data.slice(14);
    else if (marker === 0xed && starts("Photoshop 3.0\0")) iptc ??= iptcOf(data.subarray(14));
  }
  return { ...NOTHING, exif, xmp, iptc, icc: ofRgb(joined(profile)) };
}

function ofPng(bytes: Uint8Array): Kept {
  let { exif, icc, xmp } = NOTHING;
  const chunks: Chunk[] = [];
  for (const chunk of chunksOf(bytes)) {
    const { type, data } = chunk;
    if (type === "eXIf") exif = data.slice();
    else if (type === "iCCP") icc = ofRgb(unzlibSync(data.subarray(data.indexOf(0) + 2)));
    else if (type === "iTXt" && latin.decode(data.subarray(0, 17)) === XMP_KEYWORD) xmp = xmpOf(data);
    else if (type === "iTXt" || COLOUR.includes(type)) chunks.push(chunk);
    // Old programs write EXIF and XMP as text, with their previews.
    else if (TEXTS.includes(type) && !latin.decode(data.subarray(0, 17)).startsWith("Raw profile type")) chunks.push(chunk);
  }
  return { exif, icc, xmp, iptc: null, chunks };
}

/** The packet for an upright picture; null where it holds the old one. */
function allowed(packet: string): string | null {
  if (SHOWS_OLD.test(packet)) return null;
  return packet.replace(/(tiff:Orientation(?:="|>))\d/g, "$11");
}

function xmpOf(data: Uint8Array): string | null {
  let at = XMP_KEYWORD.length + 1;
  const packed = data[at] === 1;
  at = data.indexOf(0, data.indexOf(0, at + 2) + 1) + 1;
  return allowed(utf8.decode(packed ? unzlibSync(data.subarray(at)) : data.subarray(at)));
}

/** The block of Photoshop's that holds IPTC data; its others hold previews too. */
function iptcOf(data: Uint8Array): Uint8Array | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + 12 <= data.length && latin.decode(data.subarray(at, at + 4)) === "8BIM"; ) {
    const name = data[at + 6]! + 1;
    const size = at + 6 + name + (name % 2);
    const length = view.getUint32(size);
    if (view.getUint16(at + 4) === 0x0404) return data.slice(size + 4, size + 4 + length);
    at = size + 4 + length + (length % 2);
  }
  return null;
}

const ofRgb = (profile: Uint8Array | null): Uint8Array | null => (profile && latin.decode(profile.subarray(16, 20)) === "RGB " ? profile : null);

function joined(parts: readonly (Uint8Array | undefined)[]): Uint8Array | null {
  if (!parts.length || Array.from(parts).includes(undefined)) return null;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part!.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part!, at);
    at += part!.length;
  }
  return whole;
}

function colourChunks({ icc, chunks }: Kept): Chunk[] {
  if (!icc) return chunks.filter(({ type }) => COLOUR.includes(type));
  const packed = zlibSync(icc);
  const data = new Uint8Array(5 + packed.length);
  data.set([0x49, 0x43, 0x43, 0, 0]);
  data.set(packed, 5);
  return [{ type: "iCCP", data }];
}

function otherChunks({ exif, xmp, chunks }: Kept): Chunk[] {
  const others = chunks.filter(({ type }) => !COLOUR.includes(type));
  if (xmp) others.push({ type: "iTXt", data: new TextEncoder().encode(`${XMP_KEYWORD}\0\0\0\0\0${xmp}`) });
  if (exif) others.push({ type: "eXIf", data: exif });
  return others;
}
