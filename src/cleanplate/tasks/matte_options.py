"""How to cut people out of photographs and what to put behind them, from file to file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import EncodeOptions


@dataclass(frozen=True)
class MatteOptions:
    """How alpha is found and finished; as in :func:`cleanplate.cutout`.

    Attributes:
        weights: matting network, a file or a name; None for the one that ships.
        device: that it runs on.
        person: number of the one who is kept, 1 for the largest; None for everybody.
        feather: pixels over which the edge is softened.
        shift_edge: pixels by which it moves outwards, or inwards if negative.
        clean: take the colours of the old background out of the edge.
        edges: ``guided``, ``closed-form`` or ``knn``.
        threads: cores that may be used; None for all.
        confirm: keep only parts in which the network for people finds somebody too; None where both are known.
    """

    weights: Path | None = None
    device: str = "auto"
    person: int | None = None
    feather: float = 0.0
    shift_edge: float = 0.0
    clean: bool = True
    threads: int | None = None
    edges: Literal["guided", "closed-form", "knn"] = "guided"
    confirm: bool | None = None


@dataclass(frozen=True)
class CutoutOptions:
    """How to cut out and write.

    Attributes:
        matte: how alpha is found.
        matte_only: write alpha as a grey picture instead of the people.
        trim: cut the picture down to the people.
        overwrite: replace outputs that exist.
        in_place: replace the input by the result.
        make_folders: make the folders of outputs that do not exist.
        encode: how the result is written; its ``format`` is that of the target's ending, if there is one.
        limits: how large an input may be.
    """

    matte: MatteOptions = field(default_factory=MatteOptions)
    matte_only: bool = False
    trim: bool = False
    overwrite: bool = False
    in_place: bool = False
    make_folders: bool = False
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Behind:
    """What comes behind the people, and how they stand before it.

    Attributes:
        backdrop: ``transparent``, a colour, ``blur`` or ``blur:STRENGTH``, the path of a picture, or its bytes.
        fit: how a picture of other proportions is brought to the photograph's.
        backdrop_position: which part of it stays, or where it goes: see :func:`cleanplate.tasks.places.parse_place`.
        subject_scale: size of the people, 1 = as in the photograph.
        position: where they go in the free room; None leaves them where they are (scaled ones keep their feet).
    """

    backdrop: str | bytes
    fit: Literal["cover", "contain"] = "cover"
    backdrop_position: str = "center"
    subject_scale: float = 1.0
    position: str | None = None


@dataclass(frozen=True)
class BackgroundOptions:
    """How to put another background behind people and write the result.

    Attributes:
        behind: what comes there.
        matte: how alpha is found.
        overwrite, in_place, make_folders, encode, limits: as in :class:`CutoutOptions`.
    """

    behind: Behind
    matte: MatteOptions = field(default_factory=MatteOptions)
    overwrite: bool = False
    in_place: bool = False
    make_folders: bool = False
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    limits: Limits = field(default_factory=Limits)
