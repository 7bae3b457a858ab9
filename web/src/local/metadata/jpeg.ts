/** The segments of a JPEG file before its pixels. */

import type { Kept } from "./kept";

export interface Segment {
  readonly marker: number;
  readonly data: Uint8Array;
}

const SCAN = 0xda;
const LONGEST = 65533;
const PROFILE_PART = LONGEST - 14;

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

export function segmentsOf(bytes: Uint8Array): Segment[] {
  const found: Segment[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === SCAN) break;
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    found.push({ marker, data: bytes.subarray(at + 4, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}

/** The file with segments for what is kept, right after its own first one. */
export async function jpegWith(made: Blob, kept: Kept): Promise<Blob> {
  const bytes = new Uint8Array(await made.arrayBuffer());
  const own = segmentsOf(bytes);
  const first = own[0]?.marker === 0xe0 ? 2 + 4 + own[0].data.length : 2;
  const segments: Segment[] = [];
  if (kept.exif) segments.push({ marker: 0xe1, data: headed("Exif\0\0", kept.exif) });
  if (kept.xmp) segments.push({ marker: 0xe1, data: headed("http://ns.adobe.com/xap/1.0/\0", new TextEncoder().encode(kept.xmp)) });
  if (kept.icc) segments.push(...profileSegments(kept.icc));
  if (kept.iptc) segments.push({ marker: 0xed, data: photoshop(kept.iptc) });
  const parts = segments.filter(({ data }) => data.length <= LONGEST).map(written);
  return new Blob([bytes.slice(0, first), ...parts, bytes.slice(first)], { type: made.type });
}

function headed(head: string, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + data.length);
  whole.set(Uint8Array.from(head, (letter) => letter.charCodeAt(0)));
  whole.set(data, head.length);
  return whole;
}

function profileSegments(profile: Uint8Array): Segment[] {
  const count = Math.ceil(profile.length / PROFILE_PART);
  return Array.from({ length: count }, (_, number) => {
    const part = profile.subarray(number * PROFILE_PART, (number + 1) * PROFILE_PART);
    return { marker: 0xe2, data: headed(`ICC_PROFILE\0${String.fromCharCode(number + 1, count)}`, part) };
  });
}

function photoshop(iptc: Uint8Array): Uint8Array {
  const data = new Uint8Array(12 + iptc.length + (iptc.length % 2));
  data.set([0x38, 0x42, 0x49, 0x4d, 0x04, 0x04]);
  new DataView(data.buffer).setUint32(8, iptc.length);
  data.set(iptc, 12);
  return headed("Photoshop 3.0\0", data);
}

function written({ marker, data }: Segment): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + data.length);
  bytes.set([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255]);
  bytes.set(data, 4);
  return bytes;
}
