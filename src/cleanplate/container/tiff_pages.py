"""A TIFF of several pages as files of one page each, and back."""

from __future__ import annotations

from collections.abc import Sequence

from cleanplate.container import tiff
from cleanplate.container.tiff import Directory, Tiff

_REDUCED = 2


def split(data: bytes) -> tuple[list[bytes], int]:
    """The pages of a file as files of their own, and how many reduced copies of pages (previews) were left out.

    A file of one page comes back as it is.

    Raises:
        TiffError: the structure is broken.
    """
    source = tiff.parse(data)
    pages = [page for number, page in enumerate(source.pages) if number == 0 or not _is_reduced(source, page)]
    left_out = len(source.pages) - len(pages)
    if len(pages) == 1:
        return [data], 0
    return [tiff.assemble(Tiff(source.order, source.big, [page])) for page in pages], left_out


def join(files: Sequence[bytes]) -> bytes:
    """One file of the first pages of several, which must agree in byte order and size of offsets.

    Raises:
        TiffError: over 4 GB in a classic TIFF.
    """
    parsed = [tiff.parse(data) for data in files]
    return tiff.assemble(Tiff(parsed[0].order, parsed[0].big, [each.pages[0] for each in parsed]))


def _is_reduced(source: Tiff, page: Directory) -> bool:
    return bool(source.number(page, tiff.NEW_SUBFILE, 0) & 1 or source.number(page, tiff.SUBFILE, 1) == _REDUCED)
