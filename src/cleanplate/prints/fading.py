"""Bringing faded pictures back: the darkest and lightest tones to black and white, the tint of a faded print kept.

The levels are stretched between percentiles of light, so that single specks and scratches do not count. Colour prints,
whose dyes faded differently, get each channel stretched mostly on its own.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image, Mask

_CLIPPED = 0.4
"""Percent of the pixels at either end that may become black or white."""
_SAMPLE = 1024
_LEAST_SPAN = 0.08
"""Pictures that use less than this share of the range hold nothing that could be stretched without becoming noise."""
_COLOURFUL = 0.03
"""Spread of Cb and Cr (0..1) from which a print counts as a colour print; sepia has one tint everywhere."""
_OWN = 0.8
_BAND = 256


def unfaded(image: Image, *, uncounted: Mask | None = None) -> Image:
    """Correct fading.

    Args:
        image: H x W x 3 uint8 or uint16; not changed.
        uncounted: H x W bool, pixels that do not count for the levels, such as a border.

    Returns:
        A new picture. Grey stays grey.
    """
    low, high = _levels(image, uncounted)
    top = int(np.iinfo(image.dtype).max)
    tables = [_table(low[channel], high[channel], top, image.dtype) for channel in range(3)]
    result = np.empty_like(image)
    for start in range(0, len(image), _BAND):
        band = image[start : start + _BAND]
        for channel, table in enumerate(tables):
            result[start : start + _BAND, :, channel] = table[band[..., channel]]
    return result


def _levels(image: Image, uncounted: Mask | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The level of each channel that becomes black, and the one that becomes white, in 0..1."""
    zoom = min(1.0, _SAMPLE / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom))
    small: NDArray[Any] = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    small = small / np.float32(np.iinfo(image.dtype).max)
    pixels = small.reshape(-1, 3)
    if uncounted is not None:
        touched = cv2.resize(uncounted.view(np.uint8), size, interpolation=cv2.INTER_AREA).reshape(-1) > 0
        pixels = pixels if touched.mean() > 0.9 else pixels[~touched]
    low, high = np.percentile(pixels, (_CLIPPED, 100 - _CLIPPED), axis=0)
    light = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    dark, bright = np.percentile(light, (_CLIPPED, 100 - _CLIPPED))
    if bright - dark < _LEAST_SPAN:
        return np.zeros(3), np.ones(3)
    tint = pixels - light[:, None]
    own = _OWN if float(tint.std(axis=0).max()) > _COLOURFUL else 0.0
    common_low, common_high = np.full(3, dark), np.full(3, bright)
    return common_low + own * (low - common_low), common_high + own * (high - common_high)


def _table(low: float, high: float, top: int, dtype: Any) -> NDArray[Any]:
    """The new level of each old one."""
    levels = np.arange(top + 1, dtype=np.float64) / top
    stretched = (levels - low) / max(high - low, 1e-3)
    return np.asarray(np.rint(np.clip(stretched, 0.0, 1.0) * top), dtype)
