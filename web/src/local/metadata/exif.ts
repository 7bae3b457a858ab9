/** EXIF blocks, edited where they lie, so that maker notes with absolute offsets stay valid; as cleanplate/container/exif.py.
 *
 * Previews show what was erased, and the picture is upright now: both are put right. */

import type { Size } from "../../model/geometry";

const ORIENTATION = 0x0112;
const SUB_TABLES = 0x014a;
const EXIF_TABLE = 0x8769;
const [PIXEL_WIDTH, PIXEL_HEIGHT] = [0xa002, 0xa003];
/** Strips, tiles, JPEG thumbnail: where data begin, and how long they are. */
const DATA_PLACES = [[0x0111, 0x0117], [0x0144, 0x0145], [0x0201, 0x0202]] as const;
const SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8 };
const MOST_TABLES = 20;

interface Entry {
  readonly tag: number;
  readonly kind: number;
  readonly count: number;
  /** Where the entry stands, and its values. */
  readonly at: number;
  readonly values: number;
}

interface Table {
  readonly at: number;
  readonly entries: readonly Entry[];
  /** Where the offset of the next table stands. */
  readonly link: number;
}

/** The block without previews, upright, of the new size; null if it is too damaged to be edited. */
export function edited(block: Uint8Array, size: Size): Uint8Array | null {
  try {
    return new Block(block.slice()).edited(size);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

class Block {
  private readonly view: DataView;
  private readonly little: boolean;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const order = this.view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) throw new RangeError("no byte order");
    this.little = order === 0x4949;
    if (this.short(2) !== 42) throw new RangeError("no TIFF header");
  }

  edited(size: Size): Uint8Array {
    const main = this.table(this.long(4));
    this.blankFrom(this.long(main.link));
    this.view.setUint32(main.link, 0, this.little);
    const below = find(main, SUB_TABLES);
    if (below) {
      for (const at of this.values(below)) this.blankFrom(at);
      this.remove(main, below);
    }
    this.blankData(main);
    const first = this.table(this.long(4));
    this.set(find(first, ORIENTATION), 1);
    const pointer = find(first, EXIF_TABLE);
    if (pointer) {
      const inner = this.table(this.values(pointer)[0] ?? 0);
      this.set(find(inner, PIXEL_WIDTH), size.width);
      this.set(find(inner, PIXEL_HEIGHT), size.height);
    }
    this.blankPreviews();
    return this.bytes;
  }

  private short(at: number): number {
    return this.view.getUint16(at, this.little);
  }

  private long(at: number): number {
    return this.view.getUint32(at, this.little);
  }

  private table(at: number): Table {
    const count = this.short(at);
    const entries = Array.from({ length: count }, (_, number): Entry => {
      const place = at + 2 + 12 * number;
      const [tag, kind, values] = [this.short(place), this.short(place + 2), this.long(place + 4)];
      const inside = (SIZES[kind] ?? 1) * values <= 4;
      return { tag, kind, count: values, at: place, values: inside ? place + 8 : this.long(place + 8) };
    });
    const link = at + 2 + 12 * count;
    this.long(link);
    return { at, entries, link };
  }

  private values({ kind, count, values }: Entry): number[] {
    if (kind !== 3 && kind !== 4) return [];
    return Array.from({ length: count }, (_, i) => (kind === 3 ? this.short(values + 2 * i) : this.long(values + 4 * i)));
  }

  private set(entry: Entry | undefined, value: number): void {
    if (entry?.count !== 1) return;
    if (entry.kind === 3) this.view.setUint16(entry.values, value, this.little);
    if (entry.kind === 4) this.view.setUint32(entry.values, value, this.little);
  }

  /** Zeroes a table, those that follow it, and the pictures they point to. */
  private blankFrom(start: number): void {
    try {
      for (let at = start, tables = 0; at && tables < MOST_TABLES; tables++) {
        const table = this.table(at);
        at = this.long(table.link);
        this.blankData(table);
        this.zero(table.at, table.link + 4);
      }
    } catch (error) {
      // What lies outside the block cannot be shown; the link goes all the same.
      if (!(error instanceof RangeError)) throw error;
    }
  }

  private blankData(table: Table): void {
    for (const [place, length] of DATA_PLACES) {
      const [starts, sizes] = [find(table, place), find(table, length)];
      if (!starts || !sizes) continue;
      const lengths = this.values(sizes);
      this.values(starts).forEach((start, i) => this.zero(start, start + (lengths[i] ?? 0)));
    }
  }

  /** Takes one line out of the first table; the lines after it move up. */
  private remove(main: Table, entry: Entry): void {
    this.bytes.copyWithin(entry.at, entry.at + 12, main.link + 4);
    this.zero(main.link - 8, main.link + 4);
    this.view.setUint16(main.at, main.entries.length - 1, this.little);
  }

  /** Zeroes every JPEG inside: makers keep previews in notes of their own. Some change its first byte. */
  private blankPreviews(): void {
    const { bytes } = this;
    for (let at = 9; at + 2 < bytes.length; at++) {
      if (bytes[at] !== 0xd8 || bytes[at + 1] !== 0xff || !startsJpeg(bytes[at + 2]!)) continue;
      let end = at + 3;
      while (end + 1 < bytes.length && (bytes[end] !== 0xff || bytes[end + 1] !== 0xd9)) end++;
      this.zero(at - 1, end + 2);
    }
  }

  private zero(start: number, end: number): void {
    this.bytes.fill(0, Math.max(8, start), Math.max(8, Math.min(end, this.bytes.length)));
  }
}

const find = (table: Table, tag: number): Entry | undefined => table.entries.find((each) => each.tag === tag);

const startsJpeg = (marker: number): boolean =>
  (marker >= 0xc0 && marker <= 0xc4) || marker === 0xdb || marker === 0xdd || (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
