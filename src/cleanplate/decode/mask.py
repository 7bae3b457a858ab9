"""Mask file -> mask."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cleanplate.decode.image import read_picture
from cleanplate.decode.limits import Limits
from cleanplate.errors import SelectionError
from cleanplate.picture import Picture
from cleanplate.types import Mask


def read_mask(
    source: Path | bytes,
    *,
    fitting: Picture | None = None,
    invert: bool = False,
    name: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Mask:
    """Read which pixels a picture file selects.

    Where the file has an alpha channel that varies, at least half opaque selects (what was painted on an empty
    layer). Otherwise luminance selects, from half of its range upward (128 of 255): white on black. All picture
    types, depths and palettes that :func:`~cleanplate.decode.image.read_picture` reads will do.

    Args:
        source: a file, or its bytes.
        fitting: the picture that the mask is for; its size is demanded.
        invert: select the other pixels.
        name: what messages call the mask; the path if None.
        limits: how large the file may be.

    Returns:
        H x W bool, True = selected.

    Raises:
        InputError: the file cannot be read.
        SelectionError: the mask has another size than the picture; the text says both, and whether the mask fits the
            picture as it lies in the file, before the turn that its EXIF orientation asks for.
    """
    name = name or (str(source) if isinstance(source, Path) else "mask")
    picture = read_picture(source, name=name, limits=limits)
    if fitting is not None:
        _check_size(picture, fitting, name)
    half = np.iinfo(picture.pixels.dtype).max // 2 + 1
    if picture.alpha is not None and picture.alpha.min() != picture.alpha.max():
        mask = picture.alpha >= half
    elif picture.mode in ("1", "L"):
        mask = np.asarray(cv2.extractChannel(picture.pixels, 0)) >= half
    else:
        mask = np.asarray(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)) >= half
    return np.asarray(~mask if invert else mask, dtype=np.bool_)


def _check_size(mask: Picture, picture: Picture, name: str) -> None:
    size, upright = (mask.height, mask.width), (picture.height, picture.width)
    if size == upright:
        return
    has, wanted = f"{mask.width} x {mask.height}", f"{picture.width} x {picture.height}"
    if size == picture.stored_size:
        raise SelectionError(
            f"is {has} pixels, the size of the picture before its EXIF orientation turns it upright to {wanted}",
            subject=name,
            fix="draw the mask on the upright picture",
        )
    raise SelectionError(
        f"is {has} pixels but the picture is {wanted}",
        subject=name,
        fix="a mask must have the size of the upright picture",
    )
