"""Boxes of HEIC and AVIF files (ISO/IEC 14496-12 and 23008-12): just what the libraries do not hand out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_HOLDERS = frozenset({b"meta", b"iprp", b"ipco"})


class Colours(NamedTuple):
    """Coding-independent code points (ITU-T H.273)."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the contents of each box that describes pictures, outer ones first."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        stop = end if size == 0 else start + size
        if stop > end or stop < body:
            return
        yield kind, body, stop
        if kind in _HOLDERS:
            yield from boxes(data, body + (4 if kind == b"meta" else 0), stop)
        start = stop


def colours(data: bytes) -> Colours | None:
    """The first ``nclx`` colour description; None if there is none."""
    for kind, start, end in boxes(data):
        if kind == b"colr" and data[start : start + 4] == b"nclx" and end - start >= 11:
            primaries, transfer, matrix, flags = struct.unpack_from(">HHHB", data, start + 4)
            return Colours(primaries, transfer, matrix, bool(flags & 0x80))
    return None


def with_colours(data: bytes, wanted: Colours) -> bytes:
    """The file with primaries and transfer of ``wanted`` in its ``nclx`` descriptions; matrix and range stay."""
    result = bytearray(data)
    for kind, start, end in boxes(data):
        if kind == b"colr" and data[start : start + 4] == b"nclx" and end - start >= 11:
            struct.pack_into(">HH", result, start + 4, wanted.primaries, wanted.transfer)
    return bytes(result)


def av1_layout(data: bytes) -> tuple[int, str] | None:
    """Bit depth and subsampling (``4:4:4``, ``4:2:2``, ``4:2:0`` or ``4:0:0``) of the first AV1 picture."""
    for kind, start, end in boxes(data):
        if kind == b"av1C" and end - start >= 4:
            flags = data[start + 2]
            depth = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
            if flags & 0x10:
                return depth, "4:0:0"
            return depth, {0: "4:4:4", 8: "4:2:2", 12: "4:2:0"}.get(flags & 12, "4:2:0")
    return None


def frames(data: bytes) -> bool:
    """True if the file also holds a sequence (a track)."""
    return any(kind == b"moov" for kind, _, _ in boxes(data))


def hevc_chroma(data: bytes) -> int | None:
    """``chroma_format_idc`` of the first HEVC picture: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
    for kind, start, end in boxes(data):
        if kind == b"hvcC" and end - start > 16:
            return data[start + 16] & 3
    return None
