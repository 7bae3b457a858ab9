"""From a network's coarse mask to the edges of the full-size picture.

A 28 x 28 mask over a person of 2,000 pixels is wrong by some 40 pixels along every edge: erased by it, a rim of the
person would stay. The border is moved in two steps: GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004) on a small
copy of the person's surroundings, allowed to decide only in a band around the coarse border; then a guided filter
whose coefficients are computed small and applied at full size (He and Sun, Fast Guided Filter, arXiv 1505.00996), again
only near the border. Memory: a few numbers a pixel of one band of rows.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha, Image, Mask

WORKING_SIDE = 320
"""Longest side, in pixels, of the small copy."""
_SEED = 1
_ITERATIONS = 2
_SURE = 0.9
_EPSILON = 1e-4
_BAND_ROWS = 256


def by_colour(small: NDArray[np.uint8], coarse: Alpha, cell: float) -> Alpha:
    """Decide by colour what belongs to the thing, in a band around the border of its coarse mask.

    Args:
        small: h x w x 3 RGB, the thing and its surroundings.
        coarse: h x w, 0..1.
        cell: side of a cell of the coarse mask, in pixels of ``small``: how far its border may be wrong.

    Returns:
        h x w float32, 0 or 1 and what the blending of both says between; ``coarse`` where colours do not tell.
    """
    labels = _labels(coarse, cell)
    if not ((labels == cv2.GC_FGD).any() and (labels == cv2.GC_BGD).any()):
        return coarse
    # GrabCut starts from k-means on OpenCV's random generator, one per thread: a thread of its own, seeded, makes the
    # answer repeatable and leaves the caller's generator alone.
    with ThreadPoolExecutor(max_workers=1) as alone:
        labels = alone.submit(_grab, small, labels).result()
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return found.astype(np.float32)


def _labels(coarse: Alpha, cell: float) -> NDArray[np.uint8]:
    inside = (coarse >= 0.5).view(np.uint8)
    reach = 1.25 * cell
    # Borders of the picture are no borders of the thing.
    deep = cv2.distanceTransform(np.pad(inside, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    far = cv2.distanceTransform(np.pad(1 - inside, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    labels = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[(deep > reach) & (coarse >= _SURE)] = cv2.GC_FGD
    labels[(far > reach) & (coarse <= 1 - _SURE)] = cv2.GC_BGD
    return labels


def _grab(small: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    cv2.setRNGSeed(_SEED)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    picture = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    cv2.grabCut(picture, labels, (0, 0, 0, 0), background, foreground, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return labels


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
    unsure = cv2.dilate(((soft > 0.02) & (soft < 0.98)).view(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8))
    result = np.empty((height, width), np.bool_)
    sure = cv2.resize((soft >= 0.5).view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, min(height, top + _BAND_ROWS))
        band = _enlarged_rows(unsure.astype(np.float32), rows, (height, width)) > 0
        result[rows] = sure[rows] > 0
        if not band.any():
            continue
        guide = view[rows].astype(np.float32) / np.float32(np.iinfo(view.dtype).max)
        value = _enlarged_rows(offset, rows, (height, width))
        for channel in range(3):
            value += _enlarged_rows(slopes[..., channel], rows, (height, width)) * guide[..., channel]
        result[rows][band] = value[band] > 0.5
    return result


def coefficients(
    small: NDArray[np.uint8], soft: Alpha, radius: int, epsilon: float = _EPSILON
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
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
    rr, gg, bb = (squares[..., each] - middle[..., each] ** 2 + np.float32(epsilon) for each in range(3))
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


def _enlarged_rows(small: NDArray[np.float32], rows: slice, size: tuple[int, int]) -> NDArray[np.float32]:
    """Some rows of ``small`` enlarged linearly to ``size``."""
    height, width = size
    places = np.clip((np.arange(rows.start, rows.stop) + 0.5) * (small.shape[0] / height) - 0.5, 0, small.shape[0] - 1)
    above = places.astype(np.int64)
    below = np.minimum(above + 1, small.shape[0] - 1)
    share = (places - above).astype(np.float32)[:, None]
    first, last = int(above[0]), int(below[-1]) + 1
    wide = np.asarray(cv2.resize(small[first:last], (width, last - first), interpolation=cv2.INTER_LINEAR), np.float32)
    wide = wide.reshape(last - first, width)
    return wide[above - first] * (1 - share) + wide[below - first] * share
