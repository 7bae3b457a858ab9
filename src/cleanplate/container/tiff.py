"""TIFF files (TIFF 6.0, BigTIFF) as pages of raw fields and raw strips, to be taken apart and put together again.

Values stay in the byte order of the file, so nothing is interpreted that need not be. Pieces are views of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["<", ">"]

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
NEW_SUBFILE, SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
STRIPS, ORIENTATION, CHANNELS, ROWS_PER_STRIP, STRIP_SIZES = 273, 274, 277, 278, 279
X_RESOLUTION, Y_RESOLUTION, PLANAR, RESOLUTION_UNIT, PREDICTOR, PALETTE = 282, 283, 284, 296, 317, 320
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_SIZES, SUB_PAGES, EXTRA, SAMPLE_FORMAT = 322, 323, 324, 325, 330, 338, 339
JPEG_START, JPEG_SIZE, XMP, IPTC, PHOTOSHOP, EXIF, ICC, GPS, LAYERS = (
    513,
    514,
    700,
    33723,
    34377,
    34665,
    34675,
    34853,
    37724,
)
INTEROPERABILITY, DNG_VERSION = 40965, 50706
_POINTERS = frozenset({SUB_PAGES, EXIF, GPS, INTEROPERABILITY})
_DATA = {STRIPS: STRIP_SIZES, TILES: TILE_SIZES, JPEG_START: JPEG_SIZE}
_MOST_FIELDS = 200_000


class TiffError(ValueError):
    """The structure is broken."""


@dataclass(frozen=True)
class Field:
    """The values of a tag: field type and bytes in the order of the file."""

    kind: int
    data: bytes | memoryview


@dataclass
class Directory:
    """One page, or one table that a page points to.

    Attributes:
        fields: tag -> values, without those that are offsets.
        data: tag of the offsets (strips, tiles, thumbnail) -> the pieces.
        tables: tag of the pointer -> the tables.
    """

    fields: dict[int, Field] = field(default_factory=dict)
    data: dict[int, list[memoryview | bytes]] = field(default_factory=dict)
    tables: dict[int, list[Directory]] = field(default_factory=dict)


@dataclass
class Tiff:
    """A file: byte order (``<`` or ``>``), BigTIFF or not, pages."""

    order: Order
    big: bool
    pages: list[Directory]

    def numbers(self, directory: Directory, tag: int) -> list[int]:
        """The values of an integer field; empty if absent."""
        found = directory.fields.get(tag)
        if found is None or found.kind not in _CODES:
            return []
        count = len(found.data) // SIZES[found.kind]
        return list(struct.unpack(f"{self.order}{count}{_CODES[found.kind]}", found.data))

    def number(self, directory: Directory, tag: int, default: int) -> int:
        """The first value of an integer field."""
        return next(iter(self.numbers(directory, tag)), default)

    def short(self, *values: int) -> Field:
        """A field of 16-bit numbers."""
        return Field(3, struct.pack(f"{self.order}{len(values)}H", *values))

    def long(self, *values: int) -> Field:
        """A field of 32-bit numbers."""
        return Field(4, struct.pack(f"{self.order}{len(values)}I", *values))

    def fraction(self, value: float) -> Field:
        """A field of one fraction."""
        return Field(5, struct.pack(f"{self.order}2I", round(value * 10000), 10000))


def parse(source: bytes) -> Tiff:
    """Take a file apart.

    Raises:
        TiffError: no TIFF, a loop, or a table outside the file.
    """
    orders: dict[bytes, tuple[Order, bool]] = {
        b"II*\0": ("<", False),
        b"MM\0*": (">", False),
        b"II+\0": ("<", True),
        b"MM\0+": (">", True),
    }
    if source[:4] not in orders:
        raise TiffError("no TIFF header")
    order, big = orders[source[:4]]
    reader = _Reader(memoryview(source), order, big)
    tiff = Tiff(order, big, reader.chain(reader.unpack("Q", 8) if big else reader.unpack("I", 4)))
    if not tiff.pages:
        raise TiffError("holds no page")
    return tiff


class _Reader:
    """Follows offsets through a file, each at most once."""

    def __init__(self, source: memoryview, order: Order, big: bool) -> None:
        self.source, self.order, self.big = source, order, big
        self.seen: set[int] = set()
        self.fields = 0

    def unpack(self, code: str, at: int) -> int:
        if at < 0 or at + struct.calcsize(code) > len(self.source):
            raise TiffError("ends early")
        return int(struct.unpack_from(self.order + code, self.source, at)[0])

    def chain(self, at: int) -> list[Directory]:
        found = []
        while at:
            directory, at = self.table(at)
            found.append(directory)
        return found

    def table(self, at: int) -> tuple[Directory, int]:
        if at in self.seen:
            raise TiffError("has a loop")
        self.seen.add(at)
        count = self.unpack("Q" if self.big else "H", at)
        start, step = at + (8 if self.big else 2), 20 if self.big else 12
        link = start + count * step
        self.fields += count
        if link + (8 if self.big else 4) > len(self.source) or self.fields > _MOST_FIELDS:
            raise TiffError("ends early")
        directory = Directory()
        for place in range(start, link, step):
            self._read_field(directory, place)
        self._follow(directory)
        return directory, self.unpack("Q" if self.big else "I", link)

    def _read_field(self, directory: Directory, place: int) -> None:
        tag, kind = self.unpack("H", place), self.unpack("H", place + 2)
        count = self.unpack("Q" if self.big else "I", place + 4)
        inline, code = (8, "Q") if self.big else (4, "I")
        at = place + 12 if self.big else place + 8
        size = SIZES.get(kind, 0) * count
        if size > inline:
            at = self.unpack(code, at)
        if size and at + size <= len(self.source):
            directory.fields[tag] = Field(kind, self.source[at : at + size])

    def _follow(self, directory: Directory) -> None:
        """Replace offsets by what they point to."""
        plain = Tiff(self.order, self.big, [])
        for tag, sizes_tag in _DATA.items():
            starts, sizes = plain.numbers(directory, tag), plain.numbers(directory, sizes_tag)
            if not starts:
                continue
            if len(starts) != len(sizes) or any(s + n > len(self.source) for s, n in zip(starts, sizes, strict=True)):
                raise TiffError("ends early")
            del directory.fields[tag]
            directory.data[tag] = [self.source[s : s + n] for s, n in zip(starts, sizes, strict=True)]
        for tag in _POINTERS & directory.fields.keys():
            offsets = plain.numbers(directory, tag)
            del directory.fields[tag]
            tables = []
            for offset in offsets:
                try:
                    tables.append(self.table(offset)[0])
                except TiffError:
                    continue  # private tables may be damaged without harm to the picture
            if tables:
                directory.tables[tag] = tables


def assemble(tiff: Tiff) -> bytes:
    """Put a file together."""
    writer = _Writer(tiff.order, tiff.big)
    link = 8 if tiff.big else 4
    for page in tiff.pages:
        link = writer.table(page, link)
    return b"".join(writer.pieces)


class _Writer:
    """Appends pieces and fills in the links between them afterwards."""

    def __init__(self, order: Order, big: bool) -> None:
        self.order, self.big = order, big
        mark = b"II" if order == "<" else b"MM"
        head = struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)
        self.pieces: list[bytes | bytearray | memoryview] = [bytearray(mark + head)]
        self.size = len(self.pieces[0])
        self.places: dict[int, bytearray] = {0: self.pieces[0]}  # type: ignore[dict-item]

    def append(self, piece: bytes | bytearray | memoryview) -> int:
        if self.size % 2:
            self.pieces.append(b"\0")
            self.size += 1
        at = self.size
        self.pieces.append(piece)
        self.size += len(piece)
        return at

    def table(self, directory: Directory, link: int, inside: bytearray | None = None) -> int:
        """Write a table and set the link to it (an offset into ``inside``, else into the file); its own link."""
        holder = inside if inside is not None else self.places[0]
        fields = dict(directory.fields)
        pointer = 16 if self.big else 4
        for tag, pieces in directory.data.items():
            fields[tag] = self._offsets(pointer, [self.append(piece) for piece in pieces])
            fields[_DATA[tag]] = self._offsets(pointer, [len(piece) for piece in pieces])
        for tag, tables in directory.tables.items():
            offsets = []
            for table in tables:
                slot = bytearray(8)
                self.table(table, 0, slot)
                (offset,) = struct.unpack_from(self.order + ("Q" if self.big else "I"), slot)
                offsets.append(offset)
            fields[tag] = self._offsets(pointer, offsets)
        body = bytearray(struct.pack(self.order + ("Q" if self.big else "H"), len(fields)))
        for tag, values in sorted(fields.items()):
            body += self._line(tag, values)
        body += bytes(8 if self.big else 4)
        at = self.append(body)
        struct.pack_into(self.order + ("Q" if self.big else "I"), holder, link, at)
        if inside is None:
            self.places[0] = body  # the next page is linked from here
            return len(body) - (8 if self.big else 4)
        return 0

    def _line(self, tag: int, values: Field) -> bytes:
        inline, code = (8, "Q") if self.big else (4, "I")
        head = struct.pack(self.order + "HH" + code, tag, values.kind, len(values.data) // SIZES[values.kind])
        if len(values.data) <= inline:
            return head + bytes(values.data).ljust(inline, b"\0")
        return head + struct.pack(self.order + code, self.append(values.data))

    def _offsets(self, kind: int, values: Iterable[int]) -> Field:
        numbers = list(values)
        if not self.big and max(numbers, default=0) > 0xFFFFFFFF:
            raise TiffError("over 4 GB: only BigTIFF holds that")
        return Field(kind, struct.pack(f"{self.order}{len(numbers)}{_CODES[kind]}", *numbers))
