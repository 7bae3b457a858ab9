"""Batches for training: in a known order, prepared by worker processes, resumable at the exact sample."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.context import BaseContext
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from cleanplate.errors import ArgumentError
from cleanplate_training.data.order import SampleStream, Ticket, batches
from cleanplate_training.data.sample import Sample

Transform = Callable[[Sample, np.random.Generator], Mapping[str, NDArray[Any]]]
"""Turns a sample into named arrays of one shape each; must be picklable (a module's function, a class instance or a
partial, not a lambda) when there are worker processes. All its randomness comes from the generator it is given."""
Batch = dict[str, Tensor]


class Loader:
    """Iterates over batches without end, or for ``epochs``, from where its state says.

    The generator of each sample is seeded by the seed and the sample's stream position, so the batches are the same,
    bit for bit, for any number of workers, and after a stop and resume. ``iter()`` starts at the current position;
    what workers had prepared beyond it is made anew.

    Args:
        samples: the data set, such as :class:`~.shards.ShardSet`: anything with a length and an index.
        transform: see :data:`Transform`.
        batch_size: samples a batch on this rank.
        seed: of order and transforms.
        shuffle: False = ascending order (validation).
        epochs: passes over the data set; None = without end. The last batch of a bounded run may be short.
        rank: this process among ``world_size``.
        world_size: processes that share each step.
        workers: processes that read and transform; 0 = in this one.
        prefetch: batches that each worker prepares ahead.
        weights: see :class:`~.order.SampleStream`.

    Raises:
        ArgumentError: a size or rank out of range, no samples, or bad weights.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        transform: Transform,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        epochs: int | None = None,
        rank: int = 0,
        world_size: int = 1,
        workers: int = 0,
        prefetch: int = 4,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        if batch_size < 1 or not 0 <= rank < world_size or workers < 0 or prefetch < 1:
            raise ArgumentError(
                f"batch_size={batch_size}, rank={rank} of {world_size}, workers={workers}, prefetch={prefetch} "
                "is out of range",
                subject="loader",
            )
        self._stream = SampleStream(len(samples), seed=seed, shuffle=shuffle, weights=weights)
        self._samples = _Transformed(samples, transform, seed)
        self.batch_size, self.rank, self.world_size, self.workers = batch_size, rank, world_size, workers
        self._prefetch = prefetch
        self._stop = None if epochs is None else epochs * len(samples)
        self.samples_seen = 0
        """Stream position: samples that all ranks together have been given."""

    @property
    def epoch(self) -> float:
        """Passes over the data so far, with fraction."""
        return self.samples_seen / self._stream.length

    def __iter__(self) -> Iterator[Batch]:
        """Batches from the current position on; the position moves when a batch is handed over."""
        plan = batches(
            self._stream,
            start=self.samples_seen,
            batch_size=self.batch_size,
            rank=self.rank,
            world_size=self.world_size,
            stop=self._stop,
        )
        for batch in self._prepared(tickets for tickets in plan if tickets):
            step = self.batch_size * self.world_size
            self.samples_seen = (
                self.samples_seen + step if self._stop is None else min(self.samples_seen + step, self._stop)
            )
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Where the stream stands, and the facts that must not change under it."""
        return {"samples_seen": self.samples_seen, "seed": self._stream.seed, "length": self._stream.length}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from a saved position; batch size, ranks and workers may differ from the run that saved it.

        Raises:
            ArgumentError: the state is of another seed or of a data set of another length.
        """
        for name, own in (("seed", self._stream.seed), ("length", self._stream.length)):
            if state[name] != own:
                raise ArgumentError(
                    f"has {name} {state[name]} but the loader {own}",
                    subject="saved position",
                    fix="resume with the same data and seed, or start anew",
                )
        self.samples_seen = int(state["samples_seen"])

    def _prepared(self, plan: Iterator[list[Ticket]]) -> Iterator[Batch]:
        if self.workers == 0:
            for tickets in plan:
                yield default_collate([self._samples[ticket] for ticket in tickets])
            return
        yield from DataLoader(
            self._samples,
            batch_sampler=plan,
            num_workers=self.workers,
            prefetch_factor=self._prefetch,
            multiprocessing_context=worker_context(),
            worker_init_fn=_one_thread,
        )


class _Transformed(Dataset[Mapping[str, NDArray[Any]]]):
    """Samples by ticket, each transformed with its own generator."""

    def __init__(self, samples: Sequence[Sample], transform: Transform, seed: int) -> None:
        self._samples, self._transform, self._seed = samples, transform, seed

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, ticket: Ticket) -> Mapping[str, NDArray[Any]]:
        rng = np.random.default_rng((self._seed, 1, ticket.position))
        return self._transform(self._samples[ticket.sample], rng)


def worker_context() -> BaseContext:
    """How worker processes start: from a server that has the heavy modules loaded, where the system can fork.

    Forking the training process itself would copy its threads' locks in whatever state they are.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cleanplate_training.data.loader"])
    return context


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)
