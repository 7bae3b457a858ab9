"""What a user asked ``cleanplate erase`` for, and which way of working that means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cleanplate.errors import ArgumentError
from cleanplate.tasks.erase_options import EraseOptions
from cleanplate.tasks.selection import Selection

STREAM = Path("-")
"""Standard input or output."""


@dataclass(frozen=True)
class Wishes:
    """The arguments and options of one call."""

    sources: tuple[Path, ...]
    output: Path | None
    side_by_side: Path | None
    save_mask: Path | None
    selection: Selection
    options: EraseOptions
    json: bool
    recursive: bool
    jobs: int
    watch: bool


def carry_out(wishes: Wishes) -> None:
    """Do what was asked for: watch a folder, work on several pictures, or on one.

    Raises:
        CleanplateError: whatever went wrong.
    """
    _check(wishes)
    if wishes.watch:
        from cleanplate.cli.watching import keep_erasing

        keep_erasing(wishes)
    elif len(wishes.sources) > 1 or wishes.sources[0].is_dir():
        from cleanplate.cli.many import erase_many

        erase_many(wishes)
    else:
        from cleanplate.cli.one import erase_one

        erase_one(wishes)


def _check(wishes: Wishes) -> None:
    if wishes.selection.is_empty:
        raise ArgumentError(
            "nothing says what to erase", fix="add --box, --spot, --polygon, --strokes or --mask (see erase --help)"
        )
    if wishes.selection.snap and not wishes.selection.boxes:
        raise ArgumentError("tightens boxes, and there is none", subject="--snap", fix="add --box")
    if wishes.selection.invert_masks and not wishes.selection.masks:
        raise ArgumentError("needs a mask to invert", subject="--invert-mask", fix="add --mask")
    if wishes.options.in_place and wishes.output is not None:
        raise ArgumentError("cannot go together with -o", subject="--in-place", fix="drop one of them")
    if STREAM in wishes.sources and (len(wishes.sources) > 1 or wishes.watch or wishes.options.in_place):
        raise ArgumentError("standard input is one picture", subject="-", fix="name files instead")
    if wishes.watch and (len(wishes.sources) > 1 or not wishes.sources[0].is_dir()):
        raise ArgumentError("needs a folder to watch", subject="--watch", fix="name one existing folder as the source")
    if wishes.watch and wishes.options.dry_run:
        raise ArgumentError("cannot go together with --dry-run", subject="--watch", fix="drop one of them")
