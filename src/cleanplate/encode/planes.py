"""The samples to write: colour or grey, with or without alpha, as the source had them and the target can hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.picture import Picture
from cleanplate.types import Image


def is_grey(picture: Picture) -> bool:
    """True if the file stores one channel of brightness."""
    return picture.mode in ("1", "L")


def grey(pixels: Image) -> NDArray[Any]:
    """H x W brightness (BT.601); exact where the three channels are equal."""
    import cv2

    result: NDArray[Any] = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    return result


def samples(picture: Picture, pixels: Image, alpha: NDArray[Any] | None) -> NDArray[Any]:
    """H x W x 1..4 samples: grey or RGB as the source, with alpha if there is one."""
    colour = grey(pixels)[..., None] if is_grey(picture) else pixels
    if alpha is None:
        return colour
    import cv2

    # OpenCV copies channels several times as fast as numpy joins arrays of three and of one.
    planes = [np.ascontiguousarray(colour), np.ascontiguousarray(alpha)]
    result = np.empty((*alpha.shape, colour.shape[2] + 1), colour.dtype)
    cv2.mixChannels(planes, [result], [step for k in range(result.shape[2]) for step in (k, k)])
    return result


def as_eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """16-bit samples rounded to 8 bits (65535 / 255 = 257); 8-bit ones as they are."""
    if values.dtype == np.uint8:
        return values
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), 256):
        result[top : top + 256] = (values[top : top + 256].astype(np.uint32) + 128) // 257
    return result


def over_white(pixels: Image, alpha: NDArray[Any]) -> Image:
    """The picture on white paper, for targets without alpha."""
    full = int(np.iinfo(pixels.dtype).max)
    wide: Any = np.uint32 if full == 255 else np.uint64
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), 256):
        share = alpha[top : top + 256, :, None].astype(wide)
        band = pixels[top : top + 256].astype(wide) * share + (full - share) * full
        result[top : top + 256] = (band + full // 2) // full
    return result
