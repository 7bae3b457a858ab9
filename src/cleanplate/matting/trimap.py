"""A trimap from a segmentation: surely people, surely not, and a band between whose width the network's doubt decides.

Where the network goes from "person" to "background" within a pixel, the band is narrow; where it wavers over ten
pixels, as in hair, it is as wide as that. A hard edge has a band too, since no network is right to the pixel.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.types import Alpha, Mask, check_alpha

UNKNOWN = 0.5
"""Value of the band in a trimap; 0 and 1 are known."""

_GROWTHS = (1, 2, 4, 8, 16)
"""Half widths, in pixels, by which the band is widened where it is at least as wide itself."""


def trimap(alpha: Alpha, *, doubt: float = 0.1, least: int = 2, widest: int = 16) -> NDArray[np.float32]:
    """Divide a segmentation into known and unknown.

    Args:
        alpha: H x W float32, how likely each pixel belongs to a person; not changed.
        doubt: pixels further than this from both 0 and 1 are unknown.
        least: half width in pixels of the band at the hardest edge.
        widest: half width in pixels by which doubt may widen the band.

    Returns:
        H x W float32 of 0 (background), 0.5 (unknown) and 1 (person). Without any edge there is no band.

    Raises:
        ArrayError: ``alpha`` breaks its contract.
        ArgumentError: ``doubt`` is not within 0..0.5, or a width is negative.
    """
    check_alpha(alpha)
    if not 0.0 < doubt < 0.5:
        raise ArgumentError(f"must lie within 0..0.5, not {doubt}", subject="doubt")
    if least < 0 or widest < 0:
        raise ArgumentError(f"must not be negative, not {min(least, widest)}", subject="width of the band")
    sure = alpha >= 0.5
    wavering = (alpha > doubt) & (alpha < 1 - doubt)
    band = _grown(_edge(sure), least) | _widened(wavering, widest)
    return np.where(band, np.float32(UNKNOWN), sure.astype(np.float32))


def unknown(known: NDArray[np.float32]) -> Mask:
    """The band of a trimap, bool H x W."""
    return (known > 0.25) & (known < 0.75)


def _edge(sure: Mask) -> Mask:
    """Pixels on both sides of the edge."""
    return cv2.morphologyEx(sure.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0


def _widened(wavering: Mask, widest: int) -> Mask:
    """The wavering pixels, grown where they lie wide by about half of how wide they lie."""
    framed = cv2.copyMakeBorder(wavering.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    half: Any = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_3)[1:-1, 1:-1]
    found = wavering.copy()
    for growth in _GROWTHS:
        if growth <= widest:
            found |= _grown(half >= growth, 2 * growth)
    return found


def _grown(mask: Mask, by: int) -> Mask:
    if by == 0 or not mask.any():
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.view(np.uint8), kernel) > 0
