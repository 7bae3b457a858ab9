"""TIFF pages whose strips or tiles are JPEG streams (TIFF supplement 2, compression 7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from cleanplate.container import tiff

_TABLES = 347
_UNTRANSFORMED = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
_SPACES = {1: "GRAY", 3: "RGB", 4: "CMYK"}


def unpacked(parsed: tiff.Tiff, page: tiff.Directory) -> NDArray[np.uint8]:
    """H x W x C samples of a page; each stream is decoded strictly.

    Raises:
        TiffError: a stream is damaged or of another size than its place.
    """
    height, width = parsed.number(page, tiff.HEIGHT, 0), parsed.number(page, tiff.WIDTH, 0)
    channels = parsed.number(page, tiff.CHANNELS, 1)
    if channels not in _SPACES or parsed.number(page, tiff.PLANAR, 1) != 1:
        raise tiff.TiffError("layout of JPEG strips is not known")
    tiled = tiff.TILES in page.data
    wide = parsed.number(page, tiff.TILE_WIDTH, 0) if tiled else width
    tall = parsed.number(page, tiff.TILE_HEIGHT if tiled else tiff.ROWS_PER_STRIP, 0 if tiled else height)
    pieces = page.data.get(tiff.TILES if tiled else tiff.STRIPS, [])
    if not 0 < wide <= 1 << 16 or tall <= 0:
        raise tiff.TiffError("impossible strip size")
    places = [(top, left) for top in range(0, height, tall) for left in range(0, width, wide)]
    if len(places) != len(pieces):
        raise tiff.TiffError("wrong number of strips")
    result = np.empty((height, width, channels), np.uint8)
    head = _head(parsed, page)
    for (top, left), piece in zip(places, pieces, strict=True):
        part = _decoded(head, bytes(piece), _SPACES[channels], (min(tall, height), wide))
        target = result[top : top + tall, left : left + wide]
        if part.shape[0] < target.shape[0] or part.shape[1] < target.shape[1]:
            raise tiff.TiffError("a JPEG strip is too small")
        target[:] = part[: target.shape[0], : target.shape[1]]
    return result


def _head(parsed: tiff.Tiff, page: tiff.Directory) -> bytes:
    """What goes before each stream: SOI, the shared tables, and a word on colours that are not YCbCr."""
    tables = page.fields.get(_TABLES)
    shared = bytes(tables.data)[2:-2] if tables is not None else b""
    plain = parsed.number(page, tiff.PHOTOMETRIC, 1) in (2, 5)
    return b"\xff\xd8" + (_UNTRANSFORMED if plain else b"") + shared


def _decoded(head: bytes, stream: bytes, space: str, most: tuple[int, int]) -> NDArray[Any]:
    data = head + stream[2:]
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        if height > most[0] + 64 or width > most[1] + 64:
            raise tiff.TiffError("a JPEG strip is too large")
        decoded: NDArray[Any] = simplejpeg.decode_jpeg(data, space, strict=True)
    except ValueError as error:
        raise tiff.TiffError(str(error)) from None
    return decoded
