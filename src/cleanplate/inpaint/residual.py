"""Carrying the detail that shrinking lost into the hole.

Contextual residual aggregation (Yi et al., CVPR 2020, arXiv 2005.09704): the residual of a window is what is left of
it after shrinking and enlarging. Each piece of the hole takes the residual of the known place that it resembles,
added to the enlarged completion. Patches overlap by half under a window function, so no grid shows.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint.correspondence import Correspondence
from cleanplate.types import Box, Image, Mask

_BAND_ROWS = 256
_SHARPNESS = 2.0
_NO_MAP = np.empty(0, np.uint16)


def residual_of(window: Image, small: NDArray[np.float32], factor: int) -> NDArray[np.int16] | NDArray[np.float32]:
    """What the enlarged ``small`` lacks of ``window``; int16 for an 8-bit window, float32 for a 16-bit one."""
    height, width = window.shape[:2]
    residual = np.empty(window.shape, np.int16 if window.dtype == np.uint8 else np.float32)
    for top in range(0, height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, height)
        residual[top:bottom] = window[top:bottom] - enlarged(small, factor, Box(0, top, width, bottom), window.dtype)
    return residual


def enlarged(small: NDArray[np.float32], factor: int, box: Box, dtype: np.dtype) -> NDArray[np.float32]:
    """The part ``box`` of ``small`` enlarged by ``factor`` (linear), in the range of ``dtype``."""
    margin = 1
    height, width = small.shape[:2]
    top, bottom = max(0, box.top // factor - margin), min(height, -(-box.bottom // factor) + margin)
    left, right = max(0, box.left // factor - margin), min(width, -(-box.right // factor) + margin)
    part = small[top:bottom, left:right]
    if dtype == np.uint16:
        part = part * np.float32(257.0)
    if factor > 1:
        size = ((right - left) * factor, (bottom - top) * factor)
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.float32)
    y, x = box.top - top * factor, box.left - left * factor
    return part[y : y + box.height, x : x + box.width]


def aggregate(
    window: Image, hole: Mask, small: NDArray[np.float32], factor: int, correspondence: Correspondence | None
) -> tuple[Box, Image]:
    """Fill the hole of a window at full size.

    Args:
        window: H x W x 3 uint8 or uint16, as it was; what lies under the hole is not read.
        hole: H x W bool.
        small: the completed small picture, h x w x 3, in 8-bit levels.
        factor: pixels of the window per cell.
        correspondence: where detail comes from; None adds none.

    Returns:
        The bounding box of the hole in the window, and the filled picture inside that box (to be used where ``hole``).
    """
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    carry = correspondence is not None and factor > 1
    residual = residual_of(window, small, factor) if carry else None
    filled = np.empty((box.height, box.width, 3), window.dtype)
    limit = np.iinfo(window.dtype).max
    for top in range(box.top, box.bottom, _BAND_ROWS):
        band = Box(box.left, top, box.right, min(top + _BAND_ROWS, box.bottom))
        total = enlarged(small, factor, band, window.dtype)
        if residual is not None and correspondence is not None:
            total = total + _detail(residual, correspondence, factor, band)
        filled[band.top - box.top : band.bottom - box.top] = np.clip(np.rint(total), 0, limit)
    return box, filled


def _detail(
    residual: NDArray[np.int16] | NDArray[np.float32], correspondence: Correspondence, factor: int, band: Box
) -> NDArray[np.float32]:
    """Weighted sum of the four residual patches that cover each pixel of ``band``.

    Averaging residuals of different places dulls texture, as averaging noise does; the sum is divided by the norm of
    the weights in which patches from one place count together, so that the energy of the detail stays.
    """
    step = correspondence.stride * factor
    y, x = np.arange(band.top, band.bottom), np.arange(band.left, band.right)
    block_y, block_x = y // step, x // step
    later_y, later_x = _later_weight(y, step), _later_weight(x, step)
    total = np.zeros((band.height, band.width, 3), np.float32)
    energy = np.zeros((band.height, band.width), np.float32)
    used: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = []
    for down in (0, 1):
        weight_y = later_y if down else 1.0 - later_y
        for right in (0, 1):
            weight = weight_y[:, None] * (later_x if right else 1.0 - later_x)[None, :]
            offsets = correspondence.offsets[block_y + down][:, block_x + right]
            at = np.empty((band.height, band.width, 2), np.int16)
            at[..., 0] = x[None, :] + offsets[..., 1] * factor
            at[..., 1] = y[:, None] + offsets[..., 0] * factor
            patch = cv2.remap(residual, at, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            total += patch * weight[..., None]
            energy += weight * weight
            place = offsets[..., 0] * 65536 + offsets[..., 1]
            for other, other_weight in used:
                energy += (2.0 * weight * other_weight) * (place == other)
            used.append((place, weight))
    total /= np.sqrt(energy)[..., None]
    return total


def _later_weight(position: NDArray[np.int64], step: int) -> NDArray[np.float32]:
    """Weight of the later of the two patches that cover a pixel; a raised cosine, made steeper."""
    phase = (position % step + 0.5) / step
    later = (0.5 - 0.5 * np.cos(np.pi * phase)) ** _SHARPNESS
    earlier = (0.5 + 0.5 * np.cos(np.pi * phase)) ** _SHARPNESS
    return (later / (later + earlier)).astype(np.float32)
