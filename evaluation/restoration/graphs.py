"""Exported networks on pictures of any size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.runtime.session import Session, start

_MULTIPLE = 64
Planes = NDArray[np.float32]


class Graph:
    """An exported network; sides are continued by reflection up to a multiple of 64.

    Args:
        path: The ONNX file.
        wanted: Names of the output that is wanted, of which the network has one; without, its first output is.
    """

    def __init__(self, path: Path, *, wanted: Sequence[str] = ()) -> None:
        self.path = path
        self._session: Session = start(path, device="cpu")
        names = [port.name for port in self._session.outputs]
        self._output = next((name for name in names if name in wanted), names[0])

    def __call__(self, **planes: Planes) -> Planes:
        """Return the output for inputs ``C x H x W`` by name, as ``C x H x W``."""
        height, width = next(iter(planes.values())).shape[1:]
        rims = ((0, 0), (0, -height % _MULTIPLE), (0, -width % _MULTIPLE))
        feeds = {name: np.pad(each, rims, mode="symmetric")[np.newaxis] for name, each in planes.items()}
        answer = self._session.run(feeds)[self._output]
        return np.asarray(answer[0, :, :height, :width], np.float32)


def as_planes(picture: NDArray[np.uint8]) -> Planes:
    """Return uint8 H x W x 3 as float32 3 x H x W in 0..1."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) / np.float32(255)


def as_picture(planes: Planes) -> NDArray[np.uint8]:
    """Return float32 3 x H x W in 0..1 as uint8 H x W x 3."""
    return np.asarray(np.rint(255 * planes.clip(0, 1)).transpose(1, 2, 0), np.uint8)
