"""CMYK as RGB for editing; the inks themselves are kept beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image

_ROWS = 256


def as_rgb(ink: NDArray[Any]) -> Image:
    """Show H x W x 4 inks (C M Y K, full value = full ink) as ``(full - C)(full - K) / full``, rounded.

    This naive model has no claim to the look in print: the picture's own profile describes that. It serves to edit
    by, and it is one-to-one enough that the inks of edited pixels can be found back from the untouched ones.
    """
    full = np.iinfo(ink.dtype).max
    wide: Any = np.uint32 if full == 255 else np.uint64
    rgb = np.empty((*ink.shape[:2], 3), ink.dtype)
    for top in range(0, ink.shape[0], _ROWS):
        band = full - ink[top : top + _ROWS].astype(wide)
        rgb[top : top + _ROWS] = (band[..., :3] * band[..., 3:] + full // 2) // full
    return rgb
