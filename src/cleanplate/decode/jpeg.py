"""JPEG to pixels, strictly: a damaged file is refused and never comes back half grey."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from cleanplate.container import exif, jpeg, photoshop, xmp
from cleanplate.decode.ink import as_rgb
from cleanplate.decode.limits import Limits
from cleanplate.decode.upright import upright
from cleanplate.errors import BrokenInputError, FormatError
from cleanplate.picture import Metadata, Picture

# libjpeg reports these and decodes everything all the same; every other remark means lost picture data.
_HARMLESS = (
    "extraneous bytes before marker",
    "unknown Adobe color transform",
    "Unknown APP",
    "revision",
    "Inconsistent progression",
    "Invalid SOS parameters",
    "Unsupported marker",
)


def read_jpeg(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode a JPEG file: grey, YCbCr, RGB, CMYK or YCCK, sequential or progressive, 8 bits.

    Raises:
        BrokenInputError: truncated or damaged.
        FormatError: 12-bit or lossless JPEG.
        TooLargeError: over ``limits``.
    """
    try:
        structure = jpeg.parse(data)
    except jpeg.JpegError as error:
        raise BrokenInputError(f"is a damaged JPEG ({error})", subject=name, fix="get an intact copy") from None
    limits.check_size(structure.height, structure.width, name)
    if structure.precision != 8 or len(structure.components) not in (1, 3, 4):
        kind = f"{structure.precision} bits, {len(structure.components)} channels"
        raise FormatError(f"is a JPEG of a kind not read here ({kind})", subject=name, fix="convert it to TIFF or PNG")
    metadata = read_metadata(structure)
    orientation = exif.orientation(metadata.exif)
    ink = None
    pixels: Any
    channels = len(structure.components)
    stored, tolerated = _decode(data, {1: "GRAY", 3: "RGB", 4: "CMYK"}[channels], structure, name)
    if channels == 4:
        ink = upright(np.subtract(255, stored, out=stored), orientation)  # files hold Adobe's inverted values
        pixels = as_rgb(ink)
    elif channels == 1:
        pixels = cv2.cvtColor(upright(stored[..., 0], orientation), cv2.COLOR_GRAY2RGB)
    else:
        pixels = upright(stored, orientation)
    return Picture(
        pixels=pixels,
        alpha=None,
        format="JPEG",
        name=name,
        mode={1: "L", 3: "RGB", 4: "CMYK"}[channels],
        depth=8,
        orientation=orientation,
        lossless=False,
        ink=ink,
        metadata=metadata,
        source=data,
        tolerated=tolerated,
    )


def _decode(data: bytes, space: str, structure: jpeg.JpegStructure, name: str) -> tuple[NDArray[np.uint8], str | None]:
    remark = None
    try:
        try:
            pixels = simplejpeg.decode_jpeg(data, space, strict=True)
        except ValueError as error:
            if not any(remark in str(error) for remark in _HARMLESS):
                raise
            remark = str(error)
            pixels = simplejpeg.decode_jpeg(data, space, strict=False)
    except ValueError as error:
        reason = str(error).strip().rstrip(".") or "cannot be decoded"
        raise BrokenInputError(f"is a damaged JPEG ({reason})", subject=name, fix="get an intact copy") from None
    if pixels.shape[:2] != (structure.height, structure.width):
        raise BrokenInputError("is a damaged JPEG (sizes disagree)", subject=name, fix="get an intact copy")
    return pixels, remark


def read_metadata(structure: jpeg.JpegStructure) -> Metadata:
    """EXIF, XMP, ICC, IPTC and resolution of a JPEG file."""
    exifs = structure.payloads(jpeg.APP1, jpeg.EXIF_PREFIX)
    packets = structure.payloads(jpeg.APP1, jpeg.XMP_PREFIX)
    resources = b"".join(structure.payloads(jpeg.APP13, jpeg.PHOTOSHOP_PREFIX))
    block = exifs[0] if exifs else None
    return Metadata(
        exif=block,
        xmp=xmp.cleaned(packets[0]) if packets else None,
        icc=jpeg.icc_profile(structure),
        iptc=photoshop.iptc(resources),
        dpi=_jfif_dpi(structure) or exif.dpi(block),
    )


def _jfif_dpi(structure: jpeg.JpegStructure) -> tuple[float, float] | None:
    for payload in structure.payloads(jpeg.APP0, b"JFIF\0"):
        if len(payload) >= 7 and payload[2] in (1, 2):
            scale = 1.0 if payload[2] == 1 else 2.54
            across, down = int.from_bytes(payload[3:5], "big"), int.from_bytes(payload[5:7], "big")
            if across and down:
                return across * scale, down * scale
    return None
