"""From detections to the pixels of each thing, at full size."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.edges import WORKING_SIDE, refined
from cleanplate.detect.network import Detections, scaled
from cleanplate.detect.paste import pasted
from cleanplate.types import Alpha, Box, Image, Mask

_AROUND = 0.08
_LEAST_AROUND = 4
_SPECK = 0.02
"""Parts of a mask smaller than this share of it are the filter's, not the person's."""


def shapes(image: Image, found: Detections, *, threads: int = 1) -> list[tuple[Box, Mask] | None]:
    """The pixels of each detection; a pixel that two claim belongs to the one whose mask says so more clearly.

    Args:
        image: H x W x 3, uint8 or uint16.
        found: K detections, in pixels of ``image``.
        threads: worked on at a time; the result does not depend on it.

    Returns:
        For each detection the smallest box around its pixels and the box-sized mask; None where none are left.
    """
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        drawn = list(pool.map(lambda place: _shape(image, found, place), range(len(found))))
    return _each_pixel_once(drawn, found, image.shape[:2])


def _shape(image: Image, found: Detections, place: int) -> tuple[Box, Mask]:
    window = _window(found.boxes[place], *image.shape[:2])
    view = image[window.slices]
    small = eight_bit(scaled(view, min(1.0, WORKING_SIDE / max(view.shape[:2]))))
    size = small.shape[0], small.shape[1]
    coarse = pasted(found.masks[place], found.boxes[place], window, size)
    coarse = _without_rivals(coarse, found, place, window)
    left, top, right, bottom = found.boxes[place]
    cell = max(right - left, bottom - top) / found.masks.shape[1] * (small.shape[0] / window.height)
    if cell < 1.0:
        # The mask is finer than the picture: there is nothing to be moved.
        return window, pasted(found.masks[place], found.boxes[place], window, (window.height, window.width)) >= 0.5
    return window, _tidied(refined(small, coarse, float(cell), view))


def eight_bit(picture: Image) -> NDArray[np.uint8]:
    """The picture with 8 bits a channel."""
    return np.asarray(picture if picture.dtype == np.uint8 else picture >> 8, np.uint8)


def _window(box: NDArray[np.float32], height: int, width: int) -> Box:
    left, top, right, bottom = (float(edge) for edge in box)
    around = max(_LEAST_AROUND, round(_AROUND * max(right - left, bottom - top)))
    return (
        Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)).grown(around).clipped(height, width)
    )


def _without_rivals(coarse: Alpha, found: Detections, place: int, window: Box) -> Alpha:
    """The mask without what belongs to others more clearly."""
    mine = found.boxes[place]
    meets = (np.minimum(found.boxes[:, 2:], mine[2:]) > np.maximum(found.boxes[:, :2], mine[:2])).all(axis=1)
    claims = coarse
    for other in np.flatnonzero(meets):
        if other == place or found.labels[other] != found.labels[place]:
            continue
        theirs = pasted(found.masks[other], found.boxes[other], window, coarse.shape)
        claims = np.where((theirs > coarse) & (theirs >= 0.5), np.minimum(claims, 1.0 - theirs), claims)
    return claims


def _tidied(mask: Mask) -> Mask:
    """Without specks."""
    source = np.ascontiguousarray(mask).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(source, connectivity=8)
    if count <= 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= _SPECK * areas[1:].sum()
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)


def _each_pixel_once(
    drawn: list[tuple[Box, Mask]], found: Detections, size: tuple[int, ...]
) -> list[tuple[Box, Mask] | None]:
    """Refined borders of neighbours may overlap a little; there the more likely detection has it."""
    taken = np.zeros(size, np.bool_)
    result: list[tuple[Box, Mask] | None] = [None] * len(drawn)
    for place in np.argsort(-found.scores, kind="stable"):
        window, mask = drawn[place]
        own = mask & ~taken[window.slices]
        tight = _bounds(own)
        if tight is None:
            continue
        taken[window.slices] |= own
        crop = np.ascontiguousarray(own[tight.slices])
        result[place] = tight.shifted(window.left, window.top), crop
    return result


def _bounds(mask: Mask) -> Box | None:
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
