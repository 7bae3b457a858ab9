"""What a completion engine is, and the list of those there are.

An engine completes one *small* picture: an RGB window that was shrunk to the working size, with a hole in it. The
detail that shrinking lost is put back afterwards (:mod:`cleanplate.inpaint.residual`), guided by a correspondence:
which known place each piece of the hole resembles. An engine that knows it returns it (a generator its attention,
:mod:`cleanplate.inpaint.attention`); for the others it is searched (:mod:`cleanplate.inpaint.correspondence`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, DeviceError, EngineError
from cleanplate.inpaint.attention import Attention
from cleanplate.inpaint.correspondence import Correspondence
from cleanplate.types import Mask

SmallImage = NDArray[np.uint8]


@dataclass(frozen=True)
class Completion:
    """A completed small picture.

    Attributes:
        image: H x W x 3 uint8 RGB; equal to the input outside the hole.
        correspondence: where each piece of the hole takes its detail from, if the engine knows; else None.
        smooth: whether the hole has been filled without texture of its own.
    """

    image: SmallImage
    correspondence: Correspondence | Attention | None = None
    smooth: bool = False


class Engine(Protocol):
    """Fills the hole of a small picture. Deterministic for a given seed, and safe to call from several threads."""

    name: str
    """Name on the command line and in results."""
    device: str
    """Device the engine really runs on, for example ``cpu``."""
    working_size: int
    """Longest side, in pixels, of the picture that it is given."""
    notes: tuple[str, ...]
    """Remarks for the user, such as a better device that did not start."""

    def complete(self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill ``hole``.

        Args:
            image: H x W x 3 uint8 RGB. What lies under the hole must not influence the result. Never written to.
            hole: H x W bool, True = fill. At least one pixel is True and at least one is not.
            avoid: H x W bool, True = neither filled nor used as a source (other holes, areas the user excludes).
            seed: chooses among equally good fills.

        Returns:
            The completion; known pixels come back bit for bit.

        Raises:
            EngineError: the engine cannot run or failed.
        """
        ...


@dataclass(frozen=True)
class EngineOptions:
    """What an engine may need to be built.

    Attributes:
        device: the device asked for; ``auto`` is the engine's choice.
        weights: the user's own file, or a name from the catalog.
        threads: cores that one completion may use; None for all that are usable.
    """

    device: str = "auto"
    weights: Path | None = None
    threads: int | None = None


def check_no_network(options: EngineOptions, name: str) -> None:
    """Refuse what only networks can use: the engine ``name`` runs on the CPU and takes no weights.

    Raises:
        DeviceError: another device than ``auto`` or ``cpu`` was asked for.
        ArgumentError: weights were given.
    """
    if options.device not in ("auto", "cpu"):
        raise DeviceError(
            f"engine '{name}' runs on the cpu only, not on '{options.device}'",
            fix="leave --device out, or choose an engine that runs a network",
        )
    if options.weights is not None:
        raise ArgumentError(
            f"engine '{name}' takes no weights",
            subject=options.weights,
            fix="leave --weights out, or use --engine onnx",
        )


ENGINES: dict[str, str] = {
    "patchmatch": "cleanplate.inpaint.patchmatch",
    "telea": "cleanplate.inpaint.telea",
    "onnx": "cleanplate.inpaint.onnx",
    "cra": "cleanplate.inpaint.cra",
    "hybrid": "cleanplate.inpaint.hybrid",
    "partial": "cleanplate.inpaint.partial",
}
"""Engine name to the module whose ``create(options)`` builds it; imported only when chosen."""


def create_engine(name: str, options: EngineOptions | None = None) -> Engine:
    """Build the engine called ``name``.

    Raises:
        EngineError: no such engine, or it is not installed or lacks its weights.
    """
    if name not in ENGINES:
        raise EngineError(f"unknown engine '{name}'", fix=f"choose one of: {', '.join(['auto', *sorted(ENGINES)])}")
    create = cast("Callable[[EngineOptions], Engine]", import_module(ENGINES[name]).create)
    return create(options or EngineOptions())
