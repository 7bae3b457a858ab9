"""How a user's completion network wants to be fed: from its record, or from its graph and one trial run.

Three styles are known, by the networks that made them common:

* LaMa (Suvorov et al., arXiv 2109.07161): a picture 0..1 and a mask, 1 = hole, both floating point;
* the bare generator of LaMa: one input of four channels, picture 0..1 with black under the hole, then the mask;
* the MI-GAN pipeline (Sargsyan et al., ICCV 2023): a picture and a mask, 255 = known, both uint8.

Files of the same style return 0..1, -1..1 or 0..255, which the graph does not say. All of them return the known part of
the picture nearly unchanged, so one run on a test picture shows the range, and whether the style was guessed right.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.network import Network, channels_of
from cleanplate.runtime.session import Session, Tensor
from cleanplate.types import Mask
from cleanplate.weights.record import Record

SUPPORTED = (
    "supported: LaMa style (float image of 3 channels 0..1 and float mask of 1 channel, 1 = hole; or both in one input "
    "of 4 channels) and MI-GAN pipeline style (uint8 image of 3 channels and uint8 mask of 1 channel, 255 = known)"
)
_RANGES = ((0.0, 1.0), (0.0, 255.0), (-1.0, 1.0))
_SOFT_EDGE = 3
"""The MI-GAN pipeline pastes its fill with a soft edge that reaches into the hole: a 3 x 3 maximum of the mask, then a
5 x 5 Gaussian, hence 3 pixels."""

_TRIAL_SIZE = 256
_SMALLEST = 16
_TRIAL_TOLERANCE = 0.1
_TRIAL_BLACK = 0.05


@dataclass(frozen=True)
class Style:
    """A completion network's way to be fed and to answer.

    Attributes:
        contract: how picture and mask go in.
        output: name of the output that is the completed picture.
        lowest: value of black in it.
        highest: value of white in it.
        soft_edge: pixels at the inner border of a hole into which the network mixes what was under it.
    """

    contract: InputContract
    output: str
    lowest: float
    highest: float
    soft_edge: int


_known: WeakKeyDictionary[Session, Style] = WeakKeyDictionary()
_lock = threading.Lock()


def style_of(session: Session, record: Record | None) -> Style:
    """Find out how a network is fed; the answer is kept as long as the session lives.

    Args:
        session: the loaded network.
        record: what the catalog knows of its file, if anything.

    Raises:
        EngineError: it is no completion network of a known style; the text says what was found and what is supported.
    """
    with _lock:
        if session not in _known:
            _known[session] = _found(session, record)
        return _known[session]


def _found(session: Session, record: Record | None) -> Style:
    contract = contract_of(session) if record is None or isinstance(record.input, str) else record.input
    output = _output_of(session, contract)
    if record is not None and not isinstance(record.output, str):
        lowest, highest = record.output.lowest, record.output.highest
        if not isinstance(lowest, str) and not isinstance(highest, str):
            return Style(contract, output, lowest, highest, _soft_edge(contract))
    return _tried(session, contract, output)


def contract_of(session: Session) -> InputContract:
    """Read off the inputs of a graph which style it is.

    Raises:
        EngineError: none of those that are known.
    """
    for layout in ("NCHW", "NHWC"):
        channels = sorted(
            (channels_of(each, layout) or 0, each.dtype, _size(each, layout), each.name) for each in session.inputs
        )
        kinds = [(count, _kind(dtype)) for count, dtype, _, _ in channels]
        size = channels[-1][2]
        if kinds == [(1, "float"), (3, "float")] and channels[0][2] == size:
            return _lama(layout, channels[-1][1], size, joined=False)
        if kinds == [(4, "float")]:
            return _lama(layout, channels[-1][1], size, joined=True)
        if kinds == [(1, "uint8"), (3, "uint8")] and channels[0][2] == size:
            return _migan(layout, size)
    found = ", ".join(map(str, session.inputs)) or "nothing"
    raise EngineError(
        f"is no completion network that is known here: it takes {found}", subject=session.path, fix=SUPPORTED
    )


def _lama(layout: Literal["NCHW", "NHWC"], dtype: str, size: tuple[int, ...], *, joined: bool) -> InputContract:
    return InputContract(
        layout=layout,
        channels="RGB+mask" if joined else "RGB",
        dtype="float16" if dtype == "float16" else "float32",
        mask="one_is_hole",
        # Exports with free sizes ask for multiples of 8 or of 32.
        multiple_of=1 if size else 32,
        minimum=1 if size else 64,
        fixed=_pair(size),
    )


def _migan(layout: Literal["NCHW", "NHWC"], size: tuple[int, ...]) -> InputContract:
    return InputContract(
        layout=layout,
        scale=1.0,
        dtype="uint8",
        mask="zero_is_hole_255",
        # The pipeline squashes a smaller picture into a square of 512.
        minimum=1 if size else 512,
        fixed=_pair(size),
    )


def _output_of(session: Session, contract: InputContract) -> str:
    """The one output that can be a picture."""
    pictures = [each for each in session.outputs if channels_of(each, contract.layout) in (3, None)]
    exact = [each for each in pictures if channels_of(each, contract.layout) == 3]
    chosen = exact or pictures
    if len(chosen) != 1:
        found = ", ".join(map(str, session.outputs))
        raise EngineError(f"has no single picture among its outputs: {found}", subject=session.path, fix=SUPPORTED)
    return chosen[0].name


def _tried(session: Session, contract: InputContract, output: str) -> Style:
    """Run the network on a picture that is known, and see in which range its known part comes back."""
    height, width = contract.fixed or (_TRIAL_SIZE, _TRIAL_SIZE)
    if min(height, width) < _SMALLEST:
        raise EngineError(f"takes only {height} x {width} pixels, too few for completion", subject=session.path)
    picture, hole = trial_picture(height, width)
    answer = Network(session, contract, output=output)(np.where(hole[..., None], np.uint8(0), picture), hole)
    if answer.shape != picture.shape:
        raise EngineError(f"returns {answer.shape[2]} channel(s), not 3", subject=session.path, fix=SUPPORTED)
    if not np.isfinite(answer).all():
        raise EngineError("returns numbers that are not finite", subject=session.path, fix=SUPPORTED)
    errors = {
        span: float(np.abs((answer - span[0]) / (span[1] - span[0]) - picture / 255.0)[~hole].mean())
        for span in (_RANGES if contract.dtype != "uint8" else _RANGES[1:2])
    }
    span, error = min(errors.items(), key=lambda item: item[1])
    if not error < _TRIAL_TOLERANCE:
        raise EngineError(
            f"does not give back the known part of a test picture (off by {100 * error:.0f} %), so it is no completion "
            f"network that takes {', '.join(map(str, session.inputs))} in a way that is known here",
            subject=session.path,
            fix=SUPPORTED,
        )
    style = Style(contract, output, *span, _soft_edge(contract))
    # Networks that return what they get: the test picture is bright everywhere, and black under the hole.
    if (answer[hole] - span[0]).mean() < _TRIAL_BLACK * (span[1] - span[0]):
        raise EngineError("leaves the hole of a test picture black", subject=session.path, fix=SUPPORTED)
    return style


def trial_picture(height: int, width: int) -> tuple[NDArray[np.uint8], Mask]:
    """A smooth picture (H x W x 3 uint8) with many colours, and a hole in its middle (H x W bool)."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    picture = np.stack([40 + 180 * x, 220 - 180 * y, 60 + 90 * (x + y)], axis=2)
    hole = (abs(y - 0.5) < 0.12) & (abs(x - 0.5) < 0.12)
    return np.rint(picture).astype(np.uint8), hole


def _soft_edge(contract: InputContract) -> int:
    return _SOFT_EDGE if contract.dtype == "uint8" else 0


def _kind(dtype: str) -> str:
    return "float" if dtype in ("float32", "float16") else dtype


def _size(tensor: Tensor, layout: str) -> tuple[int, ...]:
    """Height and width where the graph fixes one of them (a free one is then made equal); empty where both are free."""
    if len(tensor.shape) != 4:
        return (0,)
    height, width = tensor.shape[2:] if layout == "NCHW" else tensor.shape[1:3]
    return () if height is width is None else (height or width or 0, width or height or 0)


def _pair(size: tuple[int, ...]) -> tuple[int, int] | None:
    return (size[0], size[1]) if len(size) == 2 else None
