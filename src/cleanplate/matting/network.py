"""The network that mattes a still picture: which file it is, and what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError, WeightsError
from cleanplate.matting.portrait import WORKING_AREA
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.network import Network
from cleanplate.runtime.session import Session
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.types import Alpha
from cleanplate.weights.choice import Wanted, default
from cleanplate.weights.record import Record
from cleanplate.weights.store import Installed, resolve

FREE = InputContract(multiple_of=32)
"""What a network without a record takes: RGB 0..1, both sides multiples of 32 (it normalises by itself)."""

_TASKS = ("matting", "saliency", "segmentation")
_OF_PEOPLE = ("matting", "segmentation")
_NOT_ONNX = {".pth", ".pt", ".ckpt", ".safetensors", ".pb", ".tflite"}
_VIDEO = "previous"
_UNLIKELY = 0.25
"""Likelihood up to which a pixel is background; beyond one minus this it is a person."""
_SEGMENTED_AREA = 256 * 256
"""Pixels that segmentation networks see: they learn from small pictures, and find holes in faces of large ones."""


def is_for_stills(record: Record) -> bool:
    """Whether a matting network takes a picture alone."""
    return all(port.name != _VIDEO for port in record.ports)


WANTED = Wanted("matting", "mattes pictures", "matte-lite0", "--weights", is_for_stills, subject="cutout")


@dataclass(frozen=True)
class MatteNetwork:
    """A matting network with its contract; safe to call from several threads.

    Attributes:
        network: what is run.
        logits: whether its answer still needs a sigmoid.
        name: of its record, or of its file.
        device: that it really runs on.
        notes: remarks for the user.
        segments: whether it says how likely a pixel belongs to a person, instead of how much of it does.
        of_people: whether it is known to be for people: one for whatever stands out, or of unknown origin, is not.
    """

    network: Network
    logits: bool
    name: str
    device: str
    notes: tuple[str, ...] = ()
    segments: bool = False
    of_people: bool = False

    @property
    def area(self) -> int:
        """Pixels of a picture that it should see at once."""
        if self.network.contract.working_size is not None:
            return self.network.contract.working_size**2
        return _SEGMENTED_AREA if self.segments else WORKING_AREA

    @property
    def fixed(self) -> bool:
        """Whether it takes pictures of one size only, to which they are stretched or padded."""
        return self.network.contract.fixed is not None

    def __call__(self, pixels: NDArray[Any]) -> Alpha:
        """Matte a small picture.

        Args:
            pixels: h x w x 3 RGB, uint8, uint16 or float32 in 0..255, any size; padded here.

        Returns:
            h x w float32, 0..1. What the network says is clipped, never stretched: no person stays no person.

        Raises:
            EngineError: the network failed or returned numbers that are none.
        """
        answer: Any = self.network(pixels)[..., 0]
        if not np.isfinite(answer).all():
            raise EngineError("returned numbers that are not finite", subject=self.network.session.path)
        if self.logits:
            answer = 1.0 / (1.0 + np.exp(-answer))
        if self.segments:
            # A body that is very likely one is no translucent body; between lies what is left open.
            answer = (answer - _UNLIKELY) / (1.0 - 2.0 * _UNLIKELY)
        return np.asarray(np.clip(answer, 0.0, 1.0), np.float32)


def open_network(
    weights: str | Path | None = None, *, device: str = "auto", threads: int | None = None
) -> MatteNetwork:
    """Open a matting network, or take it from those that are open.

    Args:
        weights: a file, or a name from the catalog; None for the one that ships, else the first that is installed.
        device: as for :func:`cleanplate.runtime.session.start`.
        threads: cores that one run may use.

    Raises:
        EngineError: one for something else.
        WeightsError: none is installed, or the file is missing, damaged or refused by its terms.
        DeviceError: the device is not there.
    """
    installed = default(WANTED) if weights is None else resolve(weights)
    _check(installed)
    session = SESSIONS.session(installed.path, device=device, threads=threads)
    record = installed.record
    network = Network(session, _contract(installed, session), output=_output(record, session))
    return MatteNetwork(
        network=network,
        logits=record is not None and not isinstance(record.output, str) and record.output.activation == "sigmoid",
        name=installed.path.name if record is None else record.name,
        device=session.device,
        notes=(*installed.notes, *session.notes),
        segments=record is not None and record.task == "segmentation",
        of_people=record is not None and record.task in _OF_PEOPLE,
    )


def _check(installed: Installed) -> None:
    record = installed.record
    if record is None:
        if installed.path.suffix.lower() in _NOT_ONNX:
            raise WeightsError("is no ONNX file", subject=installed.path, fix="see 'cleanplate models convert --help'")
        return
    if record.task not in _TASKS or record.format != "onnx":
        what = f"is '{record.name}', for {record.task}, in format {record.format}"
        raise EngineError(what, subject=installed.path, fix="choose a matting network ('cleanplate models' lists all)")
    if sum(port.way == "input" for port in record.ports) > 1 and is_for_stills(record):
        what = f"is '{record.name}', which takes more than a picture"
        raise EngineError(what, subject=installed.path, fix="choose a matting network ('cleanplate models' lists all)")
    if not is_for_stills(record):
        what = f"is '{record.name}', which needs the alpha of the frame before"
        raise EngineError(what, subject=installed.path, fix="choose a network for stills")


def _contract(installed: Installed, session: Session) -> InputContract:
    if installed.record is not None and not isinstance(installed.record.input, str):
        return installed.record.input
    if len(session.inputs) != 1 or len(session.inputs[0].shape) != 4:
        listed = ", ".join(map(str, session.inputs))
        raise EngineError(
            f"takes {listed}; a matting network takes one picture", subject=installed.path, fix="see docs/matting.md"
        )
    height, width = session.inputs[0].shape[2:]
    if height is None or width is None:
        return FREE
    return InputContract(fixed=(height, width), resize="fit")


def _output(record: Record | None, session: Session) -> str:
    """The port called alpha, or the first."""
    names = [output.name for output in session.outputs]
    if "alpha" in names:
        return "alpha"
    ports = [] if record is None else [port.name for port in record.ports if port.way == "output"]
    return ports[0] if ports and ports[0] in names else names[0]
