"""What a run tells: a line of figures, picture sheets, TensorBoard, and a progress bar with the time that is left.

A run's folder needs no server to be read: ``metrics.jsonl`` has one JSON object a line and ``sheets/`` PNG files.
After a resume, lines beyond the checkpoint are dropped, so the curve has every step once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

METRICS = "metrics.jsonl"


class Journal:
    """Writes what the first process of a run has to tell; the journals of other processes write nothing.

    Args:
        folder: The run's folder.
        steps: Steps of the whole run.
        step: Step at which this process starts.
        active: Whether this is the first process.
        tensorboard: Also write TensorBoard events into ``folder/tensorboard``.
        quiet: Show neither progress bar nor lines.
    """

    def __init__(
        self, folder: Path, *, steps: int, step: int, active: bool, tensorboard: bool, quiet: bool = False
    ) -> None:
        self.folder, self.active = folder, active
        self.console = Console(stderr=True, quiet=quiet or not active)
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._since = time.monotonic()
        self._waited = 0.0
        self._writer: Any = None
        if not active:
            return
        (folder / "sheets").mkdir(parents=True, exist_ok=True)
        _drop_lines_after(folder / METRICS, step)
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self._bar = self._progress.add_task(folder.name, total=steps, completed=step)

    def __enter__(self) -> Journal:
        """Show the progress bar."""
        if self.active:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close files and the bar."""
        if self.active:
            self._progress.stop()
            if self._writer is not None:
                self._writer.close()

    def add(self, figures: Mapping[str, Tensor], *, waited: float) -> None:
        """Add one step's scalars to the running means; ``waited`` is the time spent waiting for data, in seconds.

        Nothing is fetched from the device here.
        """
        for name, value in figures.items():
            detached = value.detach().float()
            self._sums[name] = self._sums[name] + detached if name in self._sums else detached
        self._steps += 1
        self._waited += waited
        if self.active:
            self._progress.advance(self._bar)

    def flush(self, *, step: int, samples: int, rates: Mapping[str, float]) -> dict[str, float]:
        """Write the means since the last flush as one line and return them."""
        count, seconds = max(1, self._steps), time.monotonic() - self._since
        means = {name: float(value) / count for name, value in self._sums.items()}
        speed = {"seconds/step": seconds / count, "seconds/data": self._waited / count}
        self._sums, self._steps, self._waited, self._since = {}, 0, 0.0, time.monotonic()
        self.record("train", {**means, **{f"lr/{name}": rate for name, rate in rates.items()}, **speed}, step, samples)
        return means

    def record(self, kind: str, figures: Mapping[str, float], step: int, samples: int) -> None:
        """Write one line of figures of some kind (``train``, ``validation``)."""
        if not self.active:
            return
        line = {"kind": kind, "step": step, "samples": samples, **figures}
        with (self.folder / METRICS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        if self._writer is not None:
            for name, value in figures.items():
                self._writer.add_scalar(f"{kind}/{name}", value, step)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        self.console.print(f"{kind} step {step} samples {samples}  {shown}", highlight=False, soft_wrap=True)

    def sheet(self, pictures: Tensor, step: int) -> None:
        """Write pictures (``rows x columns x 3 x H x W`` in 0..1) as one PNG file."""
        if not self.active:
            return
        tiled = tile(pictures)
        path = self.folder / "sheets" / f"{step:08d}.png"
        beside = path.with_suffix(".tmp")
        Image.fromarray(tiled).save(beside, format="PNG")
        beside.replace(path)
        if self._writer is not None:
            self._writer.add_image("sheet", tiled, step, dataformats="HWC")

    def tell_changes(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Say which settings of the recipe changed since the checkpoint."""
        old, new = _flat(before), _flat(now)
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                self.console.print(f"recipe changed: {key} was {old.get(key)}, now {new.get(key)}", highlight=False)

    def state(self) -> dict[str, Any]:
        """Return the running means, so that a resumed run writes the same next line."""
        return {"sums": {name: value.cpu() for name, value in self._sums.items()}, "steps": self._steps}

    def restore(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Take back what :meth:`state` returned."""
        self._sums = {name: value.to(device) for name, value in state["sums"].items()}
        self._steps = int(state["steps"])


def tile(pictures: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Lay ``rows x columns x 3 x H x W`` pictures in 0..1 out as one uint8 ``H x W x 3`` picture."""
    rows, columns, channels, height, width = pictures.shape
    grid = pictures.detach().float().cpu().clamp(0, 1).permute(0, 3, 1, 4, 2)
    flat = grid.reshape(rows * height, columns * width, channels)
    return np.ascontiguousarray((flat * 255).round().to(torch.uint8).numpy())


def _drop_lines_after(path: Path, step: int) -> None:
    """Keep the lines up to ``step`` (and no half line of a crash)."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (json.JSONDecodeError, KeyError):
            continue
    beside = path.with_suffix(".tmp")
    beside.write_text("".join(kept), encoding="utf-8")
    beside.replace(path)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value})
    return flat
