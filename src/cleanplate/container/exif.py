"""EXIF blocks, edited where they lie: nothing moves, so maker notes (which hold absolute offsets) stay valid."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from cleanplate.container.tags import Entry, Table, TagError, Tags
from cleanplate.picture import Orientation

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x0112, 0x011A, 0x011B, 0x0128
SUB_IFDS, EXIF_IFD, GPS_IFD = 0x014A, 0x8769, 0x8825
PIXEL_WIDTH, PIXEL_HEIGHT = 0xA002, 0xA003
XMP, IPTC, PHOTOSHOP, ICC = 0x02BC, 0x83BB, 0x8649, 0x8773
_DATA_PLACES = ((0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202))  # strips, tiles, JPEG thumbnail

# A JPEG inside another block is a preview. Some makers change its first byte, so the second one starts the search.
_PREVIEW = re.compile(rb"\xd8\xff[\xc0-\xc4\xdb\xdd\xe0-\xef\xfe]")


@dataclass(frozen=True)
class ExifEdit:
    """What to change in a block; previews always go.

    Attributes:
        orientation: new value of the tag; None keeps it.
        size: new width and height in the tags that repeat it; None keeps them.
        strip_gps: take the place out.
    """

    orientation: Orientation | None = None
    size: tuple[int, int] | None = None
    strip_gps: bool = False


def orientation(block: bytes | None) -> Orientation:
    """The orientation tag of an EXIF block; 1 (upright) if it is absent or makes no sense."""
    return valid_orientation(_first_value(block, ORIENTATION))


def valid_orientation(value: int | None) -> Orientation:
    """The number as an orientation; 1 if it is none."""
    return value if value in (1, 2, 3, 4, 5, 6, 7, 8) else 1  # type: ignore[return-value]


def dpi(block: bytes | None) -> tuple[float, float] | None:
    """Pixels per inch from an EXIF block."""
    try:
        tags = Tags(block or b"")
        table = tags.table(tags.first)
        across, down = table.find(X_RESOLUTION), table.find(Y_RESOLUTION)
        if across is None or down is None:
            return None
        x, y = tags.fraction(across), tags.fraction(down)
    except TagError:
        return None
    if not x or not y or not (0 < x < 1e6 and 0 < y < 1e6):
        return None
    scale = 2.54 if _first_value(block, RESOLUTION_UNIT) == 3 else 1.0
    return x * scale, y * scale


def edited(block: bytes, edit: ExifEdit) -> bytes | None:
    """The block without thumbnails and previews and with ``edit`` applied; None if it is too damaged to be edited."""
    buffer = bytearray(block)
    try:
        tags = Tags(buffer)
        main = tags.table(tags.first)
        _drop_following(tags, main)
        _drop_sub_tables(tags, main)
        _blank_data(tags, main)
        _edit_values(tags, main, edit)
        if edit.strip_gps:
            _drop_gps(tags)
    except TagError:
        return None
    _blank_previews(buffer)
    return bytes(buffer)


def holds_preview(data: bytes | memoryview) -> bool:
    """True if a JPEG hides in the bytes."""
    return _PREVIEW.search(data) is not None


def _first_value(block: bytes | None, tag: int) -> int | None:
    try:
        tags = Tags(block or b"")
        entry = tags.table(tags.first).find(tag)
        return None if entry is None else next(iter(tags.values(entry)), None)
    except TagError:
        return None


def _drop_following(tags: Tags, main: Table) -> None:
    """Take out the thumbnail table (IFD1) and all after it."""
    try:
        for table in tags.chain(tags.number("I", main.link)):
            _blank_table(tags, table)
    except TagError:
        pass  # what lies outside the block cannot be shown; the link goes all the same
    _write(tags, main.link, "I", 0)


def _drop_sub_tables(tags: Tags, main: Table) -> None:
    entry = main.find(SUB_IFDS)
    if entry is None:
        return
    for at in tags.values(entry):
        try:
            for table in tags.chain(at):
                _blank_table(tags, table)
        except TagError:
            continue
    _remove(tags, entry)


def _blank_table(tags: Tags, table: Table) -> None:
    _blank_data(tags, table)
    _fill(tags.block, table.at, table.link + 4)


def _blank_data(tags: Tags, table: Table) -> None:
    for place, length in _DATA_PLACES:
        starts, sizes = table.find(place), table.find(length)
        if starts is not None and sizes is not None:
            for start, size in zip(tags.values(starts), tags.values(sizes), strict=False):
                _fill(tags.block, start, start + size)


def _edit_values(tags: Tags, main: Table, edit: ExifEdit) -> None:
    if edit.orientation is not None:
        _set(tags, main.find(ORIENTATION), edit.orientation)
    pointer = main.find(EXIF_IFD)
    if edit.size is None or pointer is None or not tags.values(pointer):
        return
    try:
        inner = tags.table(tags.values(pointer)[0])
    except TagError:
        return
    _set(tags, inner.find(PIXEL_WIDTH), edit.size[0])
    _set(tags, inner.find(PIXEL_HEIGHT), edit.size[1])


def _set(tags: Tags, entry: Entry | None, value: int) -> None:
    if entry is not None and entry.kind in (3, 4) and entry.number == 1:
        _write(tags, entry.start, {3: "H", 4: "I"}[entry.kind], value)


def _drop_gps(tags: Tags) -> None:
    entry = tags.table(tags.first).find(GPS_IFD)
    if entry is None:
        return
    for at in tags.values(entry):
        try:
            table = tags.table(at)
        except TagError:
            continue
        for value in table.entries:
            _fill(tags.block, value.start, value.start + value.size)
        _fill(tags.block, table.at, table.link + 4)
    _remove(tags, entry)


def _remove(tags: Tags, entry: Entry) -> None:
    """Take one line out of the first table; the lines after it and the link move up."""
    first = tags.first
    main = tags.table(first)
    buffer = tags.block
    assert isinstance(buffer, bytearray)
    buffer[entry.at : main.link - 8] = buffer[entry.at + 12 : main.link + 4]
    _fill(buffer, main.link - 8, main.link + 4)
    _write(tags, first, "H", tags.number("H", first) - 1)


def _blank_previews(buffer: bytearray) -> None:
    found = _PREVIEW.search(buffer)
    while found is not None:
        start = max(0, found.start() - 1)
        end = buffer.find(b"\xff\xd9", found.end())
        _fill(buffer, start, len(buffer) if end == -1 else end + 2)
        found = _PREVIEW.search(buffer, found.end())


def _fill(block: bytes | bytearray, start: int, end: int) -> None:
    assert isinstance(block, bytearray)
    start, end = max(8, start), min(len(block), end)
    if end > start:
        block[start:end] = bytes(end - start)


def _write(tags: Tags, at: int, code: str, value: int) -> None:
    assert isinstance(tags.block, bytearray)
    try:
        struct.pack_into(tags.order + code, tags.block, at, value)
    except struct.error:
        raise TagError("value does not fit") from None
