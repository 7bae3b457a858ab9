"""Scratches, cracks and specks filled at the picture's own size.

What lies across a line a few pixels wide is known from both of its sides: lines of equal light are continued into it
(M. Bertalmio, A. L. Bertozzi, G. Sapiro: Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting, CVPR 2001; from
OpenCV). Somewhat wider holes are completed by a network, tile by tile. On top lies the grain of the ground beside the
hole, mirrored at its border. In a window that was shrunk the network sees lines about as wide as a pixel, which costs
1 to 4 dB (``python -m evaluation.restoration.fill``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint.engine import Engine
from cleanplate.inpaint.residual import box_of
from cleanplate.types import Box, Image, Mask

NARROW = 5.5
"""Half the width, in pixels, of the widest hole that is continued from outside."""
MEDIUM = 12.0
"""Half the width of the widest hole that a network completes at full size."""

_TILE = 192
_MARGIN = 32
_RADIUS = 3.0
_SIGMA = 1.2
"""Of the blur whose difference from the picture is its grain."""
_NEIGHBOURHOOD = 8.0
_STRENGTH = 0.6
"""Share of the grain that is laid on: all of it costs 0.5 dB, none leaves smooth lines in grainy scans."""
_MOST = 2.5
"""Grain is at most so many times its local mean: more is an edge, which must not be copied."""

_Levels = NDArray[np.float32]


@dataclass(frozen=True)
class FilledAtFullSize:
    """A picture in which holes up to a width are filled.

    Attributes:
        image: H x W x 3, dtype of the input; the same outside the two masks, bit for bit.
        continued: H x W bool, what was continued from outside.
        completed: H x W bool, what a network completed.
    """

    image: Image
    continued: Mask
    completed: Mask


def fill_at_full_size(
    image: Image, hole: Mask, network: Engine | None, *, widest: float = MEDIUM, threads: int = 1
) -> FilledAtFullSize:
    """Fill the parts of a hole that are nowhere wider than twice :data:`NARROW`, or ``widest`` with a network.

    Args:
        image: H x W x 3 uint8 or uint16; not changed.
        hole: H x W bool, not all of it True.
        network: completes tiles of 8 bits; None leaves what is not narrow.
        widest: half the width, in pixels, of what it is given at most.
        threads: tiles filled at a time; the result does not depend on it.

    Raises:
        EngineError: the network failed.
    """
    result = FilledAtFullSize(image.copy(), np.zeros_like(hole), np.zeros_like(hole))

    def work(core: Box) -> None:
        around = core.grown(_MARGIN).clipped(*hole.shape)
        inner = core.shifted(-around.left, -around.top).slices
        view, unknown = image[around.slices], np.ascontiguousarray(hole[around.slices])
        depth = cv2.distanceTransform(unknown.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        narrow = _up_to(NARROW, unknown, depth)
        medium = _up_to(widest, unknown, depth) & ~narrow if network is not None else np.zeros_like(narrow)
        if not (narrow[inner].any() or medium[inner].any()):
            return
        filled = np.where(narrow[..., None], _continued(view, unknown), view) if narrow.any() else view
        if network is not None and medium[inner].any():
            own = np.zeros_like(medium)
            own[inner] = medium[inner]
            filled = _completed(filled, own, unknown & ~narrow & ~own, network)
        filled = _with_grain(filled, view, unknown)[inner]
        for mine, done in ((narrow[inner], result.continued), (medium[inner], result.completed)):
            result.image[core.slices][mine] = filled[mine]
            done[core.slices] = mine

    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        list(pool.map(work, _tiles(hole)))
    return result


def _tiles(hole: Mask) -> Iterator[Box]:
    """The boxes around the hole's pixels in each cell of a grid."""
    height, width = hole.shape
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            part = hole[top : top + _TILE, left : left + _TILE]
            if part.any():
                yield box_of(part).shifted(left, top)


def _up_to(radius: float, unknown: Mask, depth: NDArray[Any]) -> Mask:
    """The hole without the parts that are wider, and without what is close to those."""
    middles = (depth > radius).view(np.uint8)
    if not middles.any():
        return unknown
    side = 2 * math.ceil(radius + 2) + 1
    wide = cv2.dilate(middles, np.ones((side, side), np.uint8))  # a square takes the corners of wide holes along
    return np.asarray(unknown & ~wide.astype(np.bool_), np.bool_)


def _continued(view: Image, unknown: Mask) -> Image:
    """The view with its whole hole continued from around it."""
    mask = unknown.view(np.uint8)
    if view.dtype == np.uint8:
        return np.asarray(cv2.inpaint(np.ascontiguousarray(view, np.uint8), mask, _RADIUS, cv2.INPAINT_NS), np.uint8)
    # Of 16 bits OpenCV takes one channel at a time.
    planes = [np.ascontiguousarray(view[..., channel], np.uint16) for channel in range(3)]
    return np.stack([cv2.inpaint(plane, mask, _RADIUS, cv2.INPAINT_NS) for plane in planes], axis=2).astype(np.uint16)


def _completed(view: Image, hole: Mask, avoid: Mask, network: Engine) -> Image:
    """The view with its hole completed, in its dtype."""
    small = view if view.dtype == np.uint8 else np.rint(view / np.float32(257.0))
    shown = np.ascontiguousarray(small, np.uint8)
    answer = network.complete(shown, hole, avoid=avoid, seed=0).image
    if view.dtype == np.uint8:
        return answer
    return np.where(hole[..., None], answer.astype(np.uint16) * np.uint16(257), view)


def _with_grain(filled: Image, view: Image, unknown: Mask) -> Image:
    pixels = filled.astype(np.float32)
    pixels[unknown] += np.float32(_STRENGTH) * _grain(view, unknown)
    levels = np.clip(np.rint(pixels), 0, np.iinfo(view.dtype).max)
    return levels.astype(np.uint8) if view.dtype == np.uint8 else levels.astype(np.uint16)


def _grain(view: Image, unknown: Mask) -> _Levels:
    """For each pixel of the hole the grain of the known pixel that mirrors it at the hole's border; 0 if none does."""
    known = (~unknown).astype(np.float32)
    share = cv2.GaussianBlur(known, (0, 0), _SIGMA)[..., None]
    light = view.astype(np.float32) * known[..., None]
    residual = light - known[..., None] * cv2.GaussianBlur(light, (0, 0), _SIGMA) / np.maximum(share, 1e-3)
    amount = np.abs(residual).mean(axis=2)
    amount = np.minimum(amount, 3 * np.median(amount[~unknown]) + 1e-3)
    near = cv2.GaussianBlur(known, (0, 0), _NEIGHBOURHOOD)
    mean = cv2.GaussianBlur(amount, (0, 0), _NEIGHBOURHOOD) / np.maximum(near, 1e-3)
    rows, columns, mirrored = _mirrored(unknown)
    limit = _MOST * mean[unknown][:, None]
    return np.where(mirrored[:, None], np.clip(residual[rows, columns], -limit, limit), np.float32(0.0))


def _mirrored(unknown: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], Mask]:
    """Row and column of each hole pixel's mirror image, and whether that is known and inside."""
    _, labels = cv2.distanceTransformWithLabels(
        unknown.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros(int(labels.max()) + 1, np.intp)
    places[labels[~unknown]] = np.flatnonzero(~unknown)
    border_row, border_column = np.unravel_index(places[labels[unknown]], unknown.shape)
    own_row, own_column = np.nonzero(unknown)
    rows, columns = 2 * border_row - own_row, 2 * border_column - own_column
    height, width = unknown.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    return rows, columns, np.asarray(inside & ~unknown[rows, columns], np.bool_)
