"""A second opinion on a matte: parts stay where another network found a person too.

A matting network answers for every pixel, and what stands out against its surroundings (a rock, a sign, a bird) may
come out as a person. A detector answers for whole figures. Their mistakes differ, so what both see is mostly someone.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha

_SEEN = 0.05
"""Alpha from which pixels hold together as one part."""
_SURE = 0.5
_WITHIN = 0.3
"""Share of a part that lies in a person's box, or of a box that a part fills: so much belongs together. Low, as boxes
of people behind others and of people cut by the frame are often too small."""


def confirmed(alpha: Alpha, boxes: NDArray[np.floating]) -> tuple[Alpha, int]:
    """``alpha`` without the parts in which a detector sees nobody.

    Args:
        alpha: h x w float32, 0..1; not changed.
        boxes: K x 4, left, top, right, bottom of the people found, as shares (0..1) of width and height.

    Returns:
        A new alpha, and how many parts were left out.
    """
    height, width = alpha.shape
    sure = alpha > _SURE
    count, labels = cv2.connectedComponents((alpha > _SEEN).view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    masses = np.bincount(labels[sure], minlength=count)
    kept = np.zeros(count, np.bool_)
    for left, top, right, bottom in boxes * [width, height, width, height]:
        rows = slice(max(0, math.floor(top)), max(0, math.ceil(bottom)))
        columns = slice(max(0, math.floor(left)), max(0, math.ceil(right)))
        inside = np.bincount(labels[rows, columns][sure[rows, columns]], minlength=count)
        kept |= (inside > 0) & ((inside > _WITHIN * masses) | (inside > _WITHIN * (right - left) * (bottom - top)))
    masses[0], kept[0] = 0, False
    # The faintest rim of a part carries no label; it goes with its part.
    around = cv2.dilate(kept[labels].view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    stays = around & (kept[labels] | (labels == 0))
    return np.where(stays, alpha, np.float32(0)), int(np.count_nonzero((masses > 0) & ~kept))
