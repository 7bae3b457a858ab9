"""Two arrays made comparable: what every full-reference metric asks of its input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, ArrayError
from cleanplate.types import check_mask


def comparable(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both arrays as float64 H x W x C (C = 1 for grey ones).

    Raises:
        ArrayError: they differ in shape or dtype, are not pictures, or hold values that are not finite.
    """
    if a.shape != b.shape:
        raise ArrayError(f"has shape {a.shape} but the other picture has {b.shape}", subject="picture")
    if a.dtype != b.dtype:
        raise ArrayError(f"is {a.dtype} but the other picture is {b.dtype}", subject="picture")
    if a.ndim not in (2, 3) or a.size == 0:
        raise ArrayError(f"must have shape H x W or H x W x C with pixels, not {a.shape}", subject="picture")
    pair = (a.astype(np.float64), b.astype(np.float64))
    for array in pair:
        if not np.isfinite(array).all():
            raise ArrayError("holds values that are not finite", subject="picture")
    first, second = (array[..., np.newaxis] if array.ndim == 2 else array for array in pair)
    return first, second


def range_of(array: NDArray[Any], data_range: float | None) -> float:
    """``data_range`` itself, or the full range of an integer dtype if it is None.

    Raises:
        ArgumentError: a float array without a range, or a range that is not positive.
    """
    if data_range is None:
        if array.dtype.kind != "u":
            raise ArgumentError(
                f"is needed for {array.dtype} pictures", subject="data_range", fix="give 1.0 for values in 0..1"
            )
        return float(np.iinfo(array.dtype).max)
    if not data_range > 0:
        raise ArgumentError(f"must be positive, not {data_range}", subject="data_range")
    return float(data_range)


def scored_pixels(mask: NDArray[np.bool_] | None, like: NDArray[Any]) -> NDArray[np.bool_]:
    """The bool H x W mask of the pixels that count; all of them if ``mask`` is None.

    Raises:
        ArrayError: the mask has another size or dtype, or selects nothing.
    """
    if mask is None:
        return np.ones(like.shape[:2], bool)
    check_mask(mask, like=like)
    if not mask.any():
        raise ArrayError("selects no pixel, so there is nothing to measure", subject="mask")
    return mask
