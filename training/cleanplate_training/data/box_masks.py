"""Masks for boxes, as a promptable network gives them: which boxes ask for one, and which answers are believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.boxes import box_of, overlap
from cleanplate_training.data.instance_masks import groups_marked
from cleanplate_training.data.sample import Instance, Sample

Answer = tuple[NDArray[np.bool_], float]
"""A mask, bool H x W, and how sure the network is of it, 0..1."""


@dataclass(frozen=True)
class MaskPlan:
    """Which boxes get a mask.

    Attributes:
        least_height: Lower boxes keep none, as a share of the picture's height.
        least_surety: Answers that the network is less sure of are dropped.
        cover: Share of the box that a person covers.
        fills: Least intersection over union of the box and the box of the mask; else a part was found, or more.
        tight: From this intersection over union on the mask says better than the annotation where the box ends.
    """

    least_height: float = 0.06
    least_surety: float = 0.7
    cover: tuple[float, float] = (0.15, 0.97)
    fills: float = 0.6
    tight: float = 0.75


def asking(sample: Sample, plan: MaskPlan) -> list[int]:
    """Return the places of the instances that need a mask: neither too small, nor a group, nor with one already.

    Args:
        sample: As :func:`~cleanplate_training.data.instance_masks.with_instance_masks` returns it.
        plan: Which are too small.
    """
    least = plan.least_height * sample.picture.shape[0]
    return [
        place
        for place, each in enumerate(groups_marked(sample).instances or ())
        if not each.crowd and each.mask is None and each.box[3] - each.box[1] >= least
    ]


def answered(sample: Sample, places: Sequence[int], answers: Sequence[Answer], plan: MaskPlan) -> Sample:
    """Return the sample with the answers that are believed, one for each of the places."""
    instances = list(sample.instances or ())
    for place, (mask, surety) in zip(places, answers, strict=True):
        instances[place] = believed(instances[place], mask, surety, plan)
    return replace(sample, instances=tuple(instances))


def believed(own: Instance, mask: NDArray[np.bool_], surety: float, plan: MaskPlan) -> Instance:
    """Return the instance with the mask and, where they nearly agree, the mask's box.

    Where the mask cannot be right, it comes back as a crowd: often such a box is around a group, and whatever it is,
    training should neither take it for one person nor for nobody.
    """
    left, top, right, bottom = (round(max(0.0, side)) for side in own.box)
    inside = np.zeros_like(mask)
    inside[top:bottom, left:right] = mask[top:bottom, left:right]
    if surety < plan.least_surety or not inside.any():
        return replace(own, crowd=True)
    agreement = overlap(box_of(mask), own.box)
    if agreement < plan.fills or not plan.cover[0] <= inside[top:bottom, left:right].mean() <= plan.cover[1]:
        return replace(own, crowd=True)
    return replace(own, mask=mask, box=box_of(mask) if agreement >= plan.tight else own.box)
