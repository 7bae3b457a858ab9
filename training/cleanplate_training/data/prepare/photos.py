"""Crops of photographs at training size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate_training.data.augment.geometry import cropped, resized
from cleanplate_training.data.sample import Sample


@dataclass(frozen=True)
class CropPlan:
    """How a photograph is cut.

    Attributes:
        size: side of the square crops in pixels.
        shrink: range of the factor by which the photo is shrunk before a crop of ``size`` is cut (1 = native pixels;
            bigger factors show more of the scene); as far as the photo is large enough for it.
        per_megapixel: crops for each megapixel of photo, at least 1.
        most: crops of one photo at most.
        least_side: photos with a shorter short side are dropped, those between it and ``size`` are enlarged; None =
            ``size``, so nothing is enlarged.
        least_detail: crops whose mean absolute Laplacian (grey levels) is less are dropped: sky, walls, blur.
    """

    size: int = 256
    shrink: tuple[float, float] = (1.0, 4.0)
    per_megapixel: float = 4.0
    most: int = 64
    least_side: int | None = None
    least_detail: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a plan that cannot give a crop."""
        if self.size < 8 or not 1 <= self.shrink[0] <= self.shrink[1] or self.most < 1:
            raise ArgumentError(f"has size {self.size}, shrink {self.shrink}, most {self.most}", subject="crops")


def crops(sample: Sample, plan: CropPlan, rng: np.random.Generator) -> Iterator[Sample]:
    """Random square crops of a photo; fewer where little is to be seen, none of a photo that is too small.

    Keys get ``-000``, ``-001`` ... appended; the group stays, so that all crops of a photo share its split.
    """
    height, width = sample.picture.shape[:2]
    short = min(height, width)
    if short < (plan.size if plan.least_side is None else plan.least_side):
        return
    if short < plan.size:
        factor = plan.size / short
        sample = resized(sample, max(plan.size, round(height * factor)), max(plan.size, round(width * factor)))
        height, width = sample.picture.shape[:2]
        short = plan.size
    count = int(np.clip(round(plan.per_megapixel * height * width / 1e6), 1, plan.most))
    most_shrink = min(plan.shrink[1], short / plan.size)
    least_shrink = min(plan.shrink[0], most_shrink)
    for number in range(count):
        shrink = math.exp(rng.uniform(math.log(least_shrink), math.log(most_shrink)))
        side = min(short, round(plan.size * shrink))
        left, top = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
        part = cropped(sample, left, top, side, side)
        if side != plan.size:
            part = resized(part, plan.size, plan.size)
        if detail(part.picture) >= plan.least_detail:
            yield replace(part, key=f"{sample.key}-{number:03d}")


def detail(picture: NDArray[np.uint8]) -> float:
    """Mean absolute Laplacian of the grey picture, in grey levels: 0 for a plain wall, 5 to 20 for most scenes."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(np.mean(np.abs(cv2.Laplacian(grey, cv2.CV_16S))))
