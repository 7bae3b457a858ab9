"""A 64-bit hash that near-duplicate pictures share, nearly.

The usual DCT hash (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010): grey,
32 x 32, the 8 x 8 lowest frequencies against their median. Being made from a squeezed square it survives stretching.
Ten lines of OpenCV on pixels that are decoded already; the ImageHash package would bring PyWavelets and Pillow's
slower resizing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE, _KEPT = 32, 8


def perceptual_hash(picture: NDArray[np.uint8]) -> int:
    """Hash of a uint8 RGB picture, as an integer below 2^64."""
    return hash_pair(picture)[0]


def hash_pair(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """Hashes of a uint8 RGB picture and of its mirror image."""
    small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.dct(small.astype(np.float32))[:_KEPT, :_KEPT], np.float32)
    # A mirror image has the same spectrum with the odd horizontal frequencies negated.
    mirrored = low * np.where(np.arange(_KEPT) % 2, -1, 1).astype(np.float32)
    return _bits(low), _bits(mirrored)


def distances(hash_: int, others: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Number of differing bits to each of N hashes."""
    differing = (others ^ np.uint64(hash_))[:, np.newaxis].view(np.uint8)
    return np.asarray(_ONES[differing].sum(axis=1))


_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1).sum(axis=1).astype(np.int64)


def _bits(spectrum: NDArray[np.float32]) -> int:
    flat = spectrum.ravel()
    # The mean brightness (first coefficient) says nothing about the picture; without it the median is fair.
    return int.from_bytes(np.packbits(flat > np.median(flat[1:])).tobytes(), "big")
