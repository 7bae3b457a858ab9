"""From the size of a picture to one that a network takes, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from cleanplate.runtime.contract import InputContract
from cleanplate.types import Mask

Size = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True)
class Fitting:
    """How pictures of one size are brought to the size that a network takes: scaled first, then padded.

    Padding goes to the right and to the bottom, so that pixels keep their coordinates.

    Attributes:
        original: size of the picture.
        scaled: size after scaling; equal to ``original`` where nothing is scaled.
        full: size after padding, which the network gets.
        padding: how the picture goes on beyond its edge.
    """

    original: Size
    scaled: Size
    full: Size
    padding: Literal["reflect", "edge"]

    def picture(self, pixels: NDArray[Any], *, hole: Mask | None = None) -> NDArray[Any]:
        """Bring a picture to the network's size.

        Args:
            pixels: H x W x C, uint8, uint16 or float32; not changed.
            hole: H x W bool. Colours under it do not mix with others when the picture is scaled.

        Returns:
            An array of size ``full``: of the dtype of ``pixels`` where it was only padded, else float32.
        """
        self._check(pixels)
        if self.scaled != self.original:
            pixels = _scaled(pixels, self.scaled) if hole is None else _scaled_around(pixels, hole, self.scaled)
        return pad(pixels, self.full, self.padding)

    def mask(self, mask: Mask) -> Mask:
        """Bring a mask to the network's size: what the mask touches only in part is masked too.

        Unless that masks everything, though the picture knows something: then the least covered stay unmasked.
        """
        self._check(mask)
        if self.scaled != self.original:
            covered = _scaled(mask.astype(np.float32), self.scaled)
            everything = bool((covered > 1e-4).all()) and not mask.all()
            mask = covered > (float(covered.min()) + 1e-4 if everything else 1e-4)
        return pad(mask, self.full, self.padding)

    def undo(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Bring an output of size ``full`` (H x W or H x W x C) back to the size of the picture.

        Raises:
            ArrayError: the output has another size.
        """
        if pixels.shape[:2] != self.full:
            raise ArrayError(f"is {_text(pixels.shape)}, not {_text(self.full)}", subject="output of the network")
        pixels = unpad(pixels, self.scaled)
        return pixels if self.scaled == self.original else _scaled(pixels, self.original)

    def _check(self, pixels: NDArray[Any]) -> None:
        if pixels.shape[:2] != self.original:
            raise ArrayError(f"is {_text(pixels.shape)}, not {_text(self.original)}", subject="picture")


def fitting(height: int, width: int, contract: InputContract) -> Fitting:
    """How a picture of ``height`` x ``width`` pixels is brought to what ``contract`` asks for."""
    scaled = _scaled_size((height, width), contract)
    full = contract.fixed or _padded_size(scaled, contract)
    return Fitting((height, width), scaled, full, contract.padding)


def pad(array: NDArray[Any], size: Size, mode: Literal["reflect", "edge"]) -> NDArray[Any]:
    """Continue an array (H x W or H x W x C) to the right and bottom until it has ``size``.

    ``reflect`` mirrors without repeating the edge pixel, and mirrors again where one mirror image is not enough.
    Returns the array itself where nothing is to be added.
    """
    height, width = array.shape[:2]
    if (height, width) == size:
        return array
    rows, columns = _continued(height, size[0], mode), _continued(width, size[1], mode)
    return array[rows[:, None], columns[None, :]]


def unpad(array: NDArray[Any], size: Size) -> NDArray[Any]:
    """Take back what :func:`pad` added: the upper left part of ``size`` (a view)."""
    return array[: size[0], : size[1]]


def _scaled_size(size: Size, contract: InputContract) -> Size:
    """Size after scaling and before padding; the aspect is kept but for ``stretch``."""
    if contract.fixed is not None:
        return _scaled_to_fixed(size, contract.fixed, contract.resize)
    multiple = contract.multiple_of
    limit = None if contract.maximum is None else max(multiple, contract.maximum - contract.maximum % multiple)
    if contract.resize == "stretch":
        return _nearest(size[0], multiple, contract.minimum, limit), _nearest(
            size[1], multiple, contract.minimum, limit
        )
    factor = 1.0
    if contract.resize == "fit":
        factor = max(1.0, contract.minimum / min(size))
    if limit is not None:
        factor = min(factor, limit / max(size))
    return _times(size, factor)


def _scaled_to_fixed(size: Size, fixed: Size, resize: str) -> Size:
    if resize == "stretch":
        return fixed
    factor = min(fixed[0] / size[0], fixed[1] / size[1])
    scaled = _times(size, factor if resize == "fit" else min(1.0, factor))
    return min(scaled[0], fixed[0]), min(scaled[1], fixed[1])


def _padded_size(size: Size, contract: InputContract) -> Size:
    multiple = contract.multiple_of
    height, width = (math.ceil(max(side, contract.minimum) / multiple) * multiple for side in size)
    return height, width


def _times(size: Size, factor: float) -> Size:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _nearest(side: int, multiple: int, minimum: int, limit: int | None) -> int:
    smallest = math.ceil(minimum / multiple) * multiple
    side = max(smallest, round(side / multiple) * multiple)
    return side if limit is None else min(side, limit)


def _continued(length: int, wanted: int, mode: str) -> NDArray[np.intp]:
    """Index of the source for each of ``wanted`` places."""
    places = np.arange(wanted)
    if mode == "edge" or length == 1:
        return np.minimum(places, length - 1)
    period = 2 * (length - 1)
    places %= period
    return np.where(places < length, places, period - places)


def _scaled(pixels: NDArray[Any], size: Size) -> NDArray[np.float32]:
    """Scale by means of areas when shrinking and linearly when enlarging; never leaves the range of the input."""
    import cv2

    smaller = size[0] <= pixels.shape[0] and size[1] <= pixels.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    scaled = cv2.resize(np.ascontiguousarray(pixels, np.float32), (size[1], size[0]), interpolation=way)
    return np.asarray(scaled, np.float32).reshape(*size, *pixels.shape[2:])


def _scaled_around(pixels: NDArray[Any], hole: Mask, size: Size) -> NDArray[np.float32]:
    """Scale by means of the known pixels only; 0 where there is none."""
    known = (~hole).astype(np.float32)
    weight = _scaled(known, size)[..., None]
    total = _scaled(pixels * known[..., None], size)
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 1e-4)


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
