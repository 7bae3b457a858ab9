"""How to restore and colour from file to file, and where the outputs go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import SUFFIXES, EncodeOptions

Kind = Literal["restored", "restored_colour", "colour", "defects"]
"""The outputs of restoring one picture; also what is added to its name."""

KINDS: tuple[Kind, ...] = get_args(Kind)

_ENDINGS = {kind: ending for ending, kind in reversed(SUFFIXES.items())}


@dataclass(frozen=True)
class RestoreOptions:
    """How to restore and write; as in :func:`cleanplate.restore` but for what is said here.

    Attributes:
        masks: picture files of the damage (white), or their bytes, one a page; none looks for it.
        sensitivity, fine, flips, colour, fading, crop, engine, seed, device, threads: as there.
        only: outputs that are made; none makes all. One alone, to a file of a name of its own, is
            :attr:`RestoreTargets.only`.
        hints: JSON file of colour hints, or its bytes; None for none.
        weights_defects, weights_fill, weights_colour: as there.
        overwrite: replace outputs that exist.
        make_folders: make the folders of outputs that do not exist.
        encode: how results are written; its ``format`` None keeps the type of the picture.
        limits: how large an input may be.
    """

    masks: tuple[Path | bytes, ...] = ()
    only: tuple[Kind, ...] = ()
    sensitivity: float = 0.5
    fine: bool = False
    flips: bool = False
    colour: bool = True
    hints: Path | bytes | None = None
    fading: bool = False
    crop: bool = False
    weights_defects: Path | None = None
    weights_fill: Path | None = None
    weights_colour: Path | None = None
    engine: str = "auto"
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    overwrite: bool = False
    make_folders: bool = False
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    limits: Limits = field(default_factory=Limits)

    @property
    def in_place(self) -> bool:
        """Never: restoring makes several pictures of one."""
        return False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The outputs that are made."""
        there: tuple[Kind, ...] = KINDS if self.colour else ("restored", "defects")
        return tuple(kind for kind in there if not self.only or kind in self.only)


@dataclass(frozen=True)
class RestoreTargets:
    """Where the outputs of one picture go.

    Attributes:
        base: path that the names are made of: ``album/scan.tif`` gives ``album/scan_restored.tif``,
            ``album/scan_defects.png``, ...; None hands bytes back.
        only: make only this output; it is then written to ``base`` itself.
    """

    base: Path | None
    only: Kind | None = None

    def paths(self, options: RestoreOptions, pages: int = 1) -> dict[Kind, list[Path]]:
        """Every file that would be written: one a kind, but a mask a page."""
        if self.base is None:
            return {}
        if self.only is not None:
            return {self.only: [self.base]}
        named: dict[Kind, list[Path]] = {}
        for kind in options.kinds:
            stem = f"{self.base.stem}_{kind}"
            if kind == "defects":
                ends = ["", *(f"-{number}" for number in range(2, pages + 1))]
                named[kind] = [self.base.with_name(f"{stem}{end}.png") for end in ends]
            else:
                ending = self.base.suffix if options.encode.format is None else _ENDINGS[options.encode.format]
                named[kind] = [self.base.with_name(f"{stem}{ending}")]
        return named


@dataclass(frozen=True)
class ColorizeOptions:
    """How to colour and write; as in :func:`cleanplate.colorize` but for what is said here.

    Attributes:
        hints: JSON file of colour hints, or its bytes; None for none.
        weights, device, threads: as there.
        overwrite: replace outputs that exist.
        in_place: replace the input by the result.
        make_folders: make the folders of outputs that do not exist.
        encode: how the result is written.
        limits: how large an input may be.
    """

    hints: Path | bytes | None = None
    weights: Path | None = None
    device: str = "auto"
    threads: int | None = None
    overwrite: bool = False
    in_place: bool = False
    make_folders: bool = False
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    limits: Limits = field(default_factory=Limits)
