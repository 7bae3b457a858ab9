"""Alphas from the size of a network to the size of the picture, with the edges that the picture shows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha

_RADIUS = 2
"""Of the windows, in pixels of the small alpha, in which alpha is taken to follow brightness."""

_STEADY = 1e-3
"""Squared contrast (levels 0..1) below which the picture says nothing about the edge."""


def enlarge(alpha: Alpha, guide: NDArray[Any], *, follow: bool = True) -> NDArray[Any]:
    """Bring an alpha to the size of a picture.

    With ``follow``, alpha is taken as a linear function of brightness in small windows, whose two coefficients are
    found at the small size and enlarged instead of alpha itself ("Fast Guided Filter", He and Sun, arXiv 1505.00996).

    Args:
        alpha: h x w float32 in 0..1; not changed.
        guide: H x W brightness, uint8 (0..255) or uint16 (0..1023); not changed.
        follow: False enlarges linearly, which is faster and softer.

    Returns:
        H x W alpha in the dtype and range of ``guide``.
    """
    highest = 255 if guide.dtype == np.uint8 else 1023
    size = (guide.shape[1], guide.shape[0])
    if not follow or alpha.shape[0] >= guide.shape[0]:
        levels = np.rint(alpha * np.float32(highest)).astype(guide.dtype)
        return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_LINEAR))
    slope, level = _coefficients(alpha, guide, highest)
    wide_slope = cv2.resize(slope, size, interpolation=cv2.INTER_LINEAR)
    wide_level = cv2.resize(level, size, interpolation=cv2.INTER_LINEAR)
    # Saturating arithmetic clips to 0..255; 10 bits are clipped by hand.
    exact = cv2.multiply(wide_slope, guide, dtype=cv2.CV_32F)
    exact = cv2.add(exact, wide_level, dst=exact)
    if highest == 255:
        return np.asarray(cv2.convertScaleAbs(cv2.threshold(exact, 0, 0, cv2.THRESH_TOZERO)[1]))
    return np.clip(np.rint(exact), 0, highest).astype(guide.dtype)


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
