"""Several augmentations one after another, each with its own probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cleanplate.errors import ArgumentError
from cleanplate_training.data.sample import Sample

Augmentation = Callable[[Sample, np.random.Generator], Sample]


class Chain:
    """Applies each step with its probability, in order; picklable when its steps are.

    Args:
        steps: pairs of probability (0..1) and augmentation.

    Raises:
        ArgumentError: a probability outside 0..1.
    """

    def __init__(self, steps: Sequence[tuple[float, Augmentation]]) -> None:
        for probability, step in steps:
            if not 0 <= probability <= 1:
                raise ArgumentError(f"has probability {probability}, not 0..1", subject=str(step))
        self.steps = tuple(steps)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Augment one sample."""
        for probability, step in self.steps:
            # Drawn even at 0 and 1, so that changing a probability leaves the other steps' randomness alone; each
            # step has a generator of its own for the same reason.
            drawn, seed = rng.random(), rng.integers(2**63)
            if drawn < probability:
                sample = step(sample, np.random.default_rng(seed))
        return sample
