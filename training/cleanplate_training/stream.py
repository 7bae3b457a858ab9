"""Which example comes when: batches in a seeded order, prepared by worker processes, resumable at the exact example.

Training draws from an endless row of shuffled passes. Every place in that row has a number, and both the example
drawn there and the randomness of its augmentation follow from the seed and that number alone. So a run that is
stopped and resumed, or prepared by another number of workers, sees the same examples, and two processes of one run
never share a place.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.context import BaseContext
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from cleanplate.errors import ArgumentError

Batch = Mapping[str, Any]
"""Named tensors with the examples along the first dimension (or whatever the task's ``collate`` makes)."""
Collate = Callable[[list[Mapping[str, Any]]], Batch]
Weights = NDArray[np.float64]

_ORDER, _TRAINING, _VALIDATION = 0, 1, 2
"""Keep the random numbers of shuffling, training examples and validation examples apart."""


class Examples(Protocol):
    """A set of examples that can be asked for one at a time, from any process (so it must be picklable)."""

    def __len__(self) -> int:
        """Number of examples in one pass."""
        ...

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return example ``index`` as arrays by name; all its randomness comes from ``rng``."""
        ...


class Ticket(NamedTuple):
    """One example to come: which one, and the place that its randomness follows from."""

    example: int
    place: int


class Order:
    """The endless row of shuffled passes.

    Args:
        length: Number of examples.
        seed: Of the shuffling.
        weights: How often each example is drawn relative to the others (N); draws are then independent of each
            other, so a pass repeats some examples and leaves others out. None: each once a pass.

    Raises:
        ArgumentError: no examples, or weights that are not N non-negative numbers with a positive sum.
    """

    def __init__(self, length: int, *, seed: int, weights: Weights | None = None) -> None:
        if length < 1:
            raise ArgumentError("has no examples", subject="data", fix="check the paths in the recipe")
        if weights is not None:
            fits = weights.shape == (length,) and np.isfinite(weights).all() and (weights >= 0).all()
            if not fits or weights.sum() <= 0:
                raise ArgumentError(f"must be {length} non-negative numbers, not all 0", subject="sample weights")
        self.length, self.seed = length, seed
        self._shares = None if weights is None else weights / weights.sum()
        self._number, self._order = -1, np.empty(0, np.int64)

    def __getitem__(self, place: int) -> Ticket:
        """Return what is at one place of the row (0, 1, ...)."""
        number, position = divmod(place, self.length)
        if number != self._number:
            self._number, self._order = number, self._shuffled(number)
        return Ticket(int(self._order[position]), place)

    def _shuffled(self, number: int) -> NDArray[np.int64]:
        rng = np.random.default_rng((self.seed, _ORDER, number))
        if self._shares is None:
            return rng.permutation(self.length)
        return rng.choice(self.length, self.length, p=self._shares)


class TrainingBatches:
    """Endless batches for one process of a run, from where its state says.

    Each step takes ``batch * world`` successive places of the row and gives every process its slice of them.

    Args:
        examples: What is drawn from.
        batch: Examples a batch.
        seed: Of order and augmentation.
        rank: This process among ``world``.
        world: Number of processes.
        workers: Processes that draw ahead; 0 draws in this one.
        weights: See :class:`Order`.
        collate: Joins examples into a batch; None stacks arrays of equal shape.
        pin: Put batches into memory from which a GPU copies faster.

    Attributes:
        seen: Examples that all processes together have been given.
    """

    def __init__(
        self,
        examples: Examples,
        *,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        weights: Weights | None = None,
        collate: Collate | None = None,
        pin: bool = False,
    ) -> None:
        if batch < 1 or workers < 0 or not 0 <= rank < world:
            raise ArgumentError(f"batch={batch}, workers={workers}, rank={rank} of {world} is out of range")
        self._order = Order(len(examples), seed=seed, weights=weights)
        self._drawn = _Drawn(examples, seed, _TRAINING)
        self.batch, self.rank, self.world = batch, rank, world
        self._workers, self._collate, self._pin = workers, collate, pin
        self.seen = 0

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches from place ``seen`` on; ``seen`` moves when a batch is handed over."""
        for batch in _prepared(
            self._drawn, self._tickets(), workers=self._workers, collate=self._collate, pin=self._pin
        ):
            self.seen += self.batch * self.world
            yield batch

    def state(self) -> dict[str, int]:
        """Return where the row stands, and the facts that must not change under it."""
        return {"seen": self.seen, "seed": self._order.seed, "length": self._order.length}

    def restore(self, state: Mapping[str, int]) -> None:
        """Go on where :meth:`state` was taken; batch, processes and workers may differ.

        Raises:
            ArgumentError: the state is of another seed or of another number of examples.
        """
        for name, own in (("seed", self._order.seed), ("length", self._order.length)):
            if state[name] != own:
                raise ArgumentError(
                    f"has {name} {state[name]} but the data now {own}",
                    subject="checkpoint",
                    fix="resume with the same data and seed, or start anew with train.start_from",
                )
        self.seen = int(state["seen"])

    def _tickets(self) -> Iterator[list[Ticket]]:
        start = self.seen
        while True:
            first = start + self.rank * self.batch
            yield [self._order[place] for place in range(first, first + self.batch)]
            start += self.batch * self.world


def validation_batches(
    examples: Examples, *, batch: int, seed: int, workers: int = 0, collate: Collate | None = None, pin: bool = False
) -> Iterator[Batch]:
    """Yield one pass over the examples in order; equal in every pass and for any number of workers."""
    count = len(examples)
    tickets = ([Ticket(i, i) for i in range(start, min(start + batch, count))] for start in range(0, count, batch))
    drawn = _Drawn(examples, seed, _VALIDATION)
    return _prepared(drawn, tickets, workers=workers, collate=collate, pin=pin)


class _Drawn(Dataset[Mapping[str, Any]]):
    """Examples as torch's loader asks for them, each with its own generator."""

    def __init__(self, examples: Examples, seed: int, kind: int) -> None:
        self.examples, self.seed, self.kind = examples, seed, kind

    def __getitem__(self, ticket: Ticket) -> Mapping[str, Any]:
        return self.examples.draw(ticket.example, np.random.default_rng((self.seed, self.kind, ticket.place)))


def _prepared(
    drawn: _Drawn, tickets: Iterator[list[Ticket]], *, workers: int, collate: Collate | None, pin: bool
) -> Iterator[Batch]:
    if workers == 0:
        join = collate or _stacked
        for batch in tickets:
            yield join([drawn[ticket] for ticket in batch])
        return
    yield from DataLoader(
        drawn,
        batch_sampler=tickets,
        collate_fn=collate or _stacked,
        num_workers=workers,
        prefetch_factor=4,
        pin_memory=pin,
        multiprocessing_context=_worker_context(),
        worker_init_fn=_set_up_worker,
    )


def _stacked(examples: list[Mapping[str, Any]]) -> Batch:
    stacked: dict[str, Tensor] = default_collate(examples)
    return stacked


def _worker_context() -> BaseContext:
    """Start workers from a clean process: a plain fork copies the locks of the training process's threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cleanplate_training.stream"])
    return context


def _set_up_worker(number: int) -> None:
    import cv2

    cv2.setNumThreads(0)  # the workers are the parallelism
    # Ctrl-C reaches every process of the terminal; the loop decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
