"""The order in which training sees its samples: a function of seed and position, of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError


class Ticket(NamedTuple):
    """One sample to come: its place in the stream and its index in the data set."""

    position: int
    sample: int


class SampleStream:
    """An endless sequence of sample indices in which every epoch is a fresh permutation.

    Position ``n`` is the same sample for every number of ranks, workers and batch size, so a run that is stopped after
    ``n`` samples goes on with exactly the next one, on other hardware too.

    Args:
        length: number of samples in the data set.
        seed: of the permutations.
        shuffle: False = ascending order in every epoch.
        weights: how often each sample is drawn relative to the others, length N; draws are then independent, so an
            epoch (``length`` draws) repeats some samples and leaves others out. Needs ``shuffle``.

    Raises:
        ArgumentError: no samples, or weights that are not N non-negative numbers with a positive sum.
    """

    def __init__(
        self, length: int, *, seed: int, shuffle: bool = True, weights: NDArray[np.float64] | None = None
    ) -> None:
        if length < 1:
            raise ArgumentError("holds no samples", subject="data set")
        if weights is not None and not (
            shuffle
            and weights.shape == (length,)
            and np.isfinite(weights).all()
            and (weights >= 0).all()
            and weights.sum()
        ):
            raise ArgumentError(f"must be {length} non-negative numbers, not all 0, with shuffle", subject="weights")
        self.length, self.seed, self.shuffle = length, seed, shuffle
        self._shares = None if weights is None else weights / weights.sum()
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def __getitem__(self, position: int) -> Ticket:
        """The sample at ``position`` (0, 1, ...)."""
        epoch, place = divmod(position, self.length)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        return Ticket(position, int(self._order[place]))

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        if not self.shuffle:
            return np.arange(self.length)
        rng = np.random.default_rng((self.seed, epoch))
        if self._shares is not None:
            return rng.choice(self.length, self.length, p=self._shares)
        return rng.permutation(self.length)


def batches(
    stream: SampleStream, *, start: int, batch_size: int, rank: int, world_size: int, stop: int | None = None
) -> Iterator[list[Ticket]]:
    """This rank's batches from stream position ``start`` on, up to position ``stop`` (None = without end).

    Each step takes ``batch_size * world_size`` successive positions and gives every rank its slice of them, so ranks
    never share a sample within an epoch. With ``stop``, the last step may be short, and empty for some ranks.
    """
    while stop is None or start < stop:
        first = start + rank * batch_size
        last = first + batch_size if stop is None else min(first + batch_size, stop)
        yield [stream[position] for position in range(first, last)]
        start += batch_size * world_size
