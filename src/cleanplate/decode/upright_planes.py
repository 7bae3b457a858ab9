"""Video frames upright: the display matrix of phones, which turns and mirrors pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.planes import Plane

_ONE = 1 << 16


@dataclass(frozen=True)
class Turning:
    """What is done to a stored picture, in this order: swap rows and columns, mirror left-right, mirror up-down."""

    swaps: bool = False
    mirrors_columns: bool = False
    mirrors_rows: bool = False


def turning_of(picture: Any) -> Turning:
    """Read the display matrix of a decoded picture; turns by other than quarter turns count as none.

    The matrix is nine 32-bit numbers, of which [0 1; 3 4] map stored x and y to shown ones (ISO/IEC 14496-12, 6.2.2).
    """
    from av.sidedata.sidedata import Type

    data = picture.side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return Turning()
    numbers = np.frombuffer(bytes(data), np.int32)
    if numbers.size < 5:
        return Turning()
    a, b, c, d = (float(numbers[place]) / _ONE for place in (0, 1, 3, 4))
    if abs(a) > 0.9 and abs(d) > 0.9:
        return Turning(False, a < 0, d < 0)
    if abs(b) > 0.9 and abs(c) > 0.9:
        return Turning(True, c < 0, b < 0)
    return Turning()


def turned_size(height: int, width: int, turning: Turning) -> tuple[int, int]:
    """Height and width after turning, or before it: the way back is the same."""
    return (width, height) if turning.swaps else (height, width)


def turned_small(pixels: NDArray[np.uint8], turning: Turning) -> NDArray[np.uint8]:
    """An H x W x 3 picture upright, as contiguous memory."""
    return np.ascontiguousarray(_turned(pixels, turning))


def turned_planes(planes: tuple[Plane, Plane, Plane], turning: Turning) -> tuple[Plane, Plane, Plane]:
    """Planes upright; the planes themselves where nothing is to be done."""
    if turning == Turning():
        return planes
    first, second, third = (np.ascontiguousarray(_turned(plane, turning)) for plane in planes)
    return first, second, third


def _turned(array: NDArray[Any], turning: Turning) -> NDArray[Any]:
    if turning.swaps:
        array = array.swapaxes(0, 1)
    if turning.mirrors_columns:
        array = array[:, ::-1]
    return array[::-1] if turning.mirrors_rows else array
