"""Checkpoints: everything a run needs to go on as if it had never stopped.

A checkpoint is one file of tensors and plain values that ``torch.load(..., weights_only=True)`` reads, so opening
a stranger's checkpoint runs no code. Files are written beside their place and renamed, so a crash or a full disk
never leaves half a checkpoint under a final name.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from cleanplate.errors import BrokenInputError, MissingInputError, OutputError
from cleanplate_training import packed
from cleanplate_training.models import cra_published
from cleanplate_training.task import Goal

FORMAT = 1
Kept: TypeAlias = tuple[float, int]
"""Validation figure and step of a checkpoint."""
LAST, BEST = "last.pt", "best.pt"


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically.

    Raises:
        OutputError: it cannot be written (disk full, no permission).
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            torch.save({"format": FORMAT, **content}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        raise OutputError(f"cannot be written: {error}", subject=path) from error
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint, a packed one (see :mod:`~cleanplate_training.packed`) or published weights onto the CPU.

    Raises:
        MissingInputError: there is no such file.
        BrokenInputError: it is not a checkpoint of this version, or is damaged.
    """
    if path.suffix == packed.SUFFIX:
        return packed.unpack(path)
    if path.suffix in cra_published.SUFFIXES:
        return cra_published.load(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise MissingInputError("there is no such checkpoint", subject=path) from None
    except Exception as error:  # torch raises many kinds for damaged files
        raise BrokenInputError("is not a readable checkpoint", subject=path) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BrokenInputError(f"is not a checkpoint of format {FORMAT}", subject=path)
    return content


def find(run_or_file: Path) -> Path:
    """Return a checkpoint file: the file itself, or ``best.pt`` (else ``last.pt``) of a run's folder.

    Raises:
        MissingInputError: there is none.
    """
    if run_or_file.is_dir():
        for name in (BEST, LAST):
            if (run_or_file / name).is_file():
                return run_or_file / name
        raise MissingInputError("holds no checkpoint", subject=run_or_file)
    if not run_or_file.is_file():
        raise MissingInputError("there is no such checkpoint", subject=run_or_file)
    return run_or_file


def best_weights(content: Mapping[str, Any]) -> dict[str, Mapping[str, torch.Tensor]]:
    """Return the weights by network, the moving averages where the checkpoint has them."""
    return {**content["networks"], **content["averages"]}


def ranked(kept: Sequence[Kept], value: float, step: int, *, goal: Goal, limit: int) -> list[Kept]:
    """Return the best ``limit`` of the (figure, step) pairs ``kept`` and one more, best first, earlier first."""
    sign = -1 if goal.better == "higher" else 1
    return sorted([*kept, (value, step)], key=lambda entry: (sign * entry[0], entry[1]))[:limit]


def publish_best(folder: Path, step: int, kept: Sequence[Kept]) -> None:
    """Give ``last.pt`` (of ``step``) its further names if it is among the best, and drop those that no longer are."""
    if step in [entry[1] for entry in kept]:
        _link(folder / LAST, _named(folder, step))
        if kept[0][1] == step:
            _link(folder / LAST, folder / BEST)
    names = {_named(folder, entry[1]) for entry in kept}
    for path in folder.glob("step-*.pt"):
        if path not in names:
            path.unlink(missing_ok=True)


def _named(folder: Path, step: int) -> Path:
    return folder / f"step-{step:08d}.pt"


def _link(source: Path, target: Path) -> None:
    """Give a file a second name without a second copy where the file system can; replaces atomically."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        os.link(source, beside)
    except OSError:
        shutil.copyfile(source, beside)
    beside.replace(target)


def random_state() -> dict[str, Any]:
    """Return the state of every global random generator of this process."""
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002  # what libraries may draw from
    return {
        "python": random.getstate(),
        "numpy": [kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Set every global random generator to what :func:`random_state` returned."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


@functools.cache
def source_commit() -> str | None:
    """Return the commit of the source tree this package runs from, with ``-dirty`` if it was changed, or None."""
    folder = Path(__file__).parent
    try:
        asked = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
