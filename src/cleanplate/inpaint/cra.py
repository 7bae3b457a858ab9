"""Engine ``cra``: the generator of contextual residual aggregation.

Z. Yi, Q. Tang, S. Azizi, D. Jang, Z. Xu: Contextual Residual Aggregation for Ultra High-Resolution Image Inpainting,
CVPR 2020 (arXiv 2005.09704). A gated two-stage network completes the small picture; the attention scores of its second
stage say from which known places detail is taken at full size (:mod:`cleanplate.inpaint.attention`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.inpaint.attention import Attention, attention_of
from cleanplate.inpaint.engine import Completion, EngineOptions, SmallImage
from cleanplate.inpaint.membrane import cloned
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.session import Session
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.runtime.sizing import Fitting, fitting
from cleanplate.runtime.tensors import mask_tensor, picture_tensor, pixels_of
from cleanplate.types import Mask
from cleanplate.weights.catalog import shipped
from cleanplate.weights.record import Record
from cleanplate.weights.store import Installed, resolve, whereabouts

CONTRACT = InputContract(multiple_of=32, minimum=128, padding="reflect", mask="one_is_hole")
"""How generators are fed: RGB 0..1 and a mask, 1 = hole; sides that are multiples of 32."""

CELL = 16
"""Side of a cell of the attention scores, in pixels of the generator's picture."""

_INPUTS, _OUTPUTS = {"image", "mask"}, {"coarse", "fine", "scores"}

Detail = Literal["soft", "strongest", "hard", "search"]
"""Where detail comes from: all attended cells, the four strongest, the strongest, or a search after completion."""

_COUNT = {"strongest": 4, "hard": 1}


@dataclass(frozen=True)
class Generated:
    """What a generator makes of a small picture.

    Attributes:
        image: H x W x 3 float32 in 8-bit levels: the picture where it is known, and the fill, without a step between.
        scores: (r * c) x (r * c) float32, how much each cell attends to each known cell.
        grid: r and c.
    """

    image: NDArray[np.float32]
    scores: NDArray[np.float32]
    grid: tuple[int, int]


@dataclass(frozen=True)
class Cra:
    """The generator; ``avoid`` is a hole for it too, so that it is never a source, and then put back.

    Attributes:
        session: the network.
        device: that it really runs on.
        notes: remarks for the user.
        detail: where the detail at full size comes from.
    """

    session: Session
    device: str
    notes: tuple[str, ...] = ()
    detail: Detail = "hard"
    name: str = "cra"
    working_size: int = 512
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def complete(self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill the hole; see :class:`cleanplate.inpaint.engine.Engine`. ``seed`` changes nothing."""
        made = self.generate(image, hole, avoid=avoid)
        filled = np.clip(np.rint(made.image), 0, 255).astype(np.uint8)
        return Completion(np.where(hole[..., None], filled, image), self._attention(made, hole, avoid))

    def generate(self, image: SmallImage, hole: Mask, *, avoid: Mask) -> Generated:
        """Run the network and join its answer to what is known.

        Args:
            image: H x W x 3 uint8; what lies under the hole is not read.
            hole: H x W bool.
            avoid: H x W bool, neither known nor filled.

        Raises:
            EngineError: the network failed, or what it returned is no completion.
        """
        unknown = hole | avoid
        if unknown.all():
            unknown = hole
        fit = fitting(hole.shape[0], hole.shape[1], CONTRACT)
        padded = fit.mask(unknown)
        picture = fit.picture(np.where(unknown[..., None], np.uint8(0), image))
        # One run at a time: it uses all cores, and its memory is the largest part of what a window takes.
        with self._turn:
            answers = self.session.run(
                {"image": picture_tensor(picture, CONTRACT), "mask": mask_tensor(padded, CONTRACT)}
            )
        fine = self._picture(answers["fine"], fit)
        grid = fit.full[0] // CELL, fit.full[1] // CELL
        return Generated(cloned(fine, image, hole, avoid & ~hole), self._scores(answers["scores"], grid), grid)

    def _picture(self, answer: NDArray[Any], fit: Fitting) -> NDArray[np.float32]:
        fine = pixels_of(answer, CONTRACT)
        if fine.shape != (*fit.full, 3):
            got = " x ".join(map(str, fine.shape))
            raise EngineError(
                f"returned {got} for a picture of {fit.full[0]} x {fit.full[1]}", subject=self.session.path
            )
        self._check_finite(fine)
        return np.asarray(fit.undo(fine) * np.float32(255.0), np.float32)

    def _scores(self, scores: NDArray[Any], grid: tuple[int, int]) -> NDArray[np.float32]:
        cells = grid[0] * grid[1]
        if scores.shape != (1, cells, cells):
            got = " x ".join(map(str, scores.shape))
            raise EngineError(f"returned scores of {got} for {cells} cells", subject=self.session.path)
        self._check_finite(scores)
        return np.asarray(scores[0], np.float32)

    def _check_finite(self, answer: NDArray[Any]) -> None:
        if not np.isfinite(answer).all():
            raise EngineError(
                f"the network returned numbers that are not finite on device '{self.device}'", subject=self.session.path
            )

    def _attention(self, made: Generated, hole: Mask, avoid: Mask) -> Attention | None:
        if self.detail == "search":
            return None
        attention = attention_of(made.scores, hole, avoid, grid=made.grid, cell=CELL, picture=made.image)
        if attention is None or self.detail == "soft":
            return attention
        return attention.strongest(_COUNT[self.detail])


def create(options: EngineOptions) -> Cra:
    """Build the engine from ``options.weights`` (a file, or a name from the catalog), else from those that ship.

    Raises:
        EngineError: no weights, or a network that is no such generator.
        WeightsError: the weights are missing, damaged or refused by their terms.
        DeviceError: the device is not there.
    """
    weights = resolve(options.weights) if options.weights is not None else _installed()
    session = SESSIONS.session(weights.path, device=options.device, threads=options.threads)
    check_generator(session)
    size = _size_of(weights.record) or Cra.working_size
    return Cra(session, session.device, (*weights.notes, *session.notes), working_size=size)


def _size_of(record: Record | None) -> int | None:
    return None if record is None or isinstance(record.input, str) else record.input.working_size


def check_generator(session: Session) -> None:
    """Refuse a network that has other inputs or outputs than a generator.

    Raises:
        EngineError: it has.
    """
    if has_scores(session):
        return
    returned = ", ".join(port.name for port in session.outputs)
    raise EngineError(
        f"is no generator with attention scores: it takes {', '.join(map(str, session.inputs))} and returns {returned}",
        subject=session.path,
        fix="engine 'cra' takes what 'cleanplate_training export' makes of a cra recipe; try --engine onnx for others",
    )


def has_scores(session: Session) -> bool:
    """Whether a network has the inputs and outputs of a generator."""
    inputs, outputs = ({port.name for port in ports} for ports in (session.inputs, session.outputs))
    return inputs == _INPUTS and outputs >= _OUTPUTS


def generators() -> list[Record]:
    """The records of generators, those that ship first, larger working sizes before smaller ones."""
    found = [record for record in shipped().for_task("inpaint") if record.runnable and is_generator(record)]
    return sorted(sorted(found, key=lambda record: record.name, reverse=True), key=lambda record: not record.bundled)


def is_generator(record: Record) -> bool:
    """Whether the weights of a record are run by this engine."""
    returned = {port.name for port in record.ports if port.way == "output"}
    return returned >= _OUTPUTS


def _installed() -> Installed:
    for record in generators():
        if whereabouts(record) is not None:
            return resolve(record.name)
    raise EngineError(
        "engine 'cra' needs a generator, and none is installed", fix="give one by --weights FILE, or use --engine auto"
    )
