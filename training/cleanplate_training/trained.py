"""A finished (or stopped) run opened again: its recipe, its task and its best weights, for evaluation and export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from cleanplate_training import checkpoint, engine
from cleanplate_training.recipe import Recipe, parse
from cleanplate_training.run import load_weights, make_task
from cleanplate_training.stream import Batch, validation_batches
from cleanplate_training.task import Task


@dataclass(frozen=True)
class Trained:
    """Networks with their best weights (moving averages where there are any), in evaluation mode on the CPU.

    Attributes:
        path: The checkpoint.
        recipe: Its recipe.
        task: The recipe's task.
        networks: The networks by name.
        step: Steps trained.
        samples: Training samples seen.
        commit: Commit of the source that trained it, None if it was not known.
        figures: Figures of the last validation before the checkpoint.
    """

    path: Path
    recipe: Recipe
    task: Task
    networks: dict[str, nn.Module]
    step: int
    samples: int
    commit: str | None
    figures: dict[str, float]


def open_trained(run_or_file: Path) -> Trained:
    """Open a checkpoint, or the best checkpoint of a run's folder.

    Raises:
        MissingInputError: there is no checkpoint.
        BrokenInputError: it cannot be read.
        InputError: its weights do not fit the networks of its recipe (another version of the source).
    """
    path = checkpoint.find(run_or_file)
    saved = checkpoint.load(path)
    recipe = parse(saved["recipe"], subject=str(path))
    task = make_task(recipe)
    networks = task.build_networks()
    load_weights(networks, saved)
    for network in networks.values():
        network.eval().requires_grad_(False)
    step, samples = int(saved["step"]), int(saved["samples"])
    return Trained(path, recipe, task, networks, step, samples, saved["commit"], dict(saved["figures"]))


def evaluate(trained: Trained, *, device: str = "auto", workers: int = 0) -> dict[str, float]:
    """Compute the task's figures on its validation data.

    Args:
        trained: What to evaluate; its networks are moved to the device.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        workers: Processes that prepare data.
    """
    settings = trained.recipe.train
    fabric = engine.launch(settings, device=device)
    data = trained.task.build_data()

    def placed() -> Iterator[Batch]:
        for batch in validation_batches(
            data.validation, batch=settings.batch, seed=trained.recipe.seed, workers=workers, collate=data.collate
        ):
            yield engine.placed(fabric, batch, settings)

    for network in trained.networks.values():
        network.to(fabric.device)
    with torch.no_grad():
        return trained.task.validate(trained.networks, placed())
