"""People (or other objects) cut out of pictures: RGBA with clean edge colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.holes.silhouettes import largest_part
from cleanplate_training.data.prepare.edge_colours import cleaned
from cleanplate_training.data.sample import Instance, Sample

_STRAIGHT = 0.4
"""An outermost row or column that is solid over more than this share of the object is where it was cut off."""


@dataclass(frozen=True)
class CutoutPlan:
    """Which objects are cut out.

    Attributes:
        least_share: smaller objects, as a share of the picture, are dropped.
        most_share: larger ones too (nothing of their surroundings is known).
        most_soft: dropped if more than this share of the object's pixels has an alpha between 0.1 and 0.9.
        least_solid: dropped if the largest connected part holds less than this share of the object.
        alone: drop mattes of pictures with several boxes: their cut-out would be several people in one.
        soften: standard deviation in pixels of the soft edge given to hard masks, for a picture of 512 px.
        label: what an object with a matte or a mask is called.
        margin: transparent rim around the object, as a share of its long side.
    """

    least_share: float = 0.04
    most_share: float = 0.85
    most_soft: float = 0.3
    least_solid: float = 0.85
    alone: bool = True
    soften: float = 0.7
    label: str = "person"
    margin: float = 0.04


def cutouts(sample: Sample, plan: CutoutPlan = CutoutPlan()) -> Iterator[Sample]:
    """Cut-outs of the sample's objects: from its alpha, else from its mask, else from each instance's mask.

    The picture of a cut-out holds the foreground's colours everywhere, its alpha says where it is; both are cropped to
    the object. Keys get ``-0``, ``-1`` ... appended; the group stays.
    """
    for number, (alpha, label) in enumerate(_alphas(sample, plan)):
        solid = alpha > 127
        main = largest_part(solid)
        if not main.any() or main.sum() < plan.least_solid * solid.sum():
            continue
        share, soft = float(main.mean()), float(np.mean((alpha > 25) & (alpha < 230)) / max(main.mean(), 1e-6))
        if not plan.least_share <= share <= plan.most_share or soft > plan.most_soft:
            continue
        yield _cut(sample, _without_islands(alpha, main), label, f"{sample.key}-{number}", plan)


def touches(alpha: NDArray[np.uint8]) -> tuple[bool, bool, bool, bool]:
    """Whether the object is cut off at its left, top, right and bottom end.

    It is where it ends in a straight edge of 40 % of its extent: at the border of the photo it was cut from, or at
    a bar or table in that photo.
    """
    left, top, right, bottom = (int(edge) for edge in box_of(alpha > 127))
    solid = (alpha > 127)[top:bottom, left:right]
    ends = (solid[:, 0], solid[0], solid[:, -1], solid[-1])
    cut_left, cut_top, cut_right, cut_bottom = (bool(end.mean() > _STRAIGHT) for end in ends)
    return cut_left, cut_top, cut_right, cut_bottom


def _alphas(sample: Sample, plan: CutoutPlan) -> Iterator[tuple[NDArray[np.uint8], str]]:
    if sample.alpha is not None:
        if not (plan.alone and len(sample.instances or ()) > 1):
            yield sample.alpha, plan.label
    elif sample.mask is not None:
        yield soft_edged(sample.mask, plan.soften), plan.label
    else:
        for instance in sample.instances or ():
            if instance.mask is not None and not instance.crowd:
                yield soft_edged(instance.mask, plan.soften), instance.label


def soft_edged(mask: NDArray[np.bool_], sigma: float) -> NDArray[np.uint8]:
    """A hard mask as uint8 alpha: drawn in by half a pixel (masks tend to include a rim) and blurred."""
    scale = max(mask.shape) / 512
    inside = cv2.distanceTransform(np.pad(mask, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    drawn_in = np.clip(inside - 0.5, 0, 1).astype(np.float32)
    blurred: NDArray[Any] = cv2.GaussianBlur(drawn_in, (0, 0), max(0.4, sigma * scale), borderType=cv2.BORDER_REPLICATE)
    rounded: NDArray[np.uint8] = np.rint(255 * blurred).astype(np.uint8)
    return rounded


def _without_islands(alpha: NDArray[np.uint8], main: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Alpha of the main part and its soft surroundings only."""
    reach = max(3, max(alpha.shape) // 40) | 1
    near = cv2.dilate(main.astype(np.uint8), np.ones((reach, reach), np.uint8))
    return np.asarray(alpha * near, np.uint8)


def _cut(sample: Sample, alpha: NDArray[np.uint8], label: str, key: str, plan: CutoutPlan) -> Sample:
    height, width = alpha.shape
    left, top, right, bottom = (int(edge) for edge in box_of(alpha > 12))
    rim = round(plan.margin * max(right - left, bottom - top))
    left, top, right, bottom = max(0, left - rim), max(0, top - rim), min(width, right + rim), min(height, bottom + rim)
    window = slice(top, bottom), slice(left, right)
    colours = cleaned(sample.picture, alpha)[window]
    own = np.ascontiguousarray(alpha[window])
    return replace(
        sample,
        key=key,
        picture=np.ascontiguousarray(colours),
        alpha=own,
        mask=None,
        instances=(Instance(label, box_of(own > 127)),),
        encoded=None,
    )
