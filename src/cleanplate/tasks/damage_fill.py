"""Who fills what of the damage of an old photograph: what is narrow, holes that the network knows, and larger ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np

from cleanplate.colour.ycc import is_grey
from cleanplate.inpaint import partial
from cleanplate.inpaint.engine import Engine, EngineOptions, create_engine
from cleanplate.inpaint.full_size import MEDIUM, fill_at_full_size
from cleanplate.mask.windows import Chain, plan_windows
from cleanplate.prints.tint import GREY, keep_to, tint_of
from cleanplate.tasks.engine_choice import automatic_engine
from cleanplate.tasks.fill import fill, shrink_factors
from cleanplate.types import Image, Mask


@dataclass
class DamageFill:
    """Fills what is marked, in the picture's own tint.

    Args:
        filler: the network for damage; None where it is not installed or not wanted.
        engine: ``auto``, ``partial``, or the engine of the eraser that fills everything.
        seed: chooses among equally good fills of the eraser's engines.
        threads: cores to use.

    Attributes:
        engines: what filled, by kind of damage: ``narrow``, ``fill``, ``large``; complete after the call.
        notes: remarks for the user; complete after the call.
    """

    filler: partial.Partial | None
    engine: str
    seed: int
    threads: int
    engines: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __call__(self, image: Image, defects: Mask) -> Image:
        """Return the picture with all of ``defects`` filled; each step knows what those before it filled."""
        result, remaining = self._narrow(image, defects) if self.engine == "auto" else (image, defects)
        chains = plan_windows(remaining)
        large, count = (remaining, 0) if self.filler is None else _too_large(remaining, chains, self.filler)
        if large.any():
            result = self._large(result, large, remaining & ~large, count)
        rest = remaining & ~large
        if self.filler is not None and rest.any():
            self.engines["fill"] = self.filler.weights
            planned = None if large.any() else chains
            result = self._filled(result, rest, cast("Engine", self.filler), chains=planned)
        return _in_tint_of(image, result, defects)

    def _narrow(self, image: Image, defects: Mask) -> tuple[Image, Mask]:
        """The picture without its narrow damage, and the damage that is left."""
        widest = 0.0 if self.filler is None else min(MEDIUM, self.filler.largest_radius)
        done = fill_at_full_size(image, defects, cast("Engine", self.filler), widest=widest, threads=self.threads)
        if done.continued.any():
            self.engines["narrow"] = "continuation"
        if self.filler is not None and done.completed.any():
            self.engines["fill"] = self.filler.weights
        return done.image, defects & ~(done.continued | done.completed)

    def _large(self, image: Image, large: Mask, others: Mask, count: int) -> Image:
        """Give holes to the eraser's engine, which must not take pixels from other damage."""
        options = EngineOptions(threads=self.threads)
        engine = create_engine(automatic_engine(options) if self.engine == "auto" else self.engine, options)
        self.engines["fill" if self.filler is None else "large"] = engine.name
        result = self._filled(image, large, engine, avoid=others)
        if self.filler is not None:
            holes = "1 hole was" if count == 1 else f"{count} holes were"
            self.notes.append(f"{holes} too large for the fill network and went to engine '{engine.name}'")
        elif self.engine == "auto":
            self.notes.append(f"no network for filling damage is installed, so engine '{engine.name}' filled it")
        return result

    def _filled(
        self,
        image: Image,
        hole: Mask,
        engine: Engine,
        *,
        avoid: Mask | None = None,
        chains: Sequence[Chain] | None = None,
    ) -> Image:
        return fill(image, hole, engine, avoid=avoid, chains=chains, seed=self.seed, seam=0.0, threads=self.threads)[0]


def _too_large(defects: Mask, chains: Sequence[Chain], filler: partial.Partial) -> tuple[Mask, int]:
    """The holes that are wider, at the size of their window's small picture, than the fill network learned from."""
    large = np.zeros_like(defects)
    count = 0
    for chain in chains:
        for window in chain:
            factor, _ = shrink_factors(window, filler.working_size)
            wide = _wider(window.hole, window.others, factor * filler.largest_radius)
            if wide is not None:
                large[window.box.slices] |= wide[0]
                count += wide[1]
    return large, count


def _wider(hole: Mask, others: Mask, radius: float) -> tuple[Mask, int] | None:
    """The islands of a hole that are wider than twice ``radius``, and how many; what touches them counts for width."""
    whole = np.pad(hole | others, 1).view(np.uint8)  # what lies beyond the window is taken for known
    distance = cv2.distanceTransform(whole, cv2.DIST_L2, cv2.DIST_MASK_5)
    beyond = (distance > radius) & np.pad(hole, 1)
    if not beyond.any():
        return None
    _, labels = cv2.connectedComponents(np.pad(hole, 1).view(np.uint8), connectivity=8)
    wide = np.unique(labels[beyond])
    return np.isin(labels, wide)[1:-1, 1:-1], len(wide)


def _in_tint_of(image: Image, result: Image, defects: Mask) -> Image:
    """Grey pictures stay grey, and sepia ones brown: a network may give its fill a breath of colour."""
    tint = GREY if is_grey(image) else tint_of(image, defects)
    if tint is not None:
        keep_to(tint, result, defects)
    return result
