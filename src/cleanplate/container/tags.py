"""Tag tables of the TIFF structure (TIFF 6.0 section 2), as EXIF uses them: found by offset, bounds checked."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value of each field type."""
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I"}
_MOST_ENTRIES = 4096


class TagError(ValueError):
    """The structure is broken."""


class Entry(NamedTuple):
    """One line of a table: where it lies (``at``) and where its values lie (``start``, ``size`` bytes)."""

    tag: int
    kind: int
    number: int
    at: int
    start: int
    size: int


@dataclass(frozen=True)
class Table:
    """One image file directory; ``link`` is the offset of the pointer to the next one."""

    at: int
    entries: tuple[Entry, ...]
    link: int

    def find(self, tag: int) -> Entry | None:
        """The entry of a tag."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


class Tags:
    """Read access to the tables of one TIFF structure."""

    def __init__(self, block: bytes | bytearray) -> None:
        """Check the header of ``block``.

        Raises:
            TagError: it is no (classic) TIFF structure.
        """
        orders = {b"II*\0": "<", b"MM\0*": ">"}
        order = orders.get(bytes(block[:4]))
        if order is None or len(block) < 8:
            raise TagError("no TIFF header")
        self.block = block
        self.order = order

    def number(self, code: str, at: int) -> int:
        """One integer at an offset."""
        if at < 0 or at + struct.calcsize(code) > len(self.block):
            raise TagError("offset outside the block")
        (value,) = struct.unpack_from(self.order + code, self.block, at)
        return int(value)

    @property
    def first(self) -> int:
        """Offset of the first table."""
        return self.number("I", 4)

    def table(self, at: int) -> Table:
        """The table at an offset; entries whose type is unknown or whose values lie outside are left out."""
        count = self.number("H", at)
        link = at + 2 + 12 * count
        if at < 8 or count > _MOST_ENTRIES or link + 4 > len(self.block):
            raise TagError("table outside the block")
        entries = []
        for start in range(at + 2, link, 12):
            tag, kind = self.number("H", start), self.number("H", start + 2)
            amount = self.number("I", start + 4)
            size = SIZES.get(kind, 0) * amount
            values = start + 8 if size <= 4 else self.number("I", start + 8)
            if size and values + size <= len(self.block):
                entries.append(Entry(tag, kind, amount, start, values, size))
        return Table(at, tuple(entries), link)

    def chain(self, at: int) -> Iterator[Table]:
        """The table at an offset and those that follow it; a loop ends it."""
        seen: set[int] = set()
        while at and at not in seen:
            seen.add(at)
            table = self.table(at)
            yield table
            at = self.number("I", table.link)

    def values(self, entry: Entry) -> list[int]:
        """The values of an integer entry; empty for other types."""
        code = _CODES.get(entry.kind)
        if code is None:
            return []
        return list(struct.unpack_from(f"{self.order}{entry.number}{code}", self.block, entry.start))

    def fraction(self, entry: Entry) -> float | None:
        """The first value of a rational entry."""
        if entry.kind not in (5, 10) or not entry.number:
            return None
        above, below = self.number("I", entry.start), self.number("I", entry.start + 4)
        return above / below if below else None
