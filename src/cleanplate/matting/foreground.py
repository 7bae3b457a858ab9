"""The colours of people without those of their old background.

Where alpha is soft, a pixel is a mixture: ``image = alpha * foreground + (1 - alpha) * background``. Both colours are
estimated at a reduced size by the multi-level method of Germer, Uelwer, Conrad and Harmeling (ICPR 2020, arXiv
2006.14970): from one pixel upwards, each level starts from the one below and lets neighbours agree where alpha does
not change between them. Both are enlarged, and at full size the smallest change of both makes the equation above hold
exactly, which puts the detail of hair back. Written for whole arrays, without compilation at run time.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.matting.band import soft, tiles
from cleanplate.matting.colour_planes import planes
from cleanplate.matting.interpolated import part
from cleanplate.types import Alpha, Box, Image, check_alpha, check_image

FloatArray = NDArray[np.float32]

_LARGEST = 640 * 640
"""Pixels at which the levels end; beyond it they gain little and cost much."""
_SMALL = 32
_ROUNDS_WHERE_SMALL = 10
_ROUNDS = 2
_REGULAR = 1e-5
"""How much neighbours agree where alpha does not change. The paper's value."""
_ROOM = 16
"""Pixels of room around the people: their background has to be seen."""


def foreground_colours(image: Image, alpha: Alpha, *, threads: int = 1) -> Image:
    """The colours of what alpha covers.

    Args:
        image: H x W x 3 RGB, uint8 or uint16; not changed.
        alpha: H x W float32 0..1.
        threads: tiles worked on at a time; the result does not depend on it.

    Returns:
        A new array like ``image``: equal to it where alpha is 0 or 1 (to within a hundredth), estimated between.

    Raises:
        ArrayError: an array breaks its contract.
    """
    check_image(image)
    check_alpha(alpha, like=image)
    result = image.copy()
    band = soft(alpha, reach=1)
    region = _region(alpha, band)
    if region is None:
        return result
    inside, cover = image[region.slices], alpha[region.slices]
    height, width = cover.shape
    both = _reduced(inside, cover)
    levels = np.float32(np.iinfo(image.dtype).max)
    target, where = result[region.slices], band[region.slices]

    def clean(box: Box) -> None:
        estimate, own = part(both, box, height, width), cover[box.slices]
        exact = explained(planes(inside[box.slices]), own, estimate[:3], estimate[3:])
        exact *= levels
        chosen = np.rint(exact, out=exact).astype(image.dtype).transpose(1, 2, 0)
        np.copyto(target[box.slices], chosen, where=(where[box.slices] & (own > 0))[..., None])

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(clean, tiles(where, height, width)):
            pass
    return result


def multilevel(image: FloatArray, alpha: Alpha) -> tuple[FloatArray, FloatArray]:
    """Foreground and background of a small picture (arXiv 2006.14970, section III).

    Args:
        image: 3 x h x w, 0..1.
        alpha: h x w, 0..1.

    Returns:
        Foreground and background, 3 x h x w float32, 0..1, defined everywhere.
    """
    height, width = alpha.shape
    both = np.tile(image.mean(axis=(1, 2), dtype=np.float32), 2).reshape(6, 1, 1)
    steps = max(1, math.ceil(math.log2(max(height, width))))
    for step in range(steps + 1):
        size = (round(height ** (step / steps)), round(width ** (step / steps)))
        level = np.stack([_sized(plane, size, cv2.INTER_AREA) for plane in image])
        cover = _sized(alpha, size, cv2.INTER_AREA)
        both = np.stack([_sized(plane, size, cv2.INTER_NEAREST) for plane in both])
        both = _agreed(level, cover, both, _ROUNDS_WHERE_SMALL if max(size) <= _SMALL else _ROUNDS)
    return both[:3], both[3:]


def explained(image: FloatArray, alpha: Alpha, people: FloatArray, background: FloatArray) -> FloatArray:
    """``people`` changed as little as possible (together with ``background``) so that the two mix to ``image``.

    All colours are 3 x h x w, ``alpha`` is h x w; everything 0..1.
    """
    rest = 1 - alpha
    missing = image - background
    missing -= alpha * (people - background)
    missing *= alpha / (alpha**2 + rest**2)
    missing += people
    return np.asarray(np.clip(missing, 0.0, 1.0, out=missing))


def _region(alpha: Alpha, band: NDArray[np.bool_]) -> Box | None:
    """The part of the picture that holds the band, with room around; None without one."""
    rows, columns = np.flatnonzero(band.any(axis=1)), np.flatnonzero(band.any(axis=0))
    if not len(rows):
        return None
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    room = max(_ROOM, round(0.05 * max(box.width, box.height)))
    return box.grown(room).clipped(*alpha.shape)


def _reduced(image: Image, alpha: Alpha) -> FloatArray:
    """Both colours at the size at which the levels end: 6 x h x w, people before background."""
    factor = min(1.0, math.sqrt(_LARGEST / alpha.size))
    size = (max(1, round(alpha.shape[0] * factor)), max(1, round(alpha.shape[1] * factor)))
    small = planes(_sized(np.ascontiguousarray(image), size, cv2.INTER_AREA))
    return np.concatenate(multilevel(small, _sized(np.ascontiguousarray(alpha), size, cv2.INTER_AREA)))


def _sized(values: NDArray[Any], size: tuple[int, int], way: int) -> NDArray[Any]:
    if values.shape[:2] == size:
        return values
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=way)).reshape(*size, *values.shape[2:])


def _agreed(image: FloatArray, alpha: Alpha, both: FloatArray, rounds: int) -> FloatArray:
    """Rounds of Jacobi's method: at each pixel the best two colours given those of its four neighbours."""
    height, width = alpha.shape
    padded = np.pad(alpha, 1, mode="edge")
    around = [(slice(y, y + height), slice(x, x + width)) for y, x in ((0, 1), (2, 1), (1, 0), (1, 2))]
    weights = [(_REGULAR + np.abs(alpha - padded[place])).astype(np.float32) for place in around]
    total = np.add.reduce(weights)
    rest = 1 - alpha
    own_people, own_background, shared = alpha**2 + total, rest**2 + total, alpha * rest
    determinant = own_people * own_background - shared**2
    own_people /= determinant
    own_background /= determinant
    shared /= determinant
    fixed = np.concatenate([alpha * image, rest * image])
    for _ in range(rounds):
        known = _neighbours(both, around, weights)
        known += fixed
        both = np.concatenate([own_background * known[:3], own_people * known[3:]])
        both[:3] -= shared * known[3:]
        both[3:] -= shared * known[:3]
        np.clip(both, 0, 1, out=both)
    return both


def _neighbours(colours: FloatArray, around: list[tuple[slice, slice]], weights: list[FloatArray]) -> FloatArray:
    """Sum of the four neighbours of every pixel by weight; beyond the rim lies the rim itself."""
    padded = np.pad(colours, ((0, 0), (1, 1), (1, 1)), mode="edge")
    total = weights[0] * padded[:, *around[0]]
    for place, weight in zip(around[1:], weights[1:], strict=True):
        total += weight * padded[:, *place]
    return total
