"""Holes of a wanted area, made of strokes, spots, tears, scratches and silhouettes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate_training.data.holes.scratches import scratch
from cleanplate_training.data.holes.silhouettes import silhouette
from cleanplate_training.data.holes.spots import spot
from cleanplate_training.data.holes.strokes import stroke
from cleanplate_training.data.holes.tears import tear

KINDS = {"strokes": stroke, "spots": spot, "tears": tear, "scratches": scratch}
"""What can be mixed without templates; "silhouettes" needs some."""
_ATTEMPTS = 60
_CLOSE_ENOUGH = 0.85
"""Filling up the last few per cent would sprinkle crumbs around every hole."""


class HoleGenerator:
    """Draws bool masks, True = hole, whose share of the picture lies in a range; picklable.

    Each hole picks its share evenly from the range and is painted shape by shape until it is reached. A hole is mostly
    of one kind, as in use; sometimes two kinds meet.

    Args:
        size: height and width of the masks.
        area: least and greatest share of hole pixels, within 0 < least < greatest < 1.
        kinds: relative frequency of each kind; None = all alike ("silhouettes" only with templates).
        templates: see :func:`~.silhouettes.templates_of`.

    Raises:
        ArgumentError: an empty range, an unknown kind, or silhouettes without templates.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        area: tuple[float, float] = (0.03, 0.4),
        kinds: Mapping[str, float] | None = None,
        templates: Sequence[NDArray[np.uint8]] = (),
    ) -> None:
        if not 0 < area[0] < area[1] < 1:
            raise ArgumentError(f"must be 0 < least < greatest < 1, not {area}", subject="area")
        painters = dict(KINDS)
        if templates:
            painters["silhouettes"] = partial(silhouette, templates=list(templates))
        kinds = dict.fromkeys(painters, 1.0) if kinds is None else kinds
        for kind in kinds:
            if kind not in painters:
                fix = (
                    "give templates"
                    if kind == "silhouettes"
                    else f"valid: {', '.join(sorted([*KINDS, 'silhouettes']))}"
                )
                raise ArgumentError(f"cannot make {kind!r}", subject="kinds", fix=fix)
        if not kinds or min(kinds.values()) < 0 or sum(kinds.values()) <= 0:
            raise ArgumentError("need non-negative frequencies, not all 0", subject="kinds")
        self.size, self.area = size, area
        self._painters = [painters[kind] for kind in kinds]
        self._shares = np.array(list(kinds.values())) / sum(kinds.values())

    def draw(self, rng: np.random.Generator) -> NDArray[np.bool_]:
        """One hole, bool H x W, with an area in the range."""
        pixels = self.size[0] * self.size[1]
        while True:
            target = rng.uniform(*self.area)
            canvas = np.zeros(self.size, np.uint8)
            chosen = self._kinds_of_one(rng)
            shrink = 1.0
            for _ in range(_ATTEMPTS):
                share = cv2.countNonZero(canvas) / pixels
                if share >= _CLOSE_ENOUGH * target and share >= self.area[0]:
                    break
                trial = canvas.copy()
                reach = shrink * float(np.clip(np.sqrt(max(target - share, 0.0)), 0.1, 1)) * rng.uniform(0.6, 1.4)
                self._painters[chosen[int(rng.integers(len(chosen)))]](trial, rng, reach)
                if cv2.countNonZero(trial) / pixels <= self.area[1]:
                    canvas = trial
                else:
                    shrink *= 0.7
            if self.area[0] <= cv2.countNonZero(canvas) / pixels <= self.area[1]:
                return canvas.astype(bool)

    def batch(self, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """``count`` holes, bool count x H x W."""
        return np.stack([self.draw(rng) for _ in range(count)])

    def _kinds_of_one(self, rng: np.random.Generator) -> list[int]:
        count = 2 if rng.random() < 0.25 else 1
        return [int(kind) for kind in rng.choice(len(self._painters), count, p=self._shares)]
