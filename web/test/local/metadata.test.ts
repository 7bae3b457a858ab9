/** What a photo says of itself goes over into what the page makes of it, and nothing that shows the old picture. */

import { zlibSync } from "fflate";
import { expect, test } from "vitest";
import { edited } from "../../src/local/metadata/exif";
import { segmentsOf } from "../../src/local/metadata/jpeg";
import { keptOf, withKept } from "../../src/local/metadata/kept";
import { chunksOf } from "../../src/local/metadata/png";

const letters = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
/** Long arrays are slow to compare by toEqual. */
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at]);
const SIZE = { width: 300, height: 400 };
const PREVIEW = [0xff, 0xd8, 0xff, 0xe0, ...letters("the old picture"), 0xff, 0xd9];

/** A block with maker, orientation 6, sizes, a preview in a maker note, and a thumbnail. */
function exifBlock(little: boolean): Uint8Array {
  const bytes = new Uint8Array(220);
  const view = new DataView(bytes.buffer);
  const entry = (at: number, tag: number, kind: number, count: number, value: number): void => {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, kind, little);
    view.setUint32(at + 4, count, little);
    if (kind === 3) view.setUint16(at + 8, value, little);
    else view.setUint32(at + 8, value, little);
  };
  bytes.set(letters(little ? "II" : "MM"));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 3, little);
  entry(10, 0x010f, 2, 10, 60);
  entry(22, 0x0112, 3, 1, 6);
  entry(34, 0x8769, 4, 1, 74);
  view.setUint32(46, 140, little);
  bytes.set(letters("The maker\0"), 60);
  view.setUint16(74, 3, little);
  entry(76, 0xa002, 4, 1, 400);
  entry(88, 0xa003, 4, 1, 300);
  entry(100, 0x927c, 7, PREVIEW.length, 116);
  bytes.set(PREVIEW, 116);
  view.setUint16(140, 2, little);
  entry(142, 0x0201, 4, 1, 180);
  entry(154, 0x0202, 4, 1, PREVIEW.length);
  bytes.set(PREVIEW, 180);
  return bytes;
}

const profile = (space: string): Uint8Array => Uint8Array.from({ length: 70_000 }, (_, i) => (i >= 16 && i < 20 ? space.charCodeAt(i - 16) : i % 251));

function segment(marker: number, data: ArrayLike<number>): number[] {
  return [0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...Array.from(data)];
}

function jpeg(...segments: number[][]): Blob {
  return new Blob([Uint8Array.from([0xff, 0xd8, ...segments.flat(), 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9])], { type: "image/jpeg" });
}

function profileSegments(data: Uint8Array): number[][] {
  const half = data.length / 2;
  return [1, 2].map((number) => segment(0xe2, [...letters("ICC_PROFILE\0"), number, 2, ...data.subarray((number - 1) * half, number * half)]));
}

const XMP = '<x:xmpmeta><rdf:Description tiff:Orientation="6" dc:title="A day out"/></x:xmpmeta>';
const PHOTOSHOP = [...letters("Photoshop 3.0\0"), ...letters("8BIM"), 4, 12, 0, 0, 0, 0, 0, 4, 9, 9, 9, 9, ...letters("8BIM"), 4, 4, 0, 0, 0, 0, 0, 5, ...letters("words"), 0];

const source = (space = "RGB ", xmp = XMP): Blob =>
  jpeg(
    segment(0xe0, letters("JFIF\0")), segment(0xe1, [...letters("Exif\0\0"), ...exifBlock(true)]),
    segment(0xe1, letters(`http://ns.adobe.com/xap/1.0/\0${xmp}`)), ...profileSegments(profile(space)), segment(0xed, PHOTOSHOP),
    segment(0xe2, letters("MPF\0 another picture")),
  );

test.each([true, false])("EXIF: upright, of the new size, without previews (little-endian: %s)", (little) => {
  const made = edited(exifBlock(little), SIZE)!;
  const view = new DataView(made.buffer);
  expect(view.getUint16(30, little)).toBe(1);
  expect([view.getUint32(84, little), view.getUint32(96, little)]).toEqual([300, 400]);
  expect(view.getUint32(46, little)).toBe(0);
  expect(text(made)).toContain("The maker");
  expect(text(made)).not.toContain("old picture");
});

test("damaged EXIF is left out", () => {
  const block = exifBlock(true);
  block[8] = 200;
  expect(edited(block, SIZE)).toBeNull();
  expect(edited(new Uint8Array(5), SIZE)).toBeNull();
});

test("from JPEG to JPEG: EXIF, XMP, profile and IPTC go over, other pictures do not", async () => {
  const kept = await keptOf(source());
  const made = new Uint8Array(await (await withKept(jpeg(segment(0xe0, letters("JFIF\0"))), kept, SIZE)).arrayBuffer());
  const segments = segmentsOf(made);
  expect(segments.map(({ marker }) => marker)).toEqual([0xe0, 0xe1, 0xe1, 0xe2, 0xe2, 0xed]);
  expect(text(segments[2]!.data)).toContain('tiff:Orientation="1" dc:title="A day out"');
  expect(same(Uint8Array.from([...segments[3]!.data.subarray(14), ...segments[4]!.data.subarray(14)]), profile("RGB "))).toBe(true);
  expect([segments[3]!.data[12], segments[4]!.data[12], segments[4]!.data[13]]).toEqual([1, 2, 2]);
  expect(text(segments[5]!.data)).toContain("words");
  expect(text(made)).not.toMatch(/old picture|another picture/);
  const again = await keptOf(new Blob([made], { type: "image/jpeg" }));
  expect(text(again.exif!)).toContain("The maker");
  expect(again.iptc).toEqual(kept.iptc);
});

test("a profile of another colour space, and XMP with a thumbnail, stay behind", async () => {
  expect((await keptOf(source("CMYK"))).icc).toBeNull();
  expect((await keptOf(source("RGB ", "<xmp:Thumbnails/>"))).xmp).toBeNull();
  expect((await keptOf(new Blob([Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0])]))).exif).toBeNull();
});

function png(...chunks: [string, number[]][]): Blob {
  const written = chunks.map(([type, data]) => [0, 0, data.length >> 8, data.length & 255, ...letters(type), ...data, 0, 0, 0, 0]);
  return new Blob([Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...written.flat()])], { type: "image/png" });
}

const HEADER: [string, number[]] = ["IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]];

test("from JPEG and from PNG to PNG", async () => {
  const made = await withKept(png(HEADER, ["sRGB", [0]], ["IDAT", [1]], ["IEND", []]), await keptOf(source()), SIZE);
  const chunks = chunksOf(new Uint8Array(await made.arrayBuffer()));
  expect(chunks.map(({ type }) => type)).toEqual(["IHDR", "iCCP", "iTXt", "eXIf", "IDAT", "IEND"]);
  const again = await keptOf(made);
  expect(same(again.icc!, profile("RGB "))).toBe(true);
  expect(again.xmp).toContain("A day out");
  const titled = png(HEADER, ["gAMA", [0, 0, 177, 143]], ["tEXt", letters("Title\0Sea")], ["tEXt", letters("Raw profile type exif\0x")], ["IDAT", [1]]);
  const over = await withKept(png(HEADER, ["IDAT", [2]], ["IEND", []]), await keptOf(titled), SIZE);
  const types = chunksOf(new Uint8Array(await over.arrayBuffer()));
  expect(types.map(({ type }) => type)).toEqual(["IHDR", "gAMA", "tEXt", "IDAT", "IEND"]);
  expect(text(types[2]!.data)).toBe("Title\0Sea");
  // The check sum of an empty end chunk is known.
  expect([...new Uint8Array(await over.arrayBuffer()).slice(-4)]).toEqual([0xae, 0x42, 0x60, 0x82]);
});

test("a profile in a PNG is unpacked", async () => {
  const small = Uint8Array.from({ length: 40 }, (_, i) => (i >= 16 && i < 20 ? "RGB ".charCodeAt(i - 16) : i));
  const kept = await keptOf(png(HEADER, ["iCCP", [...letters("name"), 0, 0, ...zlibSync(small)]]));
  expect(kept.icc).toEqual(small);
});
