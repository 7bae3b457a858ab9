"""The outputs of one picture: their names, what must not be written, and writing all or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cleanplate.encode.atomic import write_atomic
from cleanplate.encode.options import SUFFIXES
from cleanplate.encode.preview import preview_type
from cleanplate.errors import ArgumentError, OutputError
from cleanplate.tasks.erase_options import EraseOptions, Targets

Files = list[tuple[Path | None, bytes]]
"""Contents and where they go; None hands them back."""


class WritingRules(Protocol):
    """What may be written; options of every task that writes files."""

    @property
    def overwrite(self) -> bool:
        """Replace outputs that exist."""
        ...

    @property
    def in_place(self) -> bool:
        """Replace the input by the result."""
        ...

    @property
    def make_folders(self) -> bool:
        """Make the folders of outputs that do not exist."""
        ...


def planned_outputs(targets: Targets, options: EraseOptions) -> list[Path]:
    """Every file that :func:`erase_file` would write.

    Raises:
        ArgumentError: targets and options contradict each other.
    """
    if options.candidates < 1:
        raise ArgumentError("must be 1 or more", subject="--candidates")
    if options.candidates > 1 and (targets.result is None or options.in_place):
        raise ArgumentError("needs names for several results", subject="--candidates", fix="name a file with -o")
    if options.dry_run:
        paths = [] if targets.result is None else [preview_path(targets.result)]
    else:
        paths = [path for path in candidate_paths(targets.result, options.candidates) if path is not None]
        if targets.sheet is not None:
            preview_type(targets.sheet, name="--side-by-side")
            paths.append(targets.sheet)
    if targets.mask is not None:
        if targets.mask.suffix.lower() != ".png":
            raise ArgumentError(f"cannot be {targets.mask.name}", subject="--save-mask", fix="end it in .png")
        paths.append(targets.mask)
    return paths


def natural_name(path: Path) -> Path:
    """The name of a result that keeps the input's type; RAW files, which nobody can write, become TIFF."""
    return path if path.suffix.lower() in SUFFIXES else path.with_suffix(".tif")


def candidate_paths(target: Path | None, count: int) -> list[Path | None]:
    """``clean.jpg``, ``clean-2.jpg``, ``clean-3.jpg``, ... for ``count`` alternatives."""
    if target is None:
        return [None]
    return [target, *(target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(2, count + 1))]


def preview_path(target: Path) -> Path:
    """Where a dry run shows what would be erased on the way to ``target``: ``clean.overlay.jpg`` for ``clean.png``."""
    return target.with_name(f"{target.stem}.overlay.jpg")


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path], rules: WritingRules) -> None:
    """Refuse, before any work is done, what must not be written.

    Raises:
        OutputError: two outputs are one file, an output is an input (unless ``in_place``), or it exists (unless
            ``overwrite`` or ``in_place``).
    """
    taken = {_identity(path) for path in inputs}
    if rules.in_place and inputs:
        taken.discard(_identity(inputs[0]))
    seen: set[str] = set()
    for path in outputs:
        identity = _identity(path)
        if identity in seen:
            raise OutputError("is the place of two outputs", subject=path, fix="give them different names")
        seen.add(identity)
        if identity in taken:
            fix = "write elsewhere with -o, or replace the input with --in-place"
            raise OutputError("is an input, and inputs are never overwritten", subject=path, fix=fix)
        if not rules.overwrite and not rules.in_place and path.exists():
            raise OutputError("exists already", subject=path, fix="write elsewhere with -o, or add --overwrite")


def _identity(path: Path) -> str:
    """One text for all spellings of a path, also through links and on file systems that ignore case."""
    return os.path.normcase(os.path.realpath(path))


def write_all(files: Files, rules: WritingRules) -> None:
    """Write every file, or, where one fails, none that was not there before."""
    new: list[Path] = []
    try:
        for path, content in files:
            if path is not None:
                existed = path.exists()
                if rules.make_folders:
                    _make_folder(path.parent)
                write_atomic(path, content, overwrite=rules.overwrite or rules.in_place)
                new += [] if existed else [path]
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made ({error.strerror})", subject=folder) from None
