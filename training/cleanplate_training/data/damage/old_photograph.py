"""A whole photograph turned into an old and damaged one, and the same old one without the damage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.damage.fading import faded
from cleanplate_training.data.damage.grain import grained
from cleanplate_training.data.damage.kinds import FREQUENCY, KINDS
from cleanplate_training.data.damage.mark import Mark, Plane, damaged_pixels, laid
from cleanplate_training.data.damage.mirroring import mirrored, share
from cleanplate_training.data.damage.mount import mounted
from cleanplate_training.data.damage.paper import textured
from cleanplate_training.data.damage.scan import scanned
from cleanplate_training.data.damage.softness import softened
from cleanplate_training.data.damage.stamps import Stamps
from cleanplate_training.data.damage.toning import toned
from cleanplate_training.data.damage.vignette import vignetted

Change = Callable[[Plane, np.random.Generator], Plane]


@dataclass(frozen=True)
class Damaged:
    """An old photograph with and without its damage.

    Attributes:
        picture: uint8 H x W x 3, aged and damaged.
        undamaged: The same print, aged but whole.
        mask: bool H x W, True = damaged.
        areas: Share of the picture that each kind of damage covers, and ``mirroring`` (which is not in the mask).
    """

    picture: NDArray[np.uint8]
    undamaged: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    areas: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OldPhotograph:
    """Draws old photographs.

    Attributes:
        stamps: Pictures of damage; None for generated damage only.
        marks: Least and greatest number of marks on a damaged photograph.
        whole: Share of photographs without any damage.
        colour: Share of photographs that stay in colour.
        aged: Share of photographs that show age; the others are clean and modern, and must be left alone.
        frequency: Relative frequency of each kind (:data:`~.kinds.FREQUENCY`).
        most: Marks are left out once this share of the picture is damaged.
    """

    stamps: Stamps | None = None
    marks: tuple[int, int] = (1, 9)
    whole: float = 0.12
    colour: float = 0.12
    aged: float = 0.93
    frequency: Mapping[str, float] = field(default_factory=lambda: FREQUENCY)
    most: float = 0.3

    def __call__(self, picture: NDArray[np.uint8], rng: np.random.Generator) -> Damaged:
        """Return an old photograph of the same size as ``picture``, uint8 H x W x 3."""
        clean = picture.astype(np.float32) / np.float32(255)
        if rng.random() >= self.aged:
            paper = (1.0, 1.0, 1.0)
            before, after, mirroring = clean, [], 0.0
        else:
            before, paper = toned(clean, rng, colour=self.colour)
            before = _changed(before, rng, _PRINT)
            sheen = mirrored(before, rng) if rng.random() < 0.12 else before
            mirroring, before = share(before, sheen), sheen
            if rng.random() < 0.25:
                before = mounted(before, rng, paper)
            after = [(step, int(rng.integers(2**62))) for chance, step in _SURFACE if rng.random() < chance]
        damaged, mask, areas = self._damaged(before, paper, rng)
        if mirroring > 0:
            areas["mirroring"] = mirroring
        finished = []
        for plane in (damaged, before):
            for step, seed in after:
                plane = step(plane, np.random.default_rng(seed))  # the same texture and noise on both
            finished.append(np.asarray(np.rint(np.clip(plane, 0, 1) * 255), np.uint8))
        return Damaged(finished[0], finished[1], mask, areas)

    def _damaged(
        self, before: Plane, paper: tuple[float, float, float], rng: np.random.Generator
    ) -> tuple[Plane, NDArray[np.bool_], dict[str, float]]:
        height, width = before.shape[:2]
        mask = np.zeros((height, width), np.bool_)
        areas: dict[str, float] = {}
        if rng.random() < self.whole:
            return before, mask, areas
        picture = before
        for _ in range(int(rng.integers(self.marks[0], self.marks[1] + 1))):
            mark = self._mark(rng, height, width)
            covered = laid(picture, mark, paper)
            seen = damaged_pixels(picture, covered, mark.opacity)
            if (mask | seen).mean() > self.most:
                continue
            picture, mask = covered, mask | seen
            areas[mark.kind] = areas.get(mark.kind, 0.0) + float(seen.mean())
        return picture, mask, areas

    def _mark(self, rng: np.random.Generator, height: int, width: int) -> Mark:
        weights = {kind: weight for kind, weight in self.frequency.items() if kind != "stamp" or self.stamps}
        names, total = list(weights), sum(weights.values())
        name = names[int(rng.choice(len(names), p=[weights[each] / total for each in names]))]
        if name == "stamp":
            assert self.stamps is not None
            return self.stamps.draw(rng, height, width)
        return KINDS[name](rng, height, width)


_PRINT: tuple[tuple[float, Change], ...] = ((0.55, softened), (0.5, faded), (0.4, vignetted), (0.7, grained))
"""Probability and change: what happened to the picture before its damage."""
_SURFACE: tuple[tuple[float, Change], ...] = ((0.45, textured), (1.0, scanned))
"""Likewise, what lies over picture and damage alike."""


def _changed(picture: Plane, rng: np.random.Generator, steps: tuple[tuple[float, Change], ...]) -> Plane:
    for chance, step in steps:
        if rng.random() < chance:
            picture = np.clip(step(picture, rng), 0, 1)
    return picture
