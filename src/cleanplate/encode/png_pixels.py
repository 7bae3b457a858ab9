"""Pixels as PNG chunks, by a compressor that takes a tenth of zlib's time for as many bytes.

Each row is stored less the one above it (filter type 2), which on photographs gives smaller files than the row's own
left neighbours and needs no choice by row.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cleanplate.container.png import Chunk

_LEVEL = 2
_UP = 2
_BAND = 128
_MOST = 1 << 30
"""Bytes of a chunk; the format ends at 2^31."""
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def pixel_chunks(planes: NDArray[Any]) -> list[Chunk]:
    """Return header, pixels and end of a PNG file.

    Args:
        planes: uint8 or uint16, H x W x 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha).
    """
    height, width, channels = planes.shape
    header = struct.pack(">IIBBBBB", width, height, 8 * planes.dtype.itemsize, _COLOUR_TYPES[channels], 0, 0, 0)
    packer = isal_zlib.compressobj(_LEVEL)
    packed = b"".join([*(packer.compress(band) for band in _filtered(planes)), packer.flush()])
    parts = [packed[start : start + _MOST] for start in range(0, len(packed), _MOST)]
    return [Chunk(b"IHDR", header), *(Chunk(b"IDAT", part) for part in parts), Chunk(b"IEND", b"")]


def _filtered(planes: NDArray[Any]) -> Iterator[bytes]:
    """Bands of rows, each row with its filter type before it; bounded memory whatever the size."""
    height = len(planes)
    above: NDArray[np.uint8] | None = None
    for top in range(0, height, _BAND):
        band = np.ascontiguousarray(planes[top : top + _BAND])
        rows = band.astype(band.dtype.newbyteorder(">"), copy=False).view(np.uint8).reshape(len(band), -1)
        lines = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        lines[:, 0] = _UP
        lines[0, 1:] = rows[0] if above is None else rows[0] - above
        np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
        above = rows[-1].copy()
        yield lines.tobytes()
