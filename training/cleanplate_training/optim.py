"""Optimisers and learning-rate schedules, built from a recipe."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cleanplate_training.recipe import Optim


def build_optimiser(settings: Optim, groups: list[dict[str, Any]]) -> Optimizer:
    """Build the optimiser of a recipe for groups of parameters.

    Args:
        settings: The recipe's table.
        groups: Dictionaries with ``params`` and optionally ``lr_scale`` (multiplies the learning rate) and anything
            that the optimiser takes a group (such as ``weight_decay``). Frozen parameters are left out.
    """
    prepared = []
    for group in groups:
        rest = {key: value for key, value in group.items() if key not in ("params", "lr_scale")}
        weights = [weight for weight in group["params"] if weight.requires_grad]
        prepared.append({"params": weights, "lr": settings.lr * group.get("lr_scale", 1.0), **rest})
    if settings.kind == "sgd":
        return torch.optim.SGD(prepared, lr=settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay)
    if settings.kind == "rmsprop":
        return torch.optim.RMSprop(
            prepared,
            lr=settings.lr,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            eps=settings.eps,
        )
    kind = torch.optim.Adam if settings.kind == "adam" else torch.optim.AdamW
    return kind(prepared, lr=settings.lr, betas=settings.betas, eps=settings.eps, weight_decay=settings.weight_decay)


def build_schedule(settings: Optim, optimiser: Optimizer, *, steps: int) -> LambdaLR:
    """Build the schedule of a recipe; it is stepped after every update of the optimiser."""
    return LambdaLR(optimiser, schedule_factor(settings, steps=steps))


def take_over(optimiser: Optimizer, schedule: LambdaLR, state: dict[str, Any], *, updates: int) -> None:
    """Go on from a saved optimiser after ``updates`` updates, with the recipe's present settings.

    torch would also take over the learning rate and every other setting of the saved run, and so hide a recipe that
    was changed before the resume.
    """
    present = [{key: value for key, value in group.items() if key != "params"} for group in optimiser.param_groups]
    optimiser.load_state_dict(state)
    for group, settings in zip(optimiser.param_groups, present, strict=True):
        group.update(settings)
    advance(optimiser, schedule, updates=updates)


def advance(optimiser: Optimizer, schedule: LambdaLR, *, updates: int) -> None:
    """Put a schedule where it is after ``updates`` updates."""
    schedule.last_epoch = updates
    for group, base, factor in zip(optimiser.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True):
        group["lr"] = base * factor(updates)


def schedule_factor(settings: Optim, *, steps: int) -> Callable[[int], float]:
    """Return the function from updates done to the factor of the learning rate."""

    def factor(done: int) -> float:
        if done < settings.warmup:
            return (done + 1) / settings.warmup
        through = min(1.0, (done - settings.warmup) / max(1, steps - settings.warmup))
        if settings.schedule == "cosine":
            return settings.floor + (1 - settings.floor) * (1 + math.cos(math.pi * through)) / 2
        if settings.schedule == "linear":
            return settings.floor + (1 - settings.floor) * (1 - through)
        if settings.schedule == "steps":
            return float(settings.gamma ** sum(done >= milestone for milestone in settings.milestones))
        return 1.0

    return factor
