"""One thing that was found in a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cleanplate.detect.run_lengths import run_lengths
from cleanplate.types import Box, Mask

_CUT_OFF = 1.3
"""How much taller than it shows a figure counts that the lower edge of the picture cuts."""
_WIDE = 2.2
"""A figure cut at the waist is about this many times as tall as the part that shows is wide."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A person or thing in a picture.

    Attributes:
        id: number in this picture, from 1, counted from left to right.
        label: what it is, such as ``person``.
        score: how sure the network is, 0..1.
        box: the smallest box around ``crop``'s pixels, in the upright picture.
        crop: box.height x box.width bool, the pixels that belong to it.
        size: height and width of the picture.
        distance_rank: 1 for what seems nearest to the camera, judged by how large it appears.
    """

    id: int
    label: str
    score: float
    box: Box
    crop: Mask
    size: tuple[int, int]
    distance_rank: int = 1

    @property
    def area(self) -> int:
        """Pixels that belong to it."""
        return int(np.count_nonzero(self.crop))

    @property
    def mask(self) -> Mask:
        """H x W bool, as large as the picture; made anew each time."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.box.slices] = self.crop
        return mask

    def within(self, window: Box) -> Mask:
        """Return its pixels in a part of the picture: window.height x window.width bool."""
        mask = np.zeros((window.height, window.width), np.bool_)
        common = self.box.common(window)
        if common.area:
            mine = self.crop[common.shifted(-self.box.left, -self.box.top).slices]
            mask[common.shifted(-window.left, -window.top).slices] = mine
        return mask

    @property
    def rle(self) -> dict[str, Any]:
        """The mask as COCO's run lengths: ``{"size": [H, W], "counts": "..."}``."""
        return run_lengths(self.crop, self.box, *self.size)

    @property
    def apparent_height(self) -> float:
        """Pixels that it would be tall if the picture did not cut it; an estimate."""
        height = max(self.box.height, _WIDE * self.box.width * (self.box.bottom >= self.size[0] - 1))
        return float(height) * (_CUT_OFF if self.box.bottom >= self.size[0] - 1 else 1.0)

    def covers(self, x: float, y: float) -> bool:
        """Whether the pixel under the point belongs to it."""
        column, row = int(x) - self.box.left, int(y) - self.box.top
        inside = 0 <= column < self.box.width and 0 <= row < self.box.height
        return bool(inside and self.crop[row, column])

    def to_json(self, *, rle: bool = True) -> dict[str, Any]:
        """Plain numbers and texts, with the run lengths of the mask if ``rle``."""
        record: dict[str, Any] = {
            "id": self.id,
            "label": self.label,
            "score": round(float(self.score), 3),
            "box": list(self.box),
            "area": self.area,
            "distance_rank": self.distance_rank,
        }
        return {**record, "segmentation": self.rle} if rle else record


def numbered(instances: list[Instance]) -> list[Instance]:
    """The same with ids from left to right and with ranks of distance."""
    placed = sorted(instances, key=lambda each: (each.box.left + each.box.right, each.box.top, each.box))
    near = sorted(range(len(placed)), key=lambda place: -placed[place].apparent_height)
    ranks = {place: rank for rank, place in enumerate(near, start=1)}
    return [replace(each, id=place + 1, distance_rank=ranks[place]) for place, each in enumerate(placed)]
