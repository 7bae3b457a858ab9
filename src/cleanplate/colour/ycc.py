"""Light and chroma: Y, Cb, Cr of ITU-R BT.601 in full range, as in JPEG; light 0..1, chroma as offsets -0.5..0.5."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image

FloatArray = NDArray[np.float32]

RED, GREEN, BLUE = 0.299, 0.587, 0.114
"""Shares of light."""

_CR_TO_RED, _CB_TO_BLUE = 1.402, 1.772
_CB_TO_GREEN, _CR_TO_GREEN = -_CB_TO_BLUE * BLUE / GREEN, -_CR_TO_RED * RED / GREEN


def light(pixels: NDArray[Any]) -> FloatArray:
    """Y of H x W x 3 RGB: uint8, uint16, or float32 in 0..1; H x W float32, 0..1."""
    scale = 1.0 if pixels.dtype == np.float32 else 1.0 / np.iinfo(pixels.dtype).max
    shares = np.array([[RED * scale, GREEN * scale, BLUE * scale]], np.float32)
    return np.asarray(cv2.transform(pixels.astype(np.float32, copy=False), shares), np.float32).reshape(
        pixels.shape[:2]
    )


def chroma_of(red: float, green: float, blue: float) -> tuple[float, float]:
    """Cb and Cr of one colour, 0..1 each."""
    y = RED * red + GREEN * green + BLUE * blue
    return (blue - y) / _CB_TO_BLUE, (red - y) / _CR_TO_RED


def chroma(pixels: NDArray[np.float32]) -> FloatArray:
    """Cb and Cr of H x W x 3 RGB in 0..1: H x W x 2 float32."""
    y = light(pixels)
    return np.dstack([(pixels[..., 2] - y) / np.float32(_CB_TO_BLUE), (pixels[..., 0] - y) / np.float32(_CR_TO_RED)])


def rgb(y: FloatArray, cb_cr: FloatArray) -> FloatArray:
    """RGB of light and chroma, within 0..1 and with exactly that light.

    A colour that RGB cannot show at this light is made paler until it can, instead of being clipped, which would
    change its light.

    Args:
        y: H x W float32, 0..1.
        cb_cr: H x W x 2 float32.

    Returns:
        H x W x 3 float32.
    """
    cb, cr = np.ascontiguousarray(cb_cr[..., 0]), np.ascontiguousarray(cb_cr[..., 1])
    red, blue = cr * np.float32(_CR_TO_RED), cb * np.float32(_CB_TO_BLUE)
    green = cb * np.float32(_CB_TO_GREEN) + cr * np.float32(_CR_TO_GREEN)
    room_below = y / np.maximum(-np.minimum(np.minimum(red, green), blue), np.float32(1e-6))
    room_above = (1 - y) / np.maximum(np.maximum(np.maximum(red, green), blue), np.float32(1e-6))
    room = np.clip(np.minimum(room_below, room_above), 0, 1)
    return np.asarray(cv2.merge([y + room * part for part in (red, green, blue)]), np.float32)


def is_grey(image: Image) -> bool:
    """Whether red, green and blue are equal everywhere."""
    return all(
        bool((part[..., 0] == part[..., 1]).all() and (part[..., 1] == part[..., 2]).all())
        for part in (image[top : top + 256] for top in range(0, len(image), 256))
    )
