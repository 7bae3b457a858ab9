"""Where the picture begins: the even border of a print or of the scanner's lid around it."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Box, Image

_SIDE = 800
_TOLERANCE = 22.0
"""Levels (of 255) by which pixels of a border may differ from its colour."""
_FOREIGN = 0.12
"""Share of a row or column that may differ for it to still be border: dust, writing, a torn edge."""
_MOST = 0.3
"""Share of the picture that a border may take on each side."""
_LEAST = 0.004
_INSIDE = 2
"""Pixels of the small picture that are cut off inside the border, where the two mix."""


def without_border(image: Image) -> Box | None:
    """Find the picture within its border.

    Each side is followed inwards as long as its rows (or columns) have one colour, that of the outermost ones.

    Args:
        image: H x W x 3 uint8 or uint16.

    Returns:
        The box of the picture; None if no side has a border.
    """
    height, width = image.shape[:2]
    zoom = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    scale = 1.0 if image.dtype == np.uint8 else 1 / 257
    small = cast("NDArray[np.float32]", cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32))
    small *= np.float32(scale)
    top, bottom = _depth(small), _depth(small[::-1])
    # Corners belong to the rows above and below; the columns are judged without them.
    across = small[top : len(small) - bottom].swapaxes(0, 1)
    left, right = _depth(across), _depth(across[::-1])
    if not (top or bottom or left or right):
        return None
    box = Box(round(left / zoom), round(top / zoom), width - round(right / zoom), height - round(bottom / zoom))
    return box if box.width > 1 and box.height > 1 else None


def _depth(rows: NDArray[np.float32]) -> int:
    """How many rows from the first on are border; 0 for none."""
    most = int(_MOST * len(rows))
    outermost = rows[: max(1, len(rows) // 200)]
    colour = np.median(outermost.reshape(-1, 3), axis=0)
    differs = np.abs(rows[: most + 1] - colour).max(axis=2) > _TOLERANCE
    foreign = np.flatnonzero(differs.mean(axis=1) > _FOREIGN)
    if not len(foreign):
        return 0  # even as far as anyone looked: a plain sky or wall, no border
    depth = int(foreign[0])
    return depth + _INSIDE if depth >= max(2, _LEAST * len(rows)) else 0
