"""What a user asked a command for pictures for, and which way of working that means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleanplate.batch.assignment import Assignment
from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError

STREAM = Path("-")
"""Standard input or output."""


@dataclass(frozen=True)
class Wishes:
    """The arguments and options of one call.

    Attributes:
        sources: pictures, folders of them, or standard input.
        output: a file, a folder, standard output, or None for the place that the command chooses.
        assignment: what to do with each picture.
        tell: the lines about one picture, from its report.
        limits: how much is read from standard input.
        json: print reports instead of lines.
        recursive: look into sub-folders.
        jobs: pictures worked on at a time.
        watch: stay, and work on what arrives.
        verb: names the work beside the progress bar.
    """

    sources: tuple[Path, ...]
    output: Path | None
    assignment: Assignment
    tell: Callable[[Any], list[str]]
    limits: Limits
    json: bool
    recursive: bool
    jobs: int
    watch: bool
    verb: str


def carry_out(wishes: Wishes) -> None:
    """Do what was asked for: watch a folder, work on several pictures, or on one.

    Raises:
        CleanplateError: whatever went wrong.
    """
    _check(wishes)
    if wishes.watch:
        from cleanplate.cli.watching import keep_working

        keep_working(wishes)
    elif len(wishes.sources) > 1 or wishes.sources[0].is_dir():
        from cleanplate.cli.many import work_on_many

        work_on_many(wishes)
    else:
        from cleanplate.cli.one import work_on_one

        work_on_one(wishes)


def _check(wishes: Wishes) -> None:
    if wishes.assignment.in_place and wishes.output is not None:
        raise ArgumentError("cannot go together with -o", subject="--in-place", fix="drop one of them")
    if STREAM in wishes.sources and (len(wishes.sources) > 1 or wishes.watch or wishes.assignment.in_place):
        raise ArgumentError("standard input is one picture", subject="-", fix="name files instead")
    if wishes.watch and (len(wishes.sources) > 1 or not wishes.sources[0].is_dir()):
        raise ArgumentError("needs a folder to watch", subject="--watch", fix="name one existing folder as the source")
    if wishes.watch and wishes.assignment.rehearsal:
        raise ArgumentError("cannot go together with --dry-run", subject="--watch", fix="drop one of them")
