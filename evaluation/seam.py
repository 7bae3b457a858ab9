"""Does the border of the hole show?

The *seam* of a filled picture is the mean jump between neighbouring pixels across the hole's border, divided by the
same mean across outlines that run parallel to the border through known ground (8 to 40 pixels away). A jump is the
absolute difference of a horizontally or vertically adjacent pair, averaged over the colour channels.

1 = the border is like the picture beside it; above 1 = a visible edge; below 1 = the border is smoother than the
picture. At ``scale`` > 1 the same is measured on means of scale x scale cells, which finds steps of colour that a
feathered border hides from pairs of single pixels.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from cleanplate.types import Image, Mask, check_image, check_mask

_NEAREST, _FARTHEST, _APART = 8, 40, 4
_QUANTISATION = 0.25
"""Jump, in 8-bit levels, that rounding alone makes; added to both means so that flat skies stay near 1."""


def seam(picture: Image, hole: Mask, *, scale: int = 1) -> float:
    """The seam of ``picture`` along the border of ``hole``; see the module for the definition.

    Args:
        picture: H x W x 3 uint8 or uint16, filled.
        hole: H x W bool, what was filled.
        scale: side of the cells whose means are compared, pixels.

    Returns:
        The ratio; 1 is best.

    Raises:
        ArrayError: a contract is broken, or there is no border, or no known ground beside it.
    """
    check_image(picture)
    check_mask(hole, like=picture, name="hole")
    levels = np.asarray(picture, np.float32) / np.float32(1 if picture.dtype == np.uint8 else 257)
    levels, hole = _cells(levels, hole, scale)
    outside = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    border = _mean_jump(levels, hole)
    parallels = [
        value
        for reach in range(_NEAREST, _FARTHEST + 1, _APART)
        if (value := _mean_jump(levels, outside < reach)) is not None
    ]
    if border is None or not parallels:
        raise ArrayError("has no border with known ground beside it", subject="hole")
    return (border + _QUANTISATION) / (float(np.mean(parallels)) + _QUANTISATION)


def _cells(picture: NDArray[np.float32], hole: Mask, scale: int) -> tuple[NDArray[np.float32], Mask]:
    if scale == 1:
        return picture, hole
    height, width = (max(1, side // scale) for side in hole.shape)
    whole = slice(0, height * scale), slice(0, width * scale)
    share = cv2.resize(hole[whole].astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    means = cv2.resize(picture[whole], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32), np.asarray(share >= 0.5)


def _mean_jump(picture: NDArray[np.float32], inside: Mask) -> float | None:
    """Mean jump over adjacent pairs of which one lies inside; None if there is no such pair."""
    across = inside[:, 1:] != inside[:, :-1], inside[1:] != inside[:-1]
    count = sum(int(np.count_nonzero(pairs)) for pairs in across)
    if not count:
        return None
    total = _jumps(picture[:, 1:], picture[:, :-1], across[0]) + _jumps(picture[1:], picture[:-1], across[1])
    return total / count


def _jumps(a: NDArray[Any], b: NDArray[Any], pairs: Mask) -> float:
    return float(np.abs(a[pairs] - b[pairs]).mean(axis=1).sum()) if pairs.any() else 0.0
