"""From the alpha of a small picture to that of the photograph: edges where the photograph has them.

Guided filter with a colour guide (He, Sun, Tang, TPAMI 2013) in its fast form (He, Sun, arXiv 1505.00996): around each
place of the small picture, alpha is a linear function of colour; the function is enlarged, the photograph is put in.
It is done at the size of the small alpha and again at twice that size with windows of half the reach, so that strands
which the first step found are followed. Where a window mixes what it should not, its alpha comes out too grey; a mild
contrast around one half takes that back.

Only the band around soft alpha is computed at full size, tile by tile: time and memory follow the outline.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.matting.band import soft, tiles
from cleanplate.matting.colour_planes import planes
from cleanplate.matting.interpolated import part
from cleanplate.matting.portrait import scaled
from cleanplate.types import Alpha, Box, Image, check_alpha, check_image

FloatArray = NDArray[np.float32]

_RADIUS = 8
"""Reach of the first filter's windows, in pixels of the small picture. Below 4 it cannot follow a blurred matte to the
edge; above 12 windows mix parts that have nothing to do with each other."""
_FINER_RADIUS = 4
_EPSILON = 3e-5
"""Variance of colour (0..1) below which a window counts as without structure. A third of it drowns in the rounding of
float32 where a window has two colours only."""
_CONTRAST = 1.3
_BAND = 4
"""Pixels of the small picture by which the band reaches beyond soft alpha."""
_TRUST = 2
"""Pixels of the small picture by which the network may be wrong about where an edge is."""
_DOUBT = 0.1
"""Alpha this far from 0 or 1 is open."""
_SURE = 0.004
"""Alpha nearer to 0 or 1 than this outside the band is 0 or 1: one level of 255."""


def refine(image: Image, alpha: Alpha, *, threads: int = 1) -> Alpha:
    """The full resolution of a small alpha.

    Args:
        image: H x W x 3 RGB, uint8 or uint16; not changed.
        alpha: h x w float32 0..1, in the proportions of the picture; not changed.
        threads: tiles worked on at a time; the result does not depend on it.

    Returns:
        H x W float32 0..1. An empty alpha stays empty, a full one full.

    Raises:
        ArrayError: an array breaks its contract.
    """
    check_image(image)
    check_alpha(alpha)
    height, width = image.shape[:2]
    if height * width <= alpha.size:
        return _settled(scaled(alpha, (height, width)))
    finer = (min(height, 2 * alpha.shape[0]), min(width, 2 * alpha.shape[1]))
    guide = scaled(image, finer)
    # The smaller guide comes from the larger, so that the photograph is gone through once.
    first = _model(planes(scaled(guide, alpha.shape)), alpha, _RADIUS)
    band = soft(alpha, reach=_BAND)
    colours = planes(guide)
    middle = _applied(np.stack([scaled(plane, finer) for plane in first]), colours)
    middle = np.where(scaled(band.view(np.uint8), finer) > 0, middle, _settled(scaled(alpha, finer)))
    if finer == (height, width):
        return middle
    return _full(image, alpha, _model(colours, middle, _FINER_RADIUS), band, threads)


def _full(image: Image, alpha: Alpha, model: FloatArray, band: NDArray[np.bool_], threads: int) -> Alpha:
    """The model applied to the photograph inside the band; outside it alpha is enlarged."""
    height, width = image.shape[:2]
    # Far from the band alpha is flat, so that linear enlarging loses nothing and never overshoots.
    result = np.asarray(cv2.resize(_settled(alpha), (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    weights = cv2.blur(band.astype(np.float32), (3, 3))
    known = np.concatenate([model, [_enlarged(plane, model.shape[1:]) for plane in (*_bounds(alpha), weights)]])

    def fill(box: Box) -> None:
        here = part(known, box, height, width)
        fine = _applied(here[:4], planes(image[box.slices]))
        np.clip(fine, here[4], here[5], out=fine)
        target = result[box.slices]
        fine -= target
        fine *= here[6]
        target += fine

    touched = cv2.dilate(band.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(fill, tiles(touched, height, width)):
            pass
    return result


def _enlarged(values: NDArray[Any], size: tuple[int, ...]) -> FloatArray:
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _bounds(alpha: Alpha) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest alpha that may come of each place.

    Where the network is sure of everything near, colours that people share with their background change nothing; where
    it has any doubt, the photograph decides alone.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _TRUST + 1, 2 * _TRUST + 1))
    low, high = 1.0 - (1.0 - cv2.erode(alpha, kernel)) / _DOUBT, cv2.dilate(alpha, kernel) / _DOUBT
    return np.clip(low, 0.0, 1.0, dtype=np.float32), np.clip(high, 0.0, 1.0, dtype=np.float32)


def _model(guide: FloatArray, alpha: Alpha, radius: int) -> FloatArray:
    """Coefficients of the colour guided filter: 4 x h x w, alpha = r R + g G + b B + constant."""
    mean = [_mean(plane, radius) for plane in guide]
    mean_alpha = _mean(alpha, radius)
    joint = [_mean(plane * alpha, radius) - own * mean_alpha for plane, own in zip(guide, mean, strict=True)]
    # The matrices of all windows at once: six different entries each, inverted by Cramer's rule.
    spread = [_mean(guide[i] * guide[j], radius) - mean[i] * mean[j] for i, j in _PAIRS]
    for k in _DIAGONAL:
        spread[k] += np.float32(_EPSILON)
    slope = _solved(spread, joint)
    constant = mean_alpha - slope[0] * mean[0] - slope[1] * mean[1] - slope[2] * mean[2]
    return np.stack([_mean(plane, radius) for plane in (*slope, constant)])


_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_DIAGONAL = (0, 3, 5)


def _solved(spread: list[FloatArray], joint: list[FloatArray]) -> list[FloatArray]:
    """``matrix ** -1 @ joint`` for symmetric 3 x 3 matrices, h x w of them; three planes."""
    rr, rg, rb, gg, gb, bb = spread
    rr_, rg_, rb_ = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    gg_, gb_, bb_ = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    determinant = rr * rr_ + rg * rg_ + rb * rb_
    # Rounding can take the determinant of a flat window to zero; such a window has no slope.
    determinant[determinant <= _EPSILON**3 / 2] = np.inf
    red, green, blue = (plane / determinant for plane in joint)
    rows = [rr_ * red + rg_ * green + rb_ * blue, rg_ * red + gg_ * green + gb_ * blue]
    return [*rows, rb_ * red + gb_ * green + bb_ * blue]


def _mean(plane: FloatArray, radius: int) -> FloatArray:
    edge = cv2.BORDER_REFLECT_101 if min(plane.shape) > 1 else cv2.BORDER_REPLICATE
    return np.asarray(cv2.blur(plane, (2 * radius + 1, 2 * radius + 1), borderType=edge), np.float32)


def _applied(model: FloatArray, colours: FloatArray) -> FloatArray:
    """Alpha of ``colours``, 3 x h x w, by the model of each place, with contrast."""
    alpha = model[0] * colours[0]
    alpha += model[1] * colours[1]
    alpha += model[2] * colours[2]
    alpha += model[3] - np.float32(0.5)
    alpha *= np.float32(_CONTRAST)
    alpha += np.float32(0.5)
    return np.asarray(np.clip(alpha, 0.0, 1.0, out=alpha))


def _settled(alpha: NDArray[Any]) -> Alpha:
    """Alpha with nearly 0 and nearly 1 brought to 0 and 1."""
    span = 1.0 - 2.0 * _SURE
    return np.asarray(np.clip((alpha - _SURE) * (1.0 / span), 0.0, 1.0), np.float32)
