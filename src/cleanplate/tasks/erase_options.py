"""How to erase from files, and where the outputs go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import EncodeOptions


@dataclass(frozen=True)
class EraseOptions:
    """How to erase and write; what to erase is a :class:`~cleanplate.tasks.selection.Selection`.

    Attributes:
        engine, device, weights, seed, grow, close_islands, threads: as in :func:`cleanplate.erase`.
        candidates: alternatives to make, with the seeds ``seed``, ``seed + 1``, ...
        dry_run: write a picture of what is selected instead of erasing it.
        overwrite: replace outputs that exist.
        in_place: replace the input by the result.
        make_folders: make the folders of outputs that do not exist.
        encode: how the result is written; its ``format`` is that of the target's ending, if there is a
            target and that is not the input's.
        limits: how large an input may be.
    """

    engine: str = "auto"
    device: str = "auto"
    weights: Path | None = None
    seed: int = 0
    candidates: int = 1
    grow: int | None = None
    close_islands: bool = True
    threads: int | None = None
    dry_run: bool = False
    overwrite: bool = False
    in_place: bool = False
    make_folders: bool = False
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    limits: Limits = field(default_factory=Limits)


DEFAULTS = EraseOptions()


@dataclass(frozen=True)
class Targets:
    """Where the outputs of one picture go.

    Attributes:
        result: the clean plate; further candidates are numbered beside it. None hands the bytes back instead.
        sheet: contact sheet, input | holed input | results; None for none.
        mask: the selection as drawn, before it is grown, as a PNG; None for none.
    """

    result: Path | None
    sheet: Path | None = None
    mask: Path | None = None
