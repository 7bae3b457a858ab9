"""The training loop: one for every network.

It knows tasks only through :class:`cleanplate_training.task.Task`, and processes, devices and precision only through
Lightning Fabric (see :mod:`cleanplate_training.engine`). A step runs each phase of the task (for adversarial
training: critic, then generator), and each phase ends in one optimiser's update; then the moving averages follow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from cleanplate.errors import EngineError, OutputError
from cleanplate_training import checkpoint, engine
from cleanplate_training.journal import Journal
from cleanplate_training.recipe import Recipe
from cleanplate_training.run import Run, assemble, progress_of, restore, weights_of
from cleanplate_training.stop import Reason, StopRequest
from cleanplate_training.stream import Batch
from cleanplate_training.task import Phase
from cleanplate_training.validation import draw_sheet, validate


@dataclass(frozen=True)
class Outcome:
    """How a call of :func:`train` ended.

    Attributes:
        reason: Why it ended.
        step: Steps done, earlier parts of the run included.
        samples: Training samples seen by all processes, likewise.
        figures: Figures of the last validation, empty if there was none yet.
        folder: The run's folder.
    """

    reason: Reason
    step: int
    samples: int
    figures: Mapping[str, float]
    folder: Path


def train(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    resume_from: Path | None = None,
    minutes: float | None = None,
    device: str = "auto",
    tensorboard: bool = True,
    quiet: bool = False,
) -> Outcome:
    """Train what a recipe describes, until its last step, the time limit, Ctrl-C or SIGTERM.

    However it ends, ``folder/last.pt`` lets a later call with ``resume=True`` go on with the same curve.

    Args:
        recipe: What to train.
        folder: The run's folder; made if it is not there.
        resume: Go on from ``folder/last.pt`` if there is one.
        resume_from: Go on from this checkpoint (packed or not) where the folder has none: same step, schedule, place
            in the data and averages. A packed one has no optimiser states, which start anew.
        minutes: Stop cleanly after this time.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        tensorboard: Also write TensorBoard events.
        quiet: Show nothing on the terminal.

    Raises:
        OutputError: the folder holds a run and ``resume`` is false, or a checkpoint cannot be written.
        EngineError: a loss or gradient is not finite; the batch is saved in the folder.
        DeviceError: the device is not there.
    """
    last = folder / checkpoint.LAST
    if last.exists() and not (resume or resume_from is not None):
        raise OutputError("already holds a run", subject=folder, fix="use --resume or another folder")
    fabric = engine.launch(recipe.train, device=device)
    folder.mkdir(parents=True, exist_ok=True)
    begin = last if last.exists() else resume_from
    saved = checkpoint.load(begin) if begin is not None else None
    run = assemble(fabric, recipe)
    if saved is not None:
        restore(run, saved)
    journal = Journal(
        folder,
        steps=recipe.train.steps,
        step=run.step,
        active=fabric.is_global_zero,
        tensorboard=tensorboard,
        quiet=quiet,
    )
    with StopRequest(minutes) as stop, journal:
        if saved is not None:
            if "journal" in saved:
                journal.restore(saved["journal"], fabric.device)
            journal.tell_changes(saved["recipe"], recipe.source)
        reason = _loop(run, folder, journal, stop)
    return Outcome(reason, run.step, run.batches.seen, run.figures, folder)


def _loop(run: Run, folder: Path, journal: Journal, stop: StopRequest) -> Reason:
    every = run.recipe.train
    feed = _Feed(run)
    run.task.set_training(run.networks)
    reason: Reason | None = None
    while run.step < every.steps and reason is None:
        figures = _step(run, feed, folder)
        journal.add(figures, waited=feed.waited())
        reason = _agreed(run, stop.reason)
        due = run.step == every.steps
        if due or _now(run.step, every.log_every):
            journal.flush(step=run.step, samples=run.batches.seen, rates=run.learning_rates())
        if _now(run.step, every.sheet_every):
            draw_sheet(run, journal)
        validated = every.validate_every > 0 and (due or _now(run.step, every.validate_every))
        if validated and validate(run, journal):
            feed = _Feed(run)  # the samples are drawn with other weights from now on
        if validated or due or reason is not None or _now(run.step, every.checkpoint_every):
            _save(run, folder, journal)
            if validated and run.fabric.is_global_zero:
                checkpoint.publish_best(folder, run.step, run.kept)
    return reason if reason is not None and run.step < every.steps else "finished"


def _step(run: Run, feed: _Feed, folder: Path) -> dict[str, Tensor]:
    """Run every phase of one step; return its losses and figures, still on the device."""
    figures: dict[str, Tensor] = {}
    batches: list[Batch] = []
    for phase in run.task.phases(run.step):
        if phase.fresh or not batches:
            batches = [feed.take() for _ in range(run.recipe.train.accumulate)]
        figures.update(_phase(run, phase, batches, folder))
    engine.share_buffers(run.fabric, run.networks.values())
    for name, average in run.averages.items():
        average.update(engine.plain(run.networks[name]))
    run.step += 1
    return figures


def _phase(run: Run, phase: Phase, batches: list[Batch], folder: Path) -> dict[str, Tensor]:
    """Accumulate the gradients of one optimiser over ``batches`` and update its networks."""
    trained = run.task.optimised()[phase.optimiser]
    optimiser = run.optimisers[phase.optimiser]
    figures: dict[str, Tensor] = {}
    with engine.gradients_for(run.networks, trained):
        for place, batch in enumerate(batches, start=1):
            now_averaged = trained if place == len(batches) else ()
            with engine.synchronised(run.fabric, run.networks, now_averaged):
                losses = run.task.training_step(run.networks, batch, phase)
                total = torch.stack(list(losses.terms.values())).sum()
                run.fabric.backward(total / len(batches))
            for name, value in {**losses.terms, **losses.figures}.items():
                part = value.detach() / len(batches)
                figures[name] = figures[name] + part if name in figures else part
    weights = [weight for group in optimiser.param_groups for weight in group["params"] if weight.grad is not None]
    length = get_total_norm([weight.grad for weight in weights if weight.grad is not None])
    _check_finite(run, phase, batches, {**figures, "gradient": length}, folder)
    limit = run.recipe.optim[phase.optimiser].clip_norm
    if limit > 0:
        clip_grads_with_norm_(weights, limit, length)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    run.schedules[phase.optimiser].step()
    return {**figures, f"gradient/{phase.optimiser}": length}


def _check_finite(run: Run, phase: Phase, batches: list[Batch], values: Mapping[str, Tensor], folder: Path) -> None:
    """Stop before the update if any loss or gradient is not finite, and keep what caused it."""
    names = list(values)
    wrong = ~torch.isfinite(torch.stack([values[name].float().reshape(()) for name in names]))
    own = bool(wrong.any())
    if not engine.any_process(run.fabric, int(own)):
        return
    path = folder / f"not-finite-{run.step:08d}-{run.fabric.global_rank}.pt"
    if own:
        content = {"batches": [dict(batch) for batch in batches], "phase": phase.optimiser}
        checkpoint.save(path, {**content, "step": run.step, "values": dict(values), **weights_of(run)})
    bad = ", ".join(name for name, is_wrong in zip(names, wrong.tolist(), strict=True) if is_wrong)
    raise EngineError(
        f"not finite at step {run.step}: {bad or 'in another process'}",
        subject=run.recipe.name,
        fix=f"the batch and the weights before it are in {path.name}; last.pt is from before",
    )


class _Feed:
    """Hands out batches on the device and counts the time that the loop waited for them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._batches: Iterator[Batch] = iter(run.batches)
        self._waited = 0.0

    def take(self) -> Batch:
        """Return the next batch."""
        before = time.perf_counter()
        batch = next(self._batches)
        self._waited += time.perf_counter() - before
        return engine.placed(self._run.fabric, batch, self._run.recipe.train)

    def waited(self) -> float:
        """Return the seconds waited since the last call."""
        waited, self._waited = self._waited, 0.0
        return waited


def _save(run: Run, folder: Path, journal: Journal) -> None:
    progress = progress_of(run)  # asks all processes
    if run.fabric.is_global_zero:
        checkpoint.save(folder / checkpoint.LAST, {**weights_of(run), **progress, "journal": journal.state()})
    run.fabric.barrier()


_REASONS: tuple[Reason, ...] = ("finished", "time limit", "terminated", "interrupted")


def _agreed(run: Run, reason: Reason | None) -> Reason | None:
    """Return the reason to stop that any process has, so that all stop at the same step."""
    number = engine.any_process(run.fabric, 0 if reason is None else _REASONS.index(reason))
    return _REASONS[number] if number else None


def _now(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
