"""Which pictures show people as a selfie does: few of them, large in the frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.sample import Instance, Sample

_HALF = 128


@dataclass(frozen=True)
class PeoplePlan:
    """What a picture must show to be kept, step by step.

    Attributes:
        count: least and largest number of people, not counting the tiny.
        share: least and largest share of the frame that people cover together.
        tiny: people smaller than this share of the frame count as background, in the number and in the mask.
        extra: further classes, such as animals or held objects, if they touch a person.
        join_extra: count the extra classes as people in the mask; otherwise they stay instances of their own.
    """

    count: tuple[int, int] = (1, 2)
    share: tuple[float, float] = (0.2, 0.7)
    tiny: float = 0.005
    extra: tuple[str, ...] = ()
    join_extra: bool = True


Survived = Callable[[str, bool], None]
"""Told of each step and whether the sample survived it."""


def selfie(sample: Sample, plan: PeoplePlan, survived: Survived) -> Sample | None:
    """Return the sample with its people as ``mask``, or None if it shows something else.

    The mask is the matte above one half where there is one, else the sample's mask, else the union of the people's
    instance masks. Crowds that are not told apart cannot be counted: pictures with one are left out.

    Args:
        sample: with instances, a matte, or both.
        plan: what to keep.
        survived: called once for each step that the sample reaches.
    """
    instances = sample.instances or ()
    people = [each for each in instances if each.label == "person"]
    large = [each for each in people if not each.crowd and _share(each, sample) >= plan.tiny]
    mask = _mask(sample, large, plan)
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("shows people", lambda: bool(people) or (sample.instances is None and bool(mask.any()))),
        ("has no crowd", lambda: not any(each.crowd for each in people)),
        (
            f"{plan.count[0]} to {plan.count[1]} people",
            lambda: sample.instances is None or plan.count[0] <= len(large) <= plan.count[1],
        ),
        (
            f"people cover {plan.share[0]:.0%} to {plan.share[1]:.0%}",
            lambda: plan.share[0] <= float(mask.mean()) <= plan.share[1],
        ),
    ]
    for name, holds in steps:
        holding = holds()
        survived(name, holding)
        if not holding:
            return None
    return replace(sample, mask=mask, instances=_kept(large, instances, mask, plan))


def _share(instance: Instance, sample: Sample) -> float:
    """Share of the frame: of the mask where there is one, else of the box."""
    height, width = sample.picture.shape[:2]
    if instance.mask is not None:
        return float(np.count_nonzero(instance.mask) / instance.mask.size)
    left, top, right, bottom = instance.box
    return float((right - left) * (bottom - top) / (height * width))


def _mask(sample: Sample, people: list[Instance], plan: PeoplePlan) -> NDArray[np.bool_]:
    if sample.alpha is not None:
        mask = sample.alpha >= _HALF
    elif sample.mask is not None:
        mask = sample.mask
    else:
        mask = np.zeros(sample.picture.shape[:2], bool)
        for person in people:
            if person.mask is not None:
                mask |= person.mask
    if plan.join_extra:
        for other in _touching(sample.instances or (), mask, plan):
            mask = mask | other
    return mask


def _touching(instances: tuple[Instance, ...], mask: NDArray[np.bool_], plan: PeoplePlan) -> list[NDArray[np.bool_]]:
    """Masks of the extra classes that touch a person: a dog on the arm, not a dog across the street."""
    near = _one_pixel_more(mask)
    wanted = [each.mask for each in instances if each.label in plan.extra and each.mask is not None]
    return [other for other in wanted if (other & near).any()]


def _one_pixel_more(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    more = mask.copy()
    more[1:] |= mask[:-1]
    more[:-1] |= mask[1:]
    more[:, 1:] |= mask[:, :-1]
    more[:, :-1] |= mask[:, 1:]
    return more


def _kept(
    people: list[Instance], instances: tuple[Instance, ...], mask: NDArray[np.bool_], plan: PeoplePlan
) -> tuple[Instance, ...]:
    if plan.join_extra:
        return tuple(people)
    near = _one_pixel_more(mask)
    extras = [e for e in instances if e.label in plan.extra and e.mask is not None and (e.mask & near).any()]
    return (*people, *extras)
