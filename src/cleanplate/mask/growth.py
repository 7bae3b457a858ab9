"""Growing and shrinking a selection with a round element."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.mask.components import group_boxes
from cleanplate.mask.spans import fill_spans
from cleanplate.types import Mask, check_mask


def grow(mask: Mask, by: int) -> Mask:
    """``mask`` (H x W bool) with every pixel added that lies within ``by`` pixels of it; a negative ``by`` shrinks.

    Distances run between pixel centres and are exact: the element is the disc of radius ``by``. Shrinking removes
    the pixels within ``-by`` of an unselected one; the border of the picture does not count as unselected. Only the
    surroundings of the selected parts are touched, so that the cost follows the selection, not the picture.

    Returns:
        A new mask, also for ``by = 0``.
    """
    check_mask(mask)
    grown = mask.copy()
    if by == 0:
        return grown
    height, width = mask.shape
    for group in group_boxes(mask, gap=abs(by)):
        area = group.grown(abs(by) + 1).clipped(height, width).slices
        if by > 0:
            grown[area] |= _dilated(mask[area], by)
        else:
            grown[area] &= ~_dilated(~mask[area], -by)
    return grown


def _dilated(mask: Mask, by: int) -> Mask:
    """All pixels within ``by`` of a selected one: exact, by whichever of two ways is cheaper.

    Runs drawn around each border pixel cost border x ``by``; the distance transform costs the area, some 30 times
    as much a pixel.
    """
    source = np.ascontiguousarray(mask).view(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(source, cross, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    rows, columns = np.nonzero(source != inner)
    if rows.size * (2 * by + 1) > 4 * mask.size:
        distance = cv2.distanceTransform(1 - source, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # Squared distances are whole numbers; the margin only absorbs the float32 root. The transform answers with
        # a large finite number where nothing is selected.
        return np.asarray(distance**2 <= by * by + 0.5, dtype=np.bool_)
    offsets = np.arange(-by, by + 1, dtype=np.int64)
    half = np.floor(np.sqrt((by * by - offsets**2).astype(np.float64)) + 1e-9).astype(np.int64)
    row = (rows[:, None] + offsets[None, :]).ravel()
    start = (columns[:, None] - half[None, :]).ravel()
    end = (columns[:, None] + half[None, :] + 1).ravel()
    return np.asarray(fill_spans(row, start, end, *mask.shape) | mask, dtype=np.bool_)
