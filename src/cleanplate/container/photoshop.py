"""Photoshop image resource blocks ("8BIM"), which carry IPTC-IIM, thumbnails and much else."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

IPTC = 0x0404
SHOWS_PICTURE = frozenset({0x0409, 0x040C})
"""Thumbnail resources (1033 in Photoshop 4, 1036 since 5)."""
DUPLICATES = frozenset({0x0422, 0x0423, 0x0424})
"""Copies of EXIF (with its thumbnail) and XMP, which are kept in their own places."""


class Resource(NamedTuple):
    """One block: its number and its bytes as they lie in the file (header, data, padding)."""

    number: int
    encoded: bytes
    data: bytes


def resources(block: bytes) -> Iterator[Resource]:
    """The resources of a block, as far as it is intact."""
    at = 0
    while at + 12 <= len(block) and block[at : at + 4] in (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"):
        (number,) = struct.unpack_from(">H", block, at + 4)
        name_size = block[at + 6] + 1
        start = at + 6 + name_size + name_size % 2
        if start + 4 > len(block):
            return
        (size,) = struct.unpack_from(">I", block, start)
        end = start + 4 + size
        if end > len(block):
            return
        yield Resource(number, block[at : end + size % 2], block[start + 4 : end])
        at = end + size % 2


def without_pictures(block: bytes) -> bytes:
    """The block without thumbnails and without copies of other metadata; what cannot be parsed is left out."""
    kept = (r for r in resources(block) if r.number not in SHOWS_PICTURE | DUPLICATES)
    return b"".join(resource.encoded + b"\0" * (len(resource.encoded) % 2) for resource in kept)


def iptc(block: bytes) -> bytes | None:
    """The IPTC-IIM record, if there is one."""
    return next((resource.data for resource in resources(block) if resource.number == IPTC), None)


def iptc_block(record: bytes) -> bytes:
    """A block that holds just an IPTC-IIM record."""
    return b"8BIM" + struct.pack(">HHI", IPTC, 0, len(record)) + record + b"\0" * (len(record) % 2)
