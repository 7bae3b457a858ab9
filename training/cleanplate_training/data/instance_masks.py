"""Masks of single people out of what covers them all: a matte, or a mask of the one person that is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.boxes import Box, area, box_of, overlap, shared
from cleanplate_training.data.sample import Instance, Sample

_APART = 0.03
"""Boxes that share more of the smaller one than this are not told apart by a matte."""
_COVER = (0.2, 0.95)
"""Share of a box that a person's matte covers."""
_FILLS = 0.65
"""Least intersection over union of a box with the box of the matte inside it: else the matte missed a part."""


def with_instance_masks(sample: Sample) -> Sample:
    """Return the sample with a mask for every instance that has a clear one, and without matte and mask.

    Boxes whose person the matte does not show clearly, or that meet another box, keep no mask. A sample without
    instances but with a mask (a set that marks one person a picture) gets that one. Exact instance masks stay.
    """
    instances = sample.instances
    if instances is None and sample.mask is not None and sample.mask.any():
        instances = (Instance("person", box_of(sample.mask), sample.mask),)
    elif sample.alpha is not None and instances and all(each.mask is None for each in instances):
        solid = sample.alpha >= 128
        instances = tuple(_masked(place, instances, solid) for place in range(len(instances)))
    return replace(sample, instances=instances or (), alpha=None, mask=None, encoded=None)


def groups_marked(sample: Sample) -> Sample:
    """Mark boxes without a mask that hold two others or more as crowds: they are around a group, not a person."""
    instances = sample.instances or ()
    marked = (replace(each, crowd=True) if _is_group(each, instances) else each for each in instances)
    return replace(sample, instances=tuple(marked))


def _is_group(own: Instance, instances: tuple[Instance, ...]) -> bool:
    if own.crowd:
        return True
    others = [each.box for each in instances if each is not own and area(each.box) < 0.8 * area(own.box)]
    return own.mask is None and sum(shared(own.box, box) > 0.8 * area(box) for box in others) >= 2


def _masked(place: int, instances: tuple[Instance, ...], solid: NDArray[np.bool_]) -> Instance:
    own = instances[place]
    if any(_meets(own.box, other.box) for number, other in enumerate(instances) if number != place):
        return own
    left, top, right, bottom = (round(side) for side in own.box)
    window = slice(max(0, top), bottom), slice(max(0, left), right)
    mask = np.zeros_like(solid)
    mask[window] = solid[window]
    if not mask.any():
        return own
    cover = float(solid[window].mean())
    if not _COVER[0] <= cover <= _COVER[1] or overlap(box_of(mask), own.box) < _FILLS:
        return own
    return replace(own, box=box_of(mask), mask=mask)


def _meets(one: Box, other: Box) -> bool:
    return shared(one, other) > _APART * min(area(one), area(other))
