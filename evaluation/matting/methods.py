"""Networks under comparison, each fed as its authors feed it.

A method is written ``NAME=FAMILY:FILE[@SIDE]``:

* ``cleanplate``: ports ``image`` (RGB 0..1, multiples of 32) and ``alpha``, and ``previous`` for video networks; the
  picture is scaled until its long side is SIDE (512 by default).
* ``selfie``: MediaPipe's selfie segmentation as ONNX, 1 x 256 x 256 x 3 RGB 0..1, stretched.
* ``isnet``: ISNet at 1024 x 1024, (pixel - 128) / 256, stretched.
* ``u2net``: U2-Net and its kin at 320 x 320, ImageNet mean and deviation, stretched.
* ``modnet``: MODNet's published graph, RGB -1..1, short side SIDE (512 by default), multiples of 32.
* ``cutout``: the whole of :func:`cleanplate.cutout` with this network, confirmed by the network for people that ships;
  ``cutout-alone``: without that.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.runtime.session import Session, start
from cleanplate.tasks.cutout import cutout
from cleanplate.types import Alpha

Picture = NDArray[np.uint8]
_MEAN, _STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


@dataclass
class Method:
    """One network, opened.

    Attributes:
        name: what tables call it.
        family: how it is fed.
        file: its graph.
        side: working size in pixels, where the family leaves a choice.
        session: the network.
        seconds: time of each run of the network alone.
    """

    name: str
    family: str
    file: Path
    side: int
    session: Session
    seconds: list[float] = field(default_factory=list)

    @cached_property
    def stamp(self) -> str:
        """Hash of the file and the working size: equal stamps give equal alphas."""
        whole = f"-{self.family}" if self.family.startswith("cutout") else ""
        return f"{hashlib.sha256(self.file.read_bytes()).hexdigest()[:8]}-{self.side}{whole}"

    @property
    def remembers(self) -> bool:
        """Whether it takes the alpha of the frame before."""
        return any(tensor.name == "previous" for tensor in self.session.inputs)

    def alpha(self, picture: Picture, previous: Alpha | None = None) -> Alpha:
        """Return the alpha of a uint8 H x W x 3 picture, float32 H x W.

        Args:
            picture: RGB.
            previous: alpha of the frame before at the same size, for networks that remember; None for none.
        """
        return FAMILIES[self.family](self, picture, previous)

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run the network; return its first output."""
        before = time.perf_counter()
        found = self.session.run(feeds)
        self.seconds.append(time.perf_counter() - before)
        return np.asarray(next(iter(found.values())), np.float32)


def opened(text: str, *, threads: int = 2) -> Method:
    """Open a method from its text.

    Raises:
        ArgumentError: the text is no method; it says what is valid.
        EngineError: the file is no network.
    """
    name, _, rest = text.partition("=")
    family, _, place = rest.partition(":")
    file, _, side = place.partition("@")
    if family not in FAMILIES or not file or not (side or "1").isdigit():
        families = ", ".join(FAMILIES)
        raise ArgumentError("is no method", subject=repr(text), fix=f"write NAME=FAMILY:FILE[@SIDE], family {families}")
    session = start(Path(file), device="cpu", threads=threads)
    return Method(name, family, Path(file), int(side or 512), session)


def _cleanplate(method: Method, picture: Picture, previous: Alpha | None) -> Alpha:
    small = _scaled(picture, method.side / max(picture.shape[:2]), 32)
    feeds = {"image": _planes(small / np.float32(255))}
    if method.remembers:
        before = np.zeros(small.shape[:2], np.float32) if previous is None else _resized(previous, small.shape[:2])
        feeds["previous"] = before[np.newaxis, np.newaxis]
    return _resized(method.run(feeds)[0, 0], picture.shape[:2])


def _selfie(method: Method, picture: Picture, previous: Alpha | None) -> Alpha:
    small = _resized(picture, (256, 256)).astype(np.float32) / np.float32(255)
    found = method.run({method.session.inputs[0].name: small[np.newaxis]})
    return _resized(found.reshape(256, 256), picture.shape[:2])


def _isnet(method: Method, picture: Picture, previous: Alpha | None) -> Alpha:
    small = (_resized(picture, (1024, 1024)).astype(np.float32) - 128) / 256
    found = method.run({method.session.inputs[0].name: _planes(small)})
    return _resized(found.reshape(1024, 1024), picture.shape[:2])


def _u2net(method: Method, picture: Picture, previous: Alpha | None) -> Alpha:
    small = _resized(picture, (320, 320)).astype(np.float32)
    small = (small / max(1.0, float(small.max())) - _MEAN) / _STD
    found = method.run({method.session.inputs[0].name: _planes(small)})[0, 0]
    return _resized(found, picture.shape[:2])


def _modnet(method: Method, picture: Picture, previous: Alpha | None) -> Alpha:
    small = _scaled(picture, method.side / min(picture.shape[:2]), 32)
    found = method.run({method.session.inputs[0].name: _planes(small / np.float32(127.5) - 1)})
    return _resized(found[0, 0], picture.shape[:2])


def _cutout(method: Method, picture: Picture, previous: Alpha | None, *, confirm: bool = True) -> Alpha:
    before = time.perf_counter()
    found = cutout(picture, weights=method.file, confirm=confirm, clean=False)
    method.seconds.append(time.perf_counter() - before)
    return found.alpha


FAMILIES: Mapping[str, Callable[[Method, Picture, Alpha | None], Alpha]] = {
    "cleanplate": _cleanplate,
    "selfie": _selfie,
    "isnet": _isnet,
    "u2net": _u2net,
    "modnet": _modnet,
    "cutout": _cutout,
    "cutout-alone": partial(_cutout, confirm=False),
}
"""How networks are fed, by family."""


def _scaled(picture: Picture, factor: float, multiple: int) -> Picture:
    """The picture at about ``factor`` of its size, both sides multiples of ``multiple``."""
    height, width = (max(multiple, round(side * factor / multiple) * multiple) for side in picture.shape[:2])
    return np.asarray(_resized(picture, (height, width)))


def _resized(array: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    shrinks = size[0] * size[1] < array.shape[0] * array.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    found = cv2.resize(array, (size[1], size[0]), interpolation=interpolation)
    return np.clip(found, 0, 1) if array.dtype == np.float32 and array.ndim == 2 else np.asarray(found)


def _planes(picture: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[np.newaxis], np.float32)
