"""Samples as the training loop draws them: read by index, transformed with the generator of that place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cleanplate_training.data.sample import Sample

Transform = Callable[[Sample, np.random.Generator], Mapping[str, Any]]
"""Turns a sample into named arrays of one shape each. It takes all its randomness from the generator, and is picklable
(a module's function, a class instance or a partial of one, not a lambda), so that worker processes can have it."""


class SampleExamples:
    """Satisfies the loop's ``Examples``: order, ranks, workers and resuming are the loop's business.

    Args:
        samples: the data set, such as :class:`~cleanplate_training.data.shards.ShardSet`.
        transform: see :data:`Transform`.
    """

    def __init__(self, samples: Sequence[Sample], transform: Transform) -> None:
        self.samples, self.transform = samples, transform

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Read sample ``index`` and transform it with ``rng``."""
        return self.transform(self.samples[index], rng)
