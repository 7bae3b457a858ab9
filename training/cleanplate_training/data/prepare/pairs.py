"""Annotated pictures at training size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cleanplate_training.data.augment.geometry import resized
from cleanplate_training.data.sample import Sample


@dataclass(frozen=True)
class PairPlan:
    """Which annotated pictures are kept, and how large.

    Attributes:
        side: longest side in pixels; larger pictures are shrunk to it, smaller ones stay as they are.
        aspect: range of the random stretching (evenly on a log scale) of sources that are ``stretched``.
        least_inside: least share of the matte that lies inside the boxes, for pictures with both.
        least_cover: least share of the boxes' area that the matte covers, for pictures with both.
        most_soft: largest share of the matte's pixels that are neither below 0.1 nor above 0.9.
        least_share: least share of the picture that the matte or mask covers.
    """

    side: int = 512
    aspect: tuple[float, float] = (0.6, 1.7)
    least_inside: float = 0.0
    least_cover: float = 0.0
    most_soft: float = 1.0
    least_share: float = 0.0


def clean_enough(sample: Sample, plan: PairPlan) -> bool:
    """Whether the annotations of a sample agree with each other as far as the plan asks."""
    if sample.alpha is not None:
        share, soft = sample.alpha.mean() / 255, softness(sample.alpha)
        inside, cover = agreement(sample) if sample.instances else (1.0, 1.0)
        return bool(
            share >= plan.least_share
            and soft <= plan.most_soft
            and inside >= plan.least_inside
            and cover >= plan.least_cover
        )
    return sample.mask is None or bool(sample.mask.mean() >= plan.least_share)


def softness(alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Share of the pixels with any alpha whose alpha lies between 0.1 and 0.9; 0 for an empty matte."""
    some = int(np.count_nonzero(alpha > 25))
    return np.count_nonzero((alpha > 25) & (alpha < 230)) / some if some else 0.0


def agreement(sample: Sample) -> tuple[float, float]:
    """Share of the matte inside the union of the boxes, and share of that union which the matte covers."""
    assert sample.alpha is not None
    boxes = np.zeros(sample.alpha.shape, bool)
    for left, top, right, bottom in sample.boxes.round().astype(int).tolist():
        boxes[top:bottom, left:right] = True
    within = float(sample.alpha[boxes].sum())
    return within / max(1.0, float(sample.alpha.sum())), within / 255 / max(1, int(np.count_nonzero(boxes)))


def at_training_size(sample: Sample, plan: PairPlan, rng: np.random.Generator, *, stretched: bool) -> Sample:
    """The sample no larger than the plan's side, stretched at random if its source was squeezed.

    A picture that needs neither is handed on untouched, so that its file is not compressed a second time.
    """
    height, width = sample.picture.shape[:2]
    if stretched:
        factor = math.sqrt(math.exp(rng.uniform(math.log(plan.aspect[0]), math.log(plan.aspect[1]))))
        new_height, new_width = height / factor, width * factor
    else:
        new_height, new_width = float(height), float(width)
    shrink = min(1.0, plan.side / max(new_height, new_width))
    new_height, new_width = max(1, round(new_height * shrink)), max(1, round(new_width * shrink))
    return sample if (new_height, new_width) == (height, width) else resized(sample, new_height, new_width)
