"""What a run is made of, how it is put together, and how it is taken down into a checkpoint and back."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cleanplate.errors import ArgumentError, InputError
from cleanplate_training import checkpoint, engine
from cleanplate_training.ema import MovingAverage
from cleanplate_training.optim import advance, build_optimiser, build_schedule, take_over
from cleanplate_training.recipe import Recipe
from cleanplate_training.stream import TrainingBatches
from cleanplate_training.task import Task, TaskData
from cleanplate_training.tasks import task_class


@dataclass
class Run:
    """The parts of a run; ``networks`` are wrapped for the run's device, precision and processes."""

    fabric: Fabric
    recipe: Recipe
    task: Task
    data: TaskData
    networks: dict[str, nn.Module]
    averages: dict[str, MovingAverage]
    optimisers: dict[str, Optimizer]
    schedules: dict[str, LambdaLR]
    batches: TrainingBatches
    sample_weights: NDArray[np.float64] | None = None
    step: int = 0
    kept: list[checkpoint.Kept] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def learning_rates(self) -> dict[str, float]:
        """Return the learning rate of each optimiser's first group."""
        return {name: float(optimiser.param_groups[0]["lr"]) for name, optimiser in self.optimisers.items()}

    def best_networks(self) -> dict[str, nn.Module]:
        """Return the networks without wrappers, the moving averages where they are kept: what is validated."""
        networks = {name: engine.plain(network) for name, network in self.networks.items()}
        return {**networks, **{name: average.module for name, average in self.averages.items()}}


def make_task(recipe: Recipe) -> Task:
    """Build the task of a recipe."""
    return task_class(recipe.task)(recipe.options, seed=recipe.seed)


def assemble(fabric: Fabric, recipe: Recipe) -> Run:
    """Build every part of a run that starts at step 0.

    Raises:
        ArgumentError: the recipe's optimisers are not those of the task.
    """
    _seed(recipe.seed)
    task = make_task(recipe)
    built = task.build_networks()
    if recipe.train.start_from is not None:
        load_weights(built, checkpoint.load(checkpoint.find(Path(recipe.train.start_from))))
    networks = {name: engine.wrap(fabric, network, recipe.train) for name, network in built.items()}
    averaged = task.averaged if recipe.train.ema > 0 else ()
    averages = {name: MovingAverage(engine.plain(networks[name]), recipe.train.ema) for name in averaged}
    optimisers = _optimisers(recipe, task, networks)
    schedules = {
        name: build_schedule(recipe.optim[name], optimiser, steps=recipe.train.steps)
        for name, optimiser in optimisers.items()
    }
    # Networks start equal in every process; what is random in the steps must not be.
    _seed(recipe.seed + 1 + fabric.global_rank)
    data = task.build_data()
    weights = task.sample_weights()
    batches = build_batches(fabric, recipe, data, weights)
    return Run(fabric, recipe, task, data, networks, averages, optimisers, schedules, batches, weights)


def _optimisers(recipe: Recipe, task: Task, networks: Mapping[str, nn.Module]) -> dict[str, Optimizer]:
    wanted = list(task.optimised())
    if sorted(wanted) != sorted(recipe.optim):
        needs = " ".join(f"[optim.{name}]" for name in wanted)
        has = " ".join(f"[optim.{name}]" for name in recipe.optim) or "none"
        raise ArgumentError(f"has {has} but task {recipe.task!r} needs {needs}", subject=f"recipe {recipe.name!r}")
    return {name: build_optimiser(recipe.optim[name], task.parameter_groups(networks, name)) for name in wanted}


def _seed(seed: int) -> None:
    """Seed the global generators, which first weights and dropout draw from."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  # what libraries may draw from
    torch.manual_seed(seed)


def build_batches(
    fabric: Fabric, recipe: Recipe, data: TaskData, weights: NDArray[np.float64] | None
) -> TrainingBatches:
    """Return the endless training batches of this process, at the first sample."""
    return TrainingBatches(
        data.train,
        batch=recipe.train.batch,
        seed=recipe.seed,
        rank=fabric.global_rank,
        world=fabric.world_size,
        workers=recipe.train.workers,
        weights=weights,
        collate=data.collate,
        pin=fabric.device.type == "cuda",
    )


def load_weights(networks: Mapping[str, nn.Module], content: Mapping[str, Any]) -> None:
    """Load a checkpoint's weights (the averaged ones where it has them) into every network that it names.

    Raises:
        InputError: it names none of the networks, or a layer has another shape or name.
    """
    weights = checkpoint.best_weights(content)
    shared = [name for name in networks if name in weights]
    if not shared:
        raise InputError(f"has networks {', '.join(weights)}, none of {', '.join(networks)}", subject="checkpoint")
    for name in shared:
        _load(networks[name], weights[name], name)


def _load(network: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        lines = " ".join(str(error).split())
        raise InputError(f"does not fit the network {name!r}: {lines}", subject="checkpoint") from None


def weights_of(run: Run) -> dict[str, Any]:
    """Return what a checkpoint tells to everyone: recipe, commit and weights."""
    return {
        "recipe": dict(run.recipe.source),
        "recipe_hash": run.recipe.hash,
        "commit": checkpoint.source_commit(),
        "networks": {name: engine.plain(network).state_dict() for name, network in run.networks.items()},
        "averages": {name: average.module.state_dict() for name, average in run.averages.items()},
    }


def progress_of(run: Run) -> dict[str, Any]:
    """Return what only a resume needs; all processes must call it together."""
    generators: list[Any] = [checkpoint.random_state()]
    if run.fabric.world_size > 1:
        generators = [None] * run.fabric.world_size
        torch.distributed.all_gather_object(generators, checkpoint.random_state())
    return {
        "step": run.step,
        "samples": run.batches.seen,
        "data": run.batches.state(),
        "sample_weights": None if run.sample_weights is None else torch.from_numpy(run.sample_weights.copy()),
        "optimisers": {name: optimiser.state_dict() for name, optimiser in run.optimisers.items()},
        "updates": {name: schedule.last_epoch for name, schedule in run.schedules.items()},
        "averaged": {name: average.updates for name, average in run.averages.items()},
        "random": generators,
        "task": run.task.state(),
        "kept": run.kept,
        "figures": run.figures,
    }


def restore(run: Run, saved: Mapping[str, Any]) -> None:
    """Bring a run that was just assembled to where a checkpoint was written.

    A packed checkpoint has no optimiser states and random generators: those of the assembled run stay.

    Raises:
        ArgumentError: the checkpoint is of another task or other data.
        InputError: its weights do not fit.
    """
    if saved["recipe"]["task"] != run.recipe.task:
        raise ArgumentError(
            f"trains {saved['recipe']['task']!r}, not {run.recipe.task!r}",
            subject="checkpoint",
            fix="use another folder",
        )
    for name, network in run.networks.items():
        _load(engine.plain(network), saved["networks"][name], name)
    for name, average in run.averages.items():
        # A run that had no averages so far starts them from its present weights.
        _load(average.module, saved["averages"].get(name, saved["networks"][name]), name)
        average.updates = int(saved["averaged"].get(name, 0))
    for name, optimiser in run.optimisers.items():
        updates = int(saved["updates"].get(name, 0))
        if name in saved.get("optimisers", {}):
            take_over(optimiser, run.schedules[name], saved["optimisers"][name], updates=updates)
        else:
            advance(optimiser, run.schedules[name], updates=updates)
    run.task.restore(saved["task"])
    weights: Tensor | None = saved["sample_weights"]
    run.sample_weights = None if weights is None else weights.numpy()
    run.batches = build_batches(run.fabric, run.recipe, run.data, run.sample_weights)
    run.batches.restore(saved["data"])
    run.step = int(saved["step"])
    run.kept = [(float(value), int(step)) for value, step in saved["kept"]]
    run.figures = dict(saved["figures"])
    generators = saved.get("random", [])
    if len(generators) == run.fabric.world_size:
        checkpoint.restore_random_state(generators[run.fabric.global_rank])
