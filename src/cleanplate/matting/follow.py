"""Alphas from the size of a network to the size of the picture, with the edges that the picture shows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.planes import partly_covered
from cleanplate.types import Alpha

_RADIUS = 2
"""Of the windows, in pixels of the small alpha, in which alpha is taken to follow brightness."""

_STEADY = 1e-3
"""Squared contrast (levels 0..1) below which the picture says nothing about the edge."""


def enlarge(alpha: Alpha, guide: NDArray[Any], *, follow: bool = True) -> NDArray[Any]:
    """Bring an alpha to the size of a picture.

    With ``follow``, alpha is taken as a linear function of brightness in small windows along the edge, whose two
    coefficients are found at the small size and enlarged instead of alpha itself ("Fast Guided Filter", He and Sun,
    arXiv 1505.00996). What is surely person or background is not touched.

    Args:
        alpha: h x w float32 in 0..1; not changed.
        guide: H x W brightness, uint8 (0..255) or uint16 (0..1023); not changed.
        follow: False enlarges linearly, which is faster and softer.

    Returns:
        H x W alpha in the dtype and range of ``guide``.
    """
    highest = 255 if guide.dtype == np.uint8 else 1023
    levels = np.rint(alpha * np.float32(highest)).astype(guide.dtype)
    wide = np.asarray(cv2.resize(levels, (guide.shape[1], guide.shape[0]), interpolation=cv2.INTER_LINEAR))
    if not follow or alpha.shape[0] >= guide.shape[0]:
        return wide
    rows, columns = partly_covered(wide)
    if not rows.size:
        return wide
    slope, level = _coefficients(alpha, guide, highest)
    down = ((rows + np.float32(0.5)) * np.float32(alpha.shape[0] / guide.shape[0]) - np.float32(0.5)).astype(np.float32)
    across = ((columns + np.float32(0.5)) * np.float32(alpha.shape[1] / guide.shape[1]) - np.float32(0.5)).astype(
        np.float32
    )
    exact = _sampled(slope, across, down) * guide[rows, columns] + _sampled(level, across, down)
    wide[rows, columns] = np.clip(np.rint(exact), 0, highest)
    return wide


def _sampled(small: NDArray[np.float32], across: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values of a small plane at places given in its own pixels, linearly between them.

    OpenCV takes at most 32,767 rows, hence the folding.
    """
    rows = -(-across.size // 4096)
    x, y = (np.resize(each, (rows, 4096)) for each in (across, down))
    found = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).ravel()[: across.size]


def _coefficients(alpha: Alpha, guide: NDArray[Any], highest: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slope and level of alpha (0..highest) over brightness (0..highest), at the size of ``alpha``."""
    window = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    small = cv2.resize(guide, (alpha.shape[1], alpha.shape[0]), interpolation=cv2.INTER_AREA)
    light = small.astype(np.float32) * np.float32(1 / highest)
    mean_light, mean_alpha = cv2.blur(light, window), cv2.blur(alpha, window)
    spread = cv2.blur(light * light, window) - mean_light * mean_light
    common = cv2.blur(light * alpha, window) - mean_light * mean_alpha
    slope: NDArray[Any] = np.asarray(common / (spread + np.float32(_STEADY)))
    level: NDArray[Any] = np.asarray(mean_alpha - slope * mean_light)
    # The means of flat windows are rounded: pure background and pure foreground stay what they are.
    wide = np.asarray(cv2.blur(slope, window), np.float32), np.asarray(cv2.blur(level, window), np.float32)
    return wide[0], wide[1] * np.float32(highest)
