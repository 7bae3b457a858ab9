"""Photographs to restore: views of photographs, and people put on natural backgrounds, many of them portraits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.augment.geometry import RandomView
from cleanplate_training.data.prepare.composite import CompositePlan, composite
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.uniforms import in_uniform

_TALLEST_HEAD = 0.28
"""Least share of a standing figure that head and shoulders need."""


class Scenes:
    """Square pictures at the network's size.

    Args:
        photographs: samples to look at, people among them or not.
        cutouts: samples with alpha, one person each; empty for none.
        size: side of the pictures.
        portraits: share of pictures that show people cut out and put on one of the photographs.
        scale: range of the part of a photograph that is seen, as a share of its short side.
        uniforms: share of people who wear a uniform.
    """

    def __init__(
        self,
        photographs: Sequence[Sample],
        cutouts: Sequence[Sample] = (),
        *,
        size: int,
        portraits: float = 0.4,
        scale: tuple[float, float] = (0.5, 1.0),
        uniforms: float = 0.0,
    ) -> None:
        self.photographs, self.cutouts, self.uniforms = photographs, cutouts, uniforms
        self.portraits = portraits if len(cutouts) else 0.0
        self._view = RandomView((size, size), scale=scale, rotation=3.0)
        plan = CompositePlan(size=(size, size), people=(1, 2), height=(0.55, 1.0), shadows=0.2, harmony=(0.3, 0.8))
        self._plan, self._close = plan, replace(plan, people=(1, 1), height=(0.7, 1.0))

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self.photographs)

    def picture(self, index: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return uint8 size x size x 3: photograph ``index``, or a portrait before a part of it."""
        photograph = self.photographs[index]
        if rng.random() >= self.portraits:
            return self._view(replace(photograph, alpha=None, mask=None, instances=None), rng).picture
        close = rng.random() < 0.65
        plan = self._close if close else self._plan
        people = [self._person(rng, close=close) for _ in range(int(rng.integers(plan.people[0], plan.people[1] + 1)))]
        return composite(photograph, people, plan, rng).picture

    def _person(self, rng: np.random.Generator, *, close: bool) -> Sample:
        person = self.cutouts[int(rng.integers(len(self.cutouts)))]
        person = replace(person, instances=None, mask=None)
        if rng.random() < self.uniforms:
            person = in_uniform(person, rng)
        return head_and_shoulders(person, rng) if close else person


def head_and_shoulders(person: Sample, rng: np.random.Generator) -> Sample:
    """Return the upper part of a cut-out; of wide figures (sitting, half bodies) more is kept than of standing ones."""
    height, width = person.picture.shape[:2]
    least = min(1.0, max(_TALLEST_HEAD, 0.5 * width / height))
    kept = max(8, round(height * rng.uniform(least, max(least, 0.75))))
    assert person.alpha is not None
    alpha = person.alpha[:kept]
    columns = np.flatnonzero((alpha > 127).any(axis=0))
    if not columns.size:
        return person
    left, right = int(columns[0]), int(columns[-1]) + 1
    parts = (np.ascontiguousarray(plane[:kept, left:right]) for plane in (person.picture, person.alpha))
    picture, alpha = parts
    return replace(person, picture=picture, alpha=alpha, encoded=None)
