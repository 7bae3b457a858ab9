"""Back from edited RGB to CMYK, with the black generation of the picture itself.

The inks of untouched pixels say how this picture mixes a colour. Where the edit brought a colour, the mean inks of the
untouched pixels of nearly that colour are taken, and corrected so that the shown colour comes out exactly as edited as
far as inks can do that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image, Mask

_GRID = 33
_MOST_SAMPLES = 2_000_000


def ink_of(pixels: Image, ink: NDArray[Any], shown: Image, changed: Mask) -> NDArray[Any]:
    """Inks (H x W x 4) for ``pixels``: those of ``ink`` where nothing changed.

    Args:
        pixels: new RGB.
        ink: inks of the picture before.
        shown: RGB that ``ink`` was shown as.
        changed: where ``pixels`` differ.
    """
    result = ink.copy()
    moved = changed & (pixels != shown).any(axis=2)
    if not moved.any():
        return result
    full = float(np.iinfo(ink.dtype).max)
    table = _learn(shown, ink, ~changed, full)
    rows, columns = np.nonzero(moved)
    for start in range(0, len(rows), 1 << 20):
        where = rows[start : start + (1 << 20)], columns[start : start + (1 << 20)]
        result[where] = _mix(pixels[where], table, full).astype(ink.dtype)
    return result


def _cells(rgb: NDArray[Any], full: float) -> NDArray[np.int64]:
    place = np.rint(rgb.astype(np.float32) * ((_GRID - 1) / full)).astype(np.int64)
    cells: NDArray[np.int64] = (place[..., 0] * _GRID + place[..., 1]) * _GRID + place[..., 2]
    return cells


def _learn(shown: Image, ink: NDArray[Any], known: Mask, full: float) -> NDArray[np.float32]:
    """Share of black (0..1) for each colour of a grid, from known pixels; empty cells take the nearest one's."""
    step = max(1, math.isqrt(known.size // _MOST_SAMPLES))
    if not known[::step, ::step].any():
        step = 1
    thin = known[::step, ::step]
    total = _GRID**3
    if not thin.any():
        return _grey_component()
    cells = _cells(shown[::step, ::step][thin], full)
    black = ink[::step, ::step, 3][thin].astype(np.float64) / full
    hits = np.bincount(cells, minlength=total)
    sums = np.bincount(cells, weights=black, minlength=total)
    return _filled(np.divide(sums, hits, out=np.full(total, np.nan), where=hits > 0))


def _filled(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give each empty cell the value of the nearest filled one: distances in two dimensions, swept in the third."""
    import cv2

    cube = values.reshape(_GRID, _GRID, _GRID)
    best = np.full(cube.shape, np.inf)
    filled = np.zeros(cube.shape)
    axis = np.arange(_GRID)
    for red in range(_GRID):
        empty = np.isnan(cube[red]).astype(np.uint8)
        if empty.all():
            continue
        distance, labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        names = np.zeros(int(labels.max()) + 1)
        names[labels[empty == 0]] = cube[red][empty == 0]
        total = distance.astype(np.float64)[None] ** 2 + ((axis - red) ** 2)[:, None, None]
        closer = total < best
        best = np.where(closer, total, best)
        filled = np.where(closer, names[labels][None], filled)
    return filled.ravel().astype(np.float32)


def _grey_component() -> NDArray[np.float32]:
    """Black for a picture without a known pixel: all of the common grey of the three inks."""
    axis = np.linspace(0, 1, _GRID, dtype=np.float32)
    brightest = np.maximum(np.maximum(axis[:, None, None], axis[None, :, None]), axis[None, None, :])
    return (1 - brightest).ravel()


def _mix(rgb: NDArray[Any], black_table: NDArray[np.float32], full: float) -> NDArray[np.float64]:
    """Inks that show exactly as ``rgb``: black by the table as far as the brightest channel allows, then the rest."""
    light = rgb.astype(np.float64) / full
    black = np.minimum(black_table[_cells(rgb, full)], 1 - light.max(axis=1))
    black = np.rint(black * full) / full
    paper = np.where(black < 1, 1 - black, 1.0)
    inks = 1 - np.minimum(light / paper[:, None], 1.0)
    return np.rint(np.concatenate([inks, black[:, None]], axis=1) * full)
