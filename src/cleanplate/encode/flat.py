"""Formats that Pillow encodes whole."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image as Pillow

from cleanplate.container import exif, xmp
from cleanplate.encode.options import EncodeOptions
from cleanplate.picture import Picture
from cleanplate.types import Image, Mask


def encode_flat(picture: Picture, pixels: Image, *, changed: Mask, options: EncodeOptions) -> tuple[bytes, list[str]]:
    """Encode the whole picture upright."""
    target = options.format or picture.format
    planes = pixels if picture.alpha is None else np.dstack([pixels, picture.alpha])
    extra: dict[str, Any] = {}
    meta = picture.metadata
    if meta.icc:
        extra["icc_profile"] = meta.icc
    if meta.exif:
        block = exif.edited(meta.exif, exif.ExifEdit(orientation=1, strip_gps=options.strip_gps))
        if block is not None:
            extra["exif"] = block
    packet = xmp.edited(meta.xmp, xmp.XmpEdit(1, options.strip_gps, options.mark_ai))
    if packet is not None and target in ("JPEG", "WEBP", "AVIF", "TIFF"):
        extra["xmp"] = packet
    file = io.BytesIO()
    Pillow.fromarray(planes).save(file, target, **extra)
    return file.getvalue(), []
