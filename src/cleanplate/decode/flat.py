"""Formats that Pillow decodes whole: WebP, AVIF, BMP, 8-bit PNG."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, BmpImagePlugin, Image, ImageFile, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from cleanplate.container import exif, xmp
from cleanplate.decode.ink import as_rgb
from cleanplate.decode.limits import Limits
from cleanplate.decode.upright import upright
from cleanplate.picture import Metadata, Picture

# The plugin classes themselves: Image.open would warn of large pictures by a global limit of its own.
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}


def read_flat(data: bytes, kind: str, name: str, limits: Limits) -> Picture:
    """Decode a file through Pillow."""
    file = _PLUGINS[kind](io.BytesIO(data))
    limits.check_size(file.height, file.width, name)
    file.load()
    block = file.info.get("exif")
    if block and block.startswith(b"Exif\0\0"):
        block = block[6:]
    orientation = exif.orientation(block)
    pixels, alpha, ink, mode = _planes(file)
    packet = file.info.get("xmp")
    if isinstance(packet, str):
        packet = packet.encode()
    return Picture(
        pixels=upright(pixels, orientation),
        alpha=None if alpha is None else upright(alpha, orientation),
        format=kind,
        name=name,
        mode=mode,
        depth=8,
        orientation=orientation,
        lossless=kind in ("PNG", "BMP", "TIFF"),
        ink=None if ink is None else upright(ink, orientation),
        metadata=Metadata(
            exif=block,
            xmp=xmp.cleaned(packet) if packet else None,
            icc=file.info.get("icc_profile"),
            dpi=file.info.get("dpi"),
        ),
        source=data,
    )


def _planes(file: Image.Image) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any] | None, str]:
    mode = file.mode
    if mode == "CMYK":
        ink = np.asarray(file)
        return as_rgb(ink), None, ink, "CMYK"
    if file.has_transparency_data:
        stored = np.asarray(file.convert("RGBA"))
        return np.ascontiguousarray(stored[..., :3]), np.ascontiguousarray(stored[..., 3]), None, mode.removesuffix("A")
    return np.asarray(file.convert("RGB")), None, None, mode
