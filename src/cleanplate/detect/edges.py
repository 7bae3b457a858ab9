"""From a network's coarse mask to the edges of the full-size picture.

A 28 x 28 mask over a person of 2,000 pixels is wrong by some 40 pixels along every edge: erased by it, a rim of the
person would stay. A colour guided filter (He, Sun and Tang, ECCV 2010) moves the border to the edges of the picture:
twice on a small copy, each time made firmer, and at last with coefficients that are computed small and applied at full
size (He and Sun, Fast Guided Filter, arXiv 1505.00996), only near the border. Memory: a few numbers a pixel of one band
of rows.

Compared on twenty full-body street photographs, enlarged threefold, with simulated 28 x 28 masks: boundary F-score at
6 pixels 0.41 for the pasted mask, 0.65 for one guided filter, 0.73 for this; 3.3, 2.2 and 2.1 % of the person missed.
GrabCut in a band around the border reaches 0.70, but loses feet and heads: 7.0 % missed.
``python -m evaluation.people_edges`` repeats this.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha, Image, Mask

WORKING_SIDE = 320
"""Longest side, in pixels, of the small copy."""
_STEPS = ((0.7, 2.0), (0.5, 2.0))
"""Radius in cells of the coarse mask, and how much firmer the answer is made."""
_LAST = 0.3
_EPSILON = 1e-4
_TILE_ROWS, _TILE_COLUMNS = 128, 256


def refined(small: NDArray[np.uint8], coarse: Alpha, cell: float, view: Image) -> Mask:
    """Move the border of a coarse mask to the edges of the full-size picture.

    Args:
        small: h x w x 3 RGB, the thing and its surroundings, at most :data:`WORKING_SIDE` a side.
        coarse: h x w, 0..1.
        cell: side of a cell of the coarse mask, in pixels of ``small``: how far its border may be wrong.
        view: H x W x 3, uint8 or uint16, the same part of the picture at full size.

    Returns:
        H x W bool.
    """
    soft = coarse
    for radius, firmer in _STEPS:
        slopes, offset = coefficients(small, soft, max(2, round(radius * cell)))
        value = (slopes * (small.astype(np.float32) / np.float32(255))).sum(axis=2) + offset
        soft = np.clip((value - 0.5) * firmer + 0.5, 0.0, 1.0).astype(np.float32)
    return guided(small, soft, max(1, round(_LAST * cell)), view)


def guided(small: NDArray[np.uint8], soft: Alpha, radius: int, view: Image) -> Mask:
    """Move the border of a small soft mask to the edges of the full-size picture.

    Args:
        small: h x w x 3 RGB, the same part of the picture as ``view``.
        soft: h x w, 0..1.
        radius: of the filter's square, in pixels of ``small``.
        view: H x W x 3, uint8 or uint16.

    Returns:
        H x W bool.
    """
    slopes, offset = coefficients(small, soft, radius)
    height, width = view.shape[:2]
    unsure = cv2.dilate(((soft > 0.02) & (soft < 0.98)).view(np.uint8), np.ones((2 * radius + 3,) * 2, np.uint8))
    sure, doubt = (
        cv2.resize(plane.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        for plane in (soft >= 0.5, unsure)
    )
    result = np.asarray(sure > 0, np.bool_)
    planes = [offset, *(np.ascontiguousarray(slopes[..., channel]) for channel in range(3))]
    for top in range(0, height, _TILE_ROWS):
        rows = slice(top, min(height, top + _TILE_ROWS))
        strips = None
        for left in range(0, width, _TILE_COLUMNS):
            tile = rows, slice(left, min(width, left + _TILE_COLUMNS))
            band = doubt[tile] > 0
            if not band.any():
                continue
            strips = strips or [_Strip(plane, rows, (height, width)) for plane in planes]
            value, *models = (strip.columns(tile[1]) for strip in strips)
            guide = view[tile].astype(np.float32) / np.float32(np.iinfo(view.dtype).max)
            for channel, model in enumerate(models):
                value += model * guide[..., channel]
            result[tile][band] = value[band] > 0.5
    return result


def coefficients(small: NDArray[np.uint8], soft: Alpha, radius: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Linear models, one a pixel, that tell a mask from colours: h x w x 3 slopes and h x w offsets.

    The colour guided filter (He, Sun and Tang, ECCV 2010).
    """
    guide = small.astype(np.float32) / np.float32(255)
    side = 2 * radius + 1

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    middle, level = mean(guide), mean(soft)
    together = mean(guide * soft[..., None]) - middle * level[..., None]
    red, green, blue = (guide[..., channel] for channel in range(3))
    squares = mean(np.dstack([red * red, green * green, blue * blue]))
    mixed = mean(np.dstack([red * green, red * blue, green * blue]))
    rr, gg, bb = (squares[..., each] - middle[..., each] ** 2 + np.float32(_EPSILON) for each in range(3))
    rg, rb, gb = (
        mixed[..., each] - middle[..., one] * middle[..., other]
        for each, (one, other) in enumerate(((0, 1), (0, 2), (1, 2)))
    )
    # The symmetric 3 x 3 matrix of each pixel, inverted by its adjugate.
    minors = (gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg)
    determinant = rr * minors[0] + rg * minors[1] + rb * minors[2]
    inverse = (
        (minors[0], minors[1], minors[2]),
        (minors[1], rr * bb - rb * rb, rb * rg - rr * gb),
        (minors[2], rb * rg - rr * gb, rr * gg - rg * rg),
    )
    slopes = np.dstack([sum(row[each] * together[..., each] for each in range(3)) / determinant for row in inverse])
    offset = level - (slopes * middle).sum(axis=2)
    return mean(slopes), mean(offset)


class _Strip:
    """Some rows of a small plane enlarged linearly to ``size``, of which parts are asked for."""

    def __init__(self, small: NDArray[np.float32], rows: slice, size: tuple[int, int]) -> None:
        height, width = size
        places = (np.arange(rows.start, rows.stop) + 0.5) * (small.shape[0] / height) - 0.5
        places = np.clip(places, 0, small.shape[0] - 1)
        above = places.astype(np.int64)
        below = np.minimum(above + 1, small.shape[0] - 1)
        first, last = int(above[0]), int(below[-1]) + 1
        wide = cv2.resize(small[first:last], (width, last - first), interpolation=cv2.INTER_LINEAR)
        self._wide = np.asarray(wide, np.float32).reshape(last - first, width)
        self._above, self._below = above - first, below - first
        self._share = (places - above).astype(np.float32)[:, None]

    def columns(self, columns: slice) -> NDArray[np.float32]:
        """These columns of the enlarged rows."""
        part = self._wide[:, columns]
        return np.asarray(part[self._above] * (1 - self._share) + part[self._below] * self._share, np.float32)
