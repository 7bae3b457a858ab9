"""Alphas of the frames of a video, each helped by the one before.

A network for video takes the alpha of the frame before as a fourth channel, which keeps edges from flickering; a
network for stills works too, without that help. What is remembered is an argument and a result: nothing is hidden, so
clips can be worked on side by side, and a step can be taken again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import EngineError
from cleanplate.matting.follow import enlarge
from cleanplate.matting.network import open_network
from cleanplate.runtime.session import Session
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.runtime.tensors import levels_255
from cleanplate.types import Alpha, Image, check_image
from cleanplate.weights.catalog import shipped
from cleanplate.weights.store import Installed, installed, resolve

Size = tuple[int, int]

DEFAULT_SIZE = 384
"""Pictures are given to the network with about this number of pixels, squared."""

MULTIPLE = 32
"""Height and width of what the network gets are multiples of it."""

CUT = 0.12
"""Mean change of tiny pictures (0..1) that is a cut and no movement. Of 1,336 neighbouring frames of 20 DAVIS clips
nine, of whip pans, change more; of 190 pairs of first frames of different clips one differs less."""

_TINY = 16


@dataclass(frozen=True)
class VideoNetwork:
    """An opened network and how it is used.

    Attributes:
        run: from a picture (h x w x 3 uint8 RGB) and the alpha before (h x w, zeros = none) to an alpha, h x w.
        takes_previous: whether the alpha before is looked at.
        device: that it really runs on.
        name: of the weights.
        notes: remarks for the user.
    """

    run: Callable[[NDArray[np.uint8], Alpha], Alpha]
    takes_previous: bool
    device: str
    name: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class VideoState:
    """What one step hands to the next.

    Attributes:
        network: that makes the alphas.
        size: see :data:`DEFAULT_SIZE`.
        previous: alpha of the frame before, at the size that the network got; None before the first frame.
        tiny: the frame before, 16 x 16 x 3, by which cuts are told.
        cut: whether the frame before began a new scene.
    """

    network: VideoNetwork
    size: int = DEFAULT_SIZE
    previous: Alpha | None = None
    tiny: NDArray[np.float32] | None = None
    cut: bool = False


def begin(
    weights: str | Path | None = None, *, device: str = "auto", threads: int | None = None, size: int = DEFAULT_SIZE
) -> VideoState:
    """The state before the first frame of a clip.

    Args:
        weights: a file, or a name from ``cleanplate models``; None for the network that ships for video.
        device: see ``cleanplate doctor``.
        threads: for the processor; None for as many as there are cores.
        size: square root of the number of pixels that the network gets.

    Raises:
        WeightsError: no such weights, or none for this task are installed.
        DeviceError: the device is not there.
        EngineError: the network is not one for mattes.
    """
    return VideoState(_open(weights, device, threads), size)


def step(frame: Image, state: VideoState) -> tuple[Alpha, VideoState]:
    """The alpha of the next frame of a clip.

    Args:
        frame: H x W x 3 RGB, uint8 or uint16; not changed.
        state: from :func:`begin`, or from the step before.

    Returns:
        The alpha, H x W float32 in 0..1, and the state for the next frame.

    Raises:
        ArrayError: ``frame`` breaks its contract.
        EngineError: the network failed.
    """
    frame = check_image(frame)
    height, width = network_size(frame.shape[0], frame.shape[1], state.size)
    levels = levels_255(frame)
    small = cv2.resize(levels, (width, height), interpolation=_way(frame.shape[:2], (height, width)))
    alpha, state = advance(np.clip(np.rint(small), 0, 255).astype(np.uint8), state)
    guide = cv2.cvtColor(np.asarray(np.clip(levels, 0, 255), np.uint8), cv2.COLOR_RGB2GRAY)
    return enlarge(alpha, guide).astype(np.float32) * np.float32(1 / 255), state


def advance(small: NDArray[np.uint8], state: VideoState) -> tuple[Alpha, VideoState]:
    """One step at the size of the network.

    Args:
        small: h x w x 3 uint8 RGB of the size that :func:`network_size` says; not changed.
        state: from :func:`begin`, or from the step before.

    Returns:
        The alpha, h x w float32 in 0..1, and the state for the next frame.

    Raises:
        EngineError: the network failed.
    """
    tiny = cv2.resize(small, (_TINY, _TINY), interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(1 / 255)
    cut = state.tiny is not None and float(np.abs(tiny - state.tiny).mean()) > CUT
    known = state.previous is not None and not cut and state.previous.shape == small.shape[:2]
    before = state.previous if known and state.previous is not None else np.zeros(small.shape[:2], np.float32)
    alpha = state.network.run(small, before)
    return alpha, replace(state, previous=alpha, tiny=tiny, cut=cut)


def network_size(height: int, width: int, size: int) -> Size:
    """Height and width that a network gets for a picture: about ``size`` squared pixels, multiples of 32.

    The aspect is kept as well as multiples of 32 allow, never off by more than about an eighth for common pictures.
    """
    best: tuple[float, Size] | None = None
    aspect = width / height
    for rows in range(1, 2 * size // MULTIPLE + 1):
        for columns in range(1, 4 * size // MULTIPLE + 1):
            area = rows * columns * MULTIPLE**2 / size**2
            if not 0.6 <= area <= 1.05:
                continue
            off = abs(np.log(columns / rows / aspect)) + 0.35 * abs(np.log(area))
            if best is None or off < best[0]:
                best = (float(off), (rows * MULTIPLE, columns * MULTIPLE))
    return best[1] if best is not None else (MULTIPLE, MULTIPLE)


def _way(size: Size, wanted: Size) -> int:
    smaller = wanted[0] <= size[0] and wanted[1] <= size[1]
    return cv2.INTER_AREA if smaller else cv2.INTER_LINEAR


def _open(weights: str | Path | None, device: str, threads: int | None) -> VideoNetwork:
    """A network of the names that cleanplate trains, or one for stills however it is fed."""
    found = resolve(weights) if weights is not None else _for_video()
    if found is None:
        still = open_network(None, device=device, threads=threads)
        return VideoNetwork(lambda small, _: still(small), False, still.device, still.name, still.notes)
    record = found.record
    if record is not None and (record.task != "matting" or record.format != "onnx"):
        what = f"is '{record.name}', for {record.task}, in format {record.format}"
        raise EngineError(what, subject=found.path, fix="choose a matting network ('cleanplate models' lists all)")
    session = SESSIONS.session(found.path, device=device, threads=threads)
    name = record.name if record is not None else found.path.name
    notes = (*found.notes, *session.notes)
    inputs, outputs = {each.name for each in session.inputs}, {each.name for each in session.outputs}
    if inputs <= {"image", "previous"} and "image" in inputs and "alpha" in outputs:
        takes = "previous" in inputs
        return VideoNetwork(_own(session, takes_previous=takes), takes, session.device, name, notes)
    still = open_network(weights, device=device, threads=threads)
    return VideoNetwork(lambda small, _: still(small), False, still.device, still.name, still.notes)


def _own(session: Session, *, takes_previous: bool) -> Callable[[NDArray[np.uint8], Alpha], Alpha]:
    def run(small: NDArray[np.uint8], previous: Alpha) -> Alpha:
        image = cv2.dnn.blobFromImage(small, 1 / 255)
        feeds = {"image": image, "previous": previous[None, None]} if takes_previous else {"image": image}
        return _checked(session.run(feeds, keep_memory=True)["alpha"], small, session)

    return run


def _checked(answer: NDArray[np.float32], small: NDArray[np.uint8], session: Session) -> Alpha:
    if answer.shape[-2:] != small.shape[:2] or answer.size != small.shape[0] * small.shape[1]:
        got = " x ".join(map(str, answer.shape))
        raise EngineError(f"returns {got} for {small.shape[0]} x {small.shape[1]} pixels", subject=session.path)
    alpha = answer.reshape(small.shape[:2])
    if not np.isfinite(alpha).all():
        raise EngineError(f"returned numbers that are not finite on device '{session.device}'", subject=session.path)
    return np.clip(alpha, np.float32(0), np.float32(1))


def _for_video() -> Installed | None:
    """The network that ships for video, if one does."""
    for record in shipped().for_task("matting"):
        if record.bundled and record.format == "onnx" and any(port.name == "previous" for port in record.ports):
            return installed(record)
    return None
