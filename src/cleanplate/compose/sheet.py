"""Contact sheets: pictures of one size side by side, for judging a result at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanplate.compose.overlay import shrunk, shrunk_mask
from cleanplate.errors import ArrayError
from cleanplate.types import Image, Mask, check_image, check_mask

_GAP = 8
_PAPER = 255
_HOLE = (255, 0, 255)


def sheet(pictures: Sequence[Image], *, longest: int = 2048) -> NDArray[np.uint8]:
    """Pictures in a row, or below each other where they are wide, on white.

    Args:
        pictures: one or more H x W x 3 pictures of one size, uint8 or uint16.
        longest: longest side of each picture on the sheet, in pixels.

    Returns:
        A new uint8 RGB picture.

    Raises:
        ArrayError: no pictures, or of different sizes.
    """
    if not pictures or any(check_image(picture).shape != pictures[0].shape for picture in pictures):
        raise ArrayError("needs one or more pictures of one size", subject="sheet")
    height, width = pictures[0].shape[:2]
    axis = 0 if width > 2 * height else 1
    parts: list[NDArray[np.uint8]] = []
    for picture in pictures:
        small = shrunk(picture, longest)
        if parts:
            gap = (_GAP, small.shape[1]) if axis == 0 else (small.shape[0], _GAP)
            parts.append(np.full((*gap, 3), _PAPER, dtype=np.uint8))
        parts.append(small)
    return np.concatenate(parts, axis=axis)


def before_after(image: Image, mask: Mask, results: Sequence[Image], *, longest: int = 2048) -> NDArray[np.uint8]:
    """The sheet input | input with its hole | results.

    Args:
        image: H x W x 3, uint8 or uint16.
        mask: H x W bool, the pixels that may have changed.
        results: pictures of the size of ``image``.
        longest: longest side of each picture on the sheet, in pixels.
    """
    check_mask(mask, like=image)
    small = shrunk(image, longest)
    holed = small.copy()
    holed[shrunk_mask(mask, *small.shape[:2])] = _HOLE
    return sheet([small, holed, *(shrunk(check_image(result), longest) for result in results)], longest=longest)
