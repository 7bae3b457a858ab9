"""What is selected, made visible on the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image, Mask, check_image, check_mask

_SELECTED = (255, 0, 60)
_AVOIDED = (0, 110, 255)
_OUTLINE = (255, 255, 255)
_SHARE = 0.5


def overlay(image: Image, mask: Mask, *, avoid: Mask | None = None, longest: int = 2048) -> NDArray[np.uint8]:
    """The picture, small enough for a screen, with the selection tinted red and outlined, and ``avoid`` tinted blue.

    Args:
        image: H x W x 3, uint8 or uint16.
        mask: H x W bool, the selection.
        avoid: H x W bool, areas that are never copied from.
        longest: longest side of the answer in pixels; a smaller picture keeps its size.

    Returns:
        A new uint8 RGB picture of the same proportions. A single selected pixel stays visible in it.
    """
    check_image(image)
    shown = shrunk(image, longest)
    height, width = shown.shape[:2]
    if avoid is not None:
        _tint(shown, shrunk_mask(check_mask(avoid, like=image), height, width), _AVOIDED)
    selected = shrunk_mask(check_mask(mask, like=image), height, width)
    _tint(shown, selected, _SELECTED)
    cells = selected.view(np.uint8)
    inner = cv2.erode(cells, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    shown[cells != inner] = _OUTLINE
    return shown


def shrunk(image: Image, longest: int) -> NDArray[np.uint8]:
    """``image`` as a new uint8 picture of at most ``longest`` pixels a side."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    if small.dtype == np.uint16:
        return np.asarray((small.astype(np.uint32) * 255 + 32767) // 65535, dtype=np.uint8)
    return np.array(small, dtype=np.uint8)


def shrunk_mask(mask: Mask, height: int, width: int) -> Mask:
    """``mask`` at another, smaller size: selected where any pixel below is."""
    if mask.shape == (height, width):
        return mask.copy()
    shares = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 0, dtype=np.bool_)


def _tint(image: NDArray[np.uint8], where: Mask, colour: tuple[int, int, int]) -> None:
    mixed = image[where] * (1 - _SHARE) + np.array(colour) * _SHARE
    image[where] = np.rint(mixed).astype(np.uint8)
