"""EXIF between the two places where it lives: fields of a TIFF page, and a block of its own."""

from __future__ import annotations

from cleanplate.container import tiff
from cleanplate.container.tiff import Directory, Tiff, TiffError

# What EXIF 2.32 table 4 keeps in the first table and does not describe how pixels are stored.
DESCRIBING = frozenset(
    {270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 318, 319, 532, 33432, 40091, 40092, 40093, 40094, 40095}
    | {18246, 18249}
)


def block_of(source: Tiff, page: Directory) -> bytes | None:
    """The EXIF block that says what a TIFF page says; None if it says nothing."""
    fields = {tag: values for tag, values in page.fields.items() if tag in DESCRIBING}
    tables = {tag: page.tables[tag] for tag in (tiff.EXIF, tiff.GPS) if tag in page.tables}
    if not tables and not fields.keys() - {
        tiff.ORIENTATION,
        tiff.X_RESOLUTION,
        tiff.Y_RESOLUTION,
        tiff.RESOLUTION_UNIT,
    }:
        return None
    try:
        return tiff.assemble(Tiff(source.order, False, [Directory(fields=fields, tables=tables)]))
    except (TiffError, KeyError):
        return None


def page_of(block: bytes, order: tiff.Order) -> Directory | None:
    """The fields and tables of an EXIF block, for a TIFF page of the same byte order; None if damaged."""
    try:
        parsed = tiff.parse(block)
    except TiffError:
        return None
    first = parsed.pages[0]
    if parsed.order != order:
        return None
    fields = {tag: values for tag, values in first.fields.items() if tag in DESCRIBING}
    tables = {tag: first.tables[tag] for tag in (tiff.EXIF, tiff.GPS) if tag in first.tables}
    return Directory(fields=fields, tables=tables)
