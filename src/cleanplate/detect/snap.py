"""Tightening a box to the object inside it, without a network.

GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004) on a small copy of the box and its surroundings says which
parts of the box look unlike what is around it; a guided filter (He, Sun and Tang, ECCV 2010) then moves the border
to the edges of the full-size picture.
"""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Box, Image, Mask, check_image

_WORKING_SIDE = 400
_CONTEXT = 0.35
_ITERATIONS = 6
_LEAST_SHARE, _MOST_SHARE = 0.03, 0.97
_SMALLEST_BOX = 8
_SEED = 1
_WIDEST_BORDER = 12
_LEFT_SHARE, _CHANGE_SHARE = 0.1, 0.025


@dataclass(frozen=True)
class Snapped:
    """What a box was tightened to.

    Attributes:
        mask: H x W bool; within the box.
        found: False if no object was found, so that ``mask`` is the box.
        notes: remarks for the user.
    """

    mask: Mask
    found: bool
    notes: list[str] = field(default_factory=list)


def snap_box(image: Image, box: Box) -> Snapped:
    """Select the object inside ``box``, or the box itself where none stands out.

    Args:
        image: H x W x 3 RGB, uint8 or uint16.
        box: within the picture; should hold the whole object and a little of its surroundings.

    Returns:
        The object, without holes. The same for the same input, whatever ran before.
    """
    check_image(image)
    height, width = image.shape[:2]
    box = box.clipped(height, width)
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[box.slices] = True
    if min(box.width, box.height) < _SMALLEST_BOX:
        return Snapped(mask, False, ["too small to be tightened, the whole box is selected"])
    window = box.grown(max(8, round(_CONTEXT * math.sqrt(box.area)))).clipped(height, width)
    if window == box:
        return Snapped(mask, False, ["covers the whole picture, so no object stands out; all of it is selected"])
    inner = Box(box.left - window.left, box.top - window.top, box.right - window.left, box.bottom - window.top)
    crop = image[window.slices]
    small = _small(crop)
    found = _object(small, inner, crop.shape[:2])
    if found is None:
        return Snapped(mask, False, ["no object stands out in it, the whole box is selected"])
    refined = _refined(crop, found) if found.shape != crop.shape[:2] else found
    border = _soft_border(small, found) * max(crop.shape[0] / found.shape[0], crop.shape[1] / found.shape[1])
    kept = _widened(_tidied(refined[inner.slices]), round(border))
    share = np.count_nonzero(kept) / box.area
    if not _LEAST_SHARE <= share <= _MOST_SHARE:
        return Snapped(mask, False, ["no object stands out in it, the whole box is selected"])
    mask[box.slices] = kept
    return Snapped(mask, True, [f"tightened to the object inside ({share:.0%} of the box)"])


def _small(crop: Image) -> NDArray[np.uint8]:
    scale = min(1.0, _WORKING_SIDE / max(crop.shape[:2]))
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small if small.dtype == np.uint8 else small // 257, dtype=np.uint8)


def _object(small: NDArray[np.uint8], inner: Box, shape: tuple[int, int]) -> Mask | None:
    """GrabCut's foreground in the small crop, or None if there is no sensible one."""
    down, across = small.shape[0] / shape[0], small.shape[1] / shape[1]
    left, top = math.floor(inner.left * across), math.floor(inner.top * down)
    right, bottom = math.ceil(inner.right * across), math.ceil(inner.bottom * down)
    labels = np.full(small.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    labels[top:bottom, left:right] = cv2.GC_PR_FGD
    if not (labels == cv2.GC_BGD).any():
        return None
    # GrabCut starts from k-means on OpenCV's random generator, which is one per thread: a thread of its own, seeded,
    # makes the answer repeatable and leaves the caller's generator alone.
    with ThreadPoolExecutor(max_workers=1) as alone:
        labels = alone.submit(_grab, small, labels).result()
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    share = np.count_nonzero(found) / max(1, (bottom - top) * (right - left))
    return found if _LEAST_SHARE <= share <= _MOST_SHARE else None


def _grab(small: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    cv2.setRNGSeed(_SEED)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    smooth = cv2.bilateralFilter(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), 5, 20, 3)
    cv2.grabCut(smooth, labels, (0, 0, 0, 0), background, foreground, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return labels


def _refined(crop: Image, coarse: Mask) -> Mask:
    """``coarse`` at the size of ``crop``, its border moved to the edges of the picture by a guided filter."""
    height, width = crop.shape[:2]
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    guide = np.asarray(grey, dtype=np.float32) / np.float32(np.iinfo(crop.dtype).max)
    soft = np.asarray(cv2.resize(coarse.astype(np.float32), (width, height)), dtype=np.float32)
    side = 2 * round(2 * max(height / coarse.shape[0], width / coarse.shape[1])) + 1

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (side, side)), dtype=np.float32)

    mean_guide, mean_soft = mean(guide), mean(soft)
    slope = (mean(guide * soft) - mean_guide * mean_soft) / (mean(guide * guide) - mean_guide**2 + 1e-4)
    offset = mean_soft - slope * mean_guide
    return np.asarray(mean(slope) * guide + mean(offset) > 0.5, dtype=np.bool_)


def _soft_border(small: NDArray[np.uint8], found: Mask) -> int:
    """How far the object reaches beyond GrabCut's border, in pixels of the small crop: blur, glow, a contact shadow.

    Rings of pixels around the object are compared with the next one and with the ground further out: the border ends
    where the colour has come near that of the ground, or does not change any more.
    """
    outward = cv2.distanceTransform((~found).view(np.uint8), cv2.DIST_L2, 5)
    inward = cv2.distanceTransform(found.view(np.uint8), cv2.DIST_L2, 5)
    ground = _colour(small[(outward > _WIDEST_BORDER) & (outward <= 2 * _WIDEST_BORDER)])
    rings = [_colour(small[(outward > at) & (outward <= at + 1)]) for at in range(1, _WIDEST_BORDER + 1)]
    step = float(np.abs(_colour(small[(inward > 1) & (inward <= 3)]) - ground).max())
    for width, (ring, following) in enumerate(itertools.pairwise(rings), start=1):
        left, change = float(np.abs(ring - ground).max()), float(np.abs(ring - following).max())
        if not (left > max(1.0, _LEFT_SHARE * step) and change > _CHANGE_SHARE * step):
            return width
    return _WIDEST_BORDER


def _colour(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean of N x 3 pixels; not a number, so that comparisons fail, where there are none."""
    return pixels.mean(axis=0) if pixels.size else np.full(3, np.nan)


def _widened(mask: Mask, by: int) -> Mask:
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask.view(np.uint8), element), dtype=np.bool_)


def _tidied(mask: Mask) -> Mask:
    """With a smooth border, without the parts that are small beside the largest one, and without holes."""
    # A border in the grain of the picture is no border of an object; a median takes such teeth off.
    mask = np.asarray(cv2.medianBlur(np.ascontiguousarray(mask).view(np.uint8), 7), dtype=np.bool_)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask).view(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    keep = areas >= max(1.0, 0.05 * areas.max())
    keep[0] = False
    kept = keep[labels]
    framed = np.pad(~kept, 1, constant_values=True).view(np.uint8)
    _, outside = cv2.connectedComponents(framed, connectivity=4)
    return np.asarray((outside != outside[0, 0])[1:-1, 1:-1], dtype=np.bool_)
