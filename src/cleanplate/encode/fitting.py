"""What a target format cannot hold is converted before writing, and said."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.encode.planes import as_eight_bits, over_white
from cleanplate.picture import Picture
from cleanplate.types import Image

_ALPHA = frozenset({"PNG", "WEBP", "TIFF", "AVIF", "HEIF", "BMP"})
_SIXTEEN = frozenset({"PNG", "TIFF", "AVIF", "HEIF"})
_INKS = frozenset({"JPEG", "TIFF"})


def fitted(
    picture: Picture, pixels: Image, ink: NDArray[Any] | None, alpha: NDArray[Any] | None, target: str
) -> tuple[Picture, Image, NDArray[Any] | None, NDArray[Any] | None, list[str]]:
    """Picture, pixels, ink and alpha as ``target`` can hold them, and remarks on what was converted."""
    notes: list[str] = []
    if ink is not None and target not in _INKS:
        pixels, picture, remark = _without_ink(picture, pixels, ink)
        ink = None
        notes.append(remark)
    if alpha is not None and target not in _ALPHA:
        pixels, alpha = over_white(pixels, alpha), None
        notes.append(f"{target} has no transparency: laid on white")
    if pixels.dtype == np.uint16 and target not in _SIXTEEN:
        pixels = as_eight_bits(pixels)
        alpha = None if alpha is None else as_eight_bits(alpha)
        notes.append(f"{target} has 8 bits: {picture.depth} bits were rounded")
    elif pixels.dtype == np.uint16 and target in ("AVIF", "HEIF") and picture.depth == 16:
        notes.append(f"{target} has at most 12 bits: 16 bits were rounded")
    if picture.extra is not None and target != "TIFF":
        notes.append("further channels of the TIFF (selections, spot colours) were left out")
    return picture, pixels, ink, alpha, notes


def _without_ink(picture: Picture, pixels: Image, ink: NDArray[Any]) -> tuple[Image, Picture, str]:
    """RGB of a CMYK picture: through its profile to sRGB if it has one."""
    from PIL import Image as Pillow
    from PIL import ImageCms

    plain = dataclasses.replace(picture, mode="RGB", ink=None)
    if picture.metadata.icc is None:
        return pixels, plain, "CMYK without a profile was converted to RGB by a simple formula"
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.metadata.icc))
        height, width = ink.shape[:2]
        image = Pillow.frombytes("CMYK", (width, height), np.ascontiguousarray(as_eight_bits(ink)).tobytes())
        target = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(image, profile, target, outputMode="RGB")
        assert shown is not None
    except (ImageCms.PyCMSError, OSError):
        metadata = dataclasses.replace(picture.metadata, icc=None)
        plain = dataclasses.replace(plain, metadata=metadata)
        return pixels, plain, "CMYK with a profile that cannot be used was converted to RGB by a simple formula"
    metadata = dataclasses.replace(picture.metadata, icc=ImageCms.ImageCmsProfile(target).tobytes())
    result: Any = np.asarray(shown)
    plain = dataclasses.replace(plain, metadata=metadata, depth=8)
    return result, plain, "CMYK was converted to sRGB through its profile"
