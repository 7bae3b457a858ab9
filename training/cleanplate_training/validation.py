"""Figures and picture sheets in the middle of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from cleanplate.errors import EngineError
from cleanplate_training import checkpoint, engine
from cleanplate_training.journal import Journal
from cleanplate_training.run import Run, build_batches
from cleanplate_training.stream import Batch, validation_batches


def validate(run: Run, journal: Journal) -> bool:
    """Compute the task's figures with the best weights and rank this step among the kept ones.

    The first process does it while the others wait.

    Returns:
        Whether the task now wants its training samples drawn with other weights (``run.batches`` is then new).

    Raises:
        EngineError: the task's goal is not among its figures.
    """
    if run.fabric.is_global_zero:
        with _aside(run):
            batches = _placed_batches(run, workers=run.recipe.train.workers)
            run.figures = run.task.validate(run.best_networks(), batches)
        if run.task.goal.figure not in run.figures:
            raise EngineError(f"gave no figure {run.task.goal.figure!r}", subject=f"validation of {run.recipe.task}")
        journal.record("validation", run.figures, run.step, run.batches.seen)
        value = run.figures[run.task.goal.figure]
        run.kept = checkpoint.ranked(run.kept, value, run.step, goal=run.task.goal, limit=run.recipe.train.keep_best)
    if run.fabric.world_size > 1:
        run.figures, run.kept, state = run.fabric.broadcast((run.figures, run.kept, run.task.state()))
        run.task.restore(state)
    return _reweighted(run)


def draw_sheet(run: Run, journal: Journal) -> None:
    """Write the task's sheet for the first validation batch."""
    if not run.fabric.is_global_zero:
        return
    with _aside(run):
        pictures = run.task.sheet(run.best_networks(), next(_placed_batches(run, workers=0)))
    if pictures is not None:
        journal.sheet(pictures, run.step)


def _placed_batches(run: Run, *, workers: int) -> Iterator[Batch]:
    settings, collate = run.recipe.train, run.data.collate
    for batch in validation_batches(
        run.data.validation, batch=settings.batch, seed=run.recipe.seed, workers=workers, collate=collate
    ):
        yield engine.placed(run.fabric, batch, settings)


@contextmanager
def _aside(run: Run) -> Iterator[None]:
    """Evaluate without gradients, and leave modes and random generators of the training as they were."""
    generators = checkpoint.random_state()
    modules = [module for network in run.networks.values() for module in network.modules()]
    modes = [module.training for module in modules]
    for network in run.best_networks().values():
        network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        checkpoint.restore_random_state(generators)


def _reweighted(run: Run) -> bool:
    weights = run.task.sample_weights()
    old = run.sample_weights
    if weights is old or (weights is not None and old is not None and np.array_equal(weights, old)):
        return False
    position = run.batches.state()
    run.sample_weights = weights
    run.batches = build_batches(run.fabric, run.recipe, run.data, weights)
    run.batches.restore(position)
    return True
