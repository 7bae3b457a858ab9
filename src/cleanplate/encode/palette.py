"""Pictures with a palette: kept while 256 colours are enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow


def with_palette(pixels: NDArray[Any], alpha: NDArray[Any] | None) -> Pillow.Image | None:
    """The exact picture (uint8) with a palette, transparency in its info; None if it has more than 256 colours."""
    if pixels.dtype != np.uint8:
        return None
    opaque = np.full(pixels.shape[:2], 255, np.uint8) if alpha is None else alpha
    words = np.ascontiguousarray(np.dstack([pixels, opaque])).view(np.uint32)[..., 0]
    colours = np.unique(words)
    if len(colours) > 256:
        return None
    table = colours.view(np.uint8).reshape(-1, 4)
    table = table[order := np.argsort(table[:, 3], kind="stable")]
    places = np.empty(len(order), np.uint8)
    places[order] = np.arange(len(order), dtype=np.uint8)
    image = Pillow.fromarray(places[np.searchsorted(colours, words)])
    image.putpalette(table[:, :3].tobytes())
    if alpha is not None:
        image.info["transparency"] = table[:, 3].tobytes()
    return image


REMARK = "more than 256 colours now: written in true colour instead of with a palette"
"""What the user is told when a palette cannot stay."""
