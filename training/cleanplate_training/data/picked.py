"""Some samples of a set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from cleanplate.errors import ArgumentError
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet


class Picked(Sequence[Sample]):
    """Samples at some places of another set; picklable.

    Args:
        samples: The whole set.
        places: Which of them, in this order.
    """

    def __init__(self, samples: Sequence[Sample], places: Sequence[int]) -> None:
        self.samples, self.places = samples, list(places)

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """Read and decode."""
        if isinstance(index, slice):
            return [self.samples[place] for place in self.places[index]]
        return self.samples[self.places[index]]


def without_sources(samples: ShardSet, without: Sequence[str]) -> Sequence[Sample]:
    """Return the samples that come from none of some sources, by the names that the shards give them.

    Raises:
        ArgumentError: a name is not among the sources, as after a slip of the pen.
    """
    if not without:
        return samples
    sources = [entry.source for entry in samples.entries()]
    unknown = sorted(set(without) - set(sources))
    if unknown:
        fix = f"the shards have {', '.join(sorted(set(sources)))}"
        raise ArgumentError(f"names {', '.join(unknown)}", subject="data.without", fix=fix)
    return Picked(samples, [place for place, source in enumerate(sources) if source not in without])
