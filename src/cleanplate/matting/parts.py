"""The connected parts of an alpha: people who stand apart from each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import SelectionError
from cleanplate.types import Alpha, Box, check_alpha

_WORKING_AREA = 512 * 512
_SURE = 0.5
_SMALLEST_SHARE = 0.02
"""Parts smaller than this share of the largest belong to their neighbour and do not count: hands, bags."""


@dataclass(frozen=True)
class Parts:
    """People who stand apart.

    Attributes:
        boxes: around each, in pixels of the alpha, largest first.
        labels: h x w, which part is nearest, 1 for the first; at a reduced size.
    """

    boxes: tuple[Box, ...]
    labels: NDArray[np.uint8]


def parts(alpha: Alpha) -> Parts:
    """Find the parts of an alpha (H x W float32), largest first, at most 255."""
    check_alpha(alpha)
    height, width = alpha.shape
    factor = min(1.0, math.sqrt(_WORKING_AREA / alpha.size))
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    small = cv2.resize(alpha, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    sure = (small > _SURE).view(np.uint8)
    _, found, stats, _ = cv2.connectedComponentsWithStats(sure, connectivity=8, ltype=cv2.CV_32S)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return Parts((), np.zeros(size, np.uint8))
    order = [int(each) for each in np.argsort(-areas, kind="stable") if areas[each] >= _SMALLEST_SHARE * areas.max()]
    order = order[:255]
    numbers = np.zeros(len(areas) + 1, np.uint8)
    for number, each in enumerate(order, start=1):
        numbers[each + 1] = number
    labels = _nearest(numbers[found])
    scale = (width / size[1], height / size[0])
    return Parts(tuple(_box(stats[each + 1], *scale).clipped(height, width) for each in order), labels)


def only(alpha: Alpha, number: int) -> Alpha:
    """The alpha of one part; the others become 0.

    Args:
        alpha: H x W float32; not changed.
        number: 1 for the largest part, 2 for the next.

    Raises:
        SelectionError: there are not so many parts.
    """
    found = parts(alpha)
    if not 1 <= number <= len(found.boxes):
        how_many = f"{len(found.boxes)} people stand apart" if len(found.boxes) != 1 else "everybody is connected"
        fix = "use 1 for the largest" if found.boxes else "leave it out"
        raise SelectionError(f"there is no person {number}: {how_many}", subject="--person", fix=fix)
    own = (found.labels == number).astype(np.float32)
    share: Any = cv2.resize(own, (alpha.shape[1], alpha.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(alpha * share, np.float32)


def _nearest(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every pixel the number of the part that is nearest to it, so that soft edges go with their person."""
    if not numbers.any():
        return numbers
    empty = (numbers == 0).view(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(int(nearest.max()) + 1, np.uint8)
    table[nearest[empty == 0]] = numbers[empty == 0]
    return table[nearest]


def _box(stats: NDArray[Any], across: float, down: float) -> Box:
    left, top, width, height = (int(stats[key]) for key in range(4))
    return Box(
        math.floor(left * across),
        math.floor(top * down),
        math.ceil((left + width) * across),
        math.ceil((top + height) * down),
    )
