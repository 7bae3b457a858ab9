"""WebP, AVIF and BMP to pixels, through Pillow (and OpenCV for AVIF of more than 8 bits)."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, BmpImagePlugin, Image, ImageFile, WebPImagePlugin

from cleanplate.container import bmff, exif, xmp
from cleanplate.decode.limits import Limits
from cleanplate.decode.opencv import decode_unchanged
from cleanplate.decode.stretch import full_range
from cleanplate.decode.upright import upright
from cleanplate.errors import BrokenInputError
from cleanplate.picture import Metadata, Picture

# The plugin classes themselves: Image.open would warn of large pictures by a global limit of its own.
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}


def read_flat(data: bytes, kind: str, name: str, limits: Limits) -> Picture:
    """Decode a WebP, AVIF or BMP file; of an animation, the first picture.

    Raises:
        BrokenInputError: truncated or damaged.
        TooLargeError: over ``limits``.
    """
    if kind == "WEBP":
        _check_riff(data, name)
    file = _PLUGINS[kind](io.BytesIO(data))
    limits.check_size(file.height, file.width, name)
    animated = getattr(file, "n_frames", 1) > 1
    file.load()
    info = file.info
    block = info.get("exif")
    block = block.removeprefix(b"Exif\0\0") if block else None
    packet = info.get("xmp")
    packet = packet.encode() if isinstance(packet, str) else packet
    orientation = exif.orientation(block)
    pixels, alpha, mode = _planes(file)
    depth = 8
    if kind == "AVIF":
        layout = bmff.av1_layout(data)
        if layout is not None and layout[0] > 8:
            pixels, alpha, depth = *_deep(data, layout[0], pixels, alpha, name), layout[0]
        if layout is not None and layout[1] == "4:0:0":
            mode = "L"
    return Picture(
        pixels=upright(pixels, orientation),
        alpha=None if alpha is None else upright(alpha, orientation),
        format=kind,
        name=name,
        mode=mode,
        depth=depth,
        orientation=orientation,
        lossless=kind == "BMP" or (kind == "WEBP" and is_lossless_webp(data)),
        metadata=Metadata(
            exif=block,
            xmp=xmp.cleaned(packet) if packet else None,
            icc=info.get("icc_profile") or None,
            dpi=_dots(info.get("dpi")) or exif.dpi(block),
        ),
        source=data,
        notes=("is an animation: only its first picture is used",) if animated else (),
    )


def _dots(value: Any) -> tuple[float, float] | None:
    return (float(value[0]), float(value[1])) if value and value[0] > 0 and value[1] > 0 else None


def _planes(file: Image.Image) -> tuple[NDArray[Any], NDArray[Any] | None, str]:
    mode = file.mode
    if file.has_transparency_data:
        stored = np.asarray(file.convert("RGBA"))
        return stored[..., :3], stored[..., 3], mode.removesuffix("A")
    return np.asarray(file.convert("RGB")), None, mode if mode in ("1", "L", "P") else "RGB"


def _deep(
    data: bytes, depth: int, shallow: NDArray[Any], alpha: NDArray[Any] | None, name: str
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Samples of an AVIF with 10 or 12 bits, which Pillow rounds to 8, stretched to 16."""
    stored = decode_unchanged(data)
    if stored is None or stored.dtype != np.uint16 or stored.shape[:2] != shallow.shape[:2]:
        raise BrokenInputError(f"is an AVIF of {depth} bits that cannot be decoded", subject=name)
    stored = full_range(stored, depth)
    if stored.ndim == 2:
        return cv2.cvtColor(stored, cv2.COLOR_GRAY2RGB), None
    if stored.shape[2] == 4:
        turned = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA)
        return turned[..., :3], turned[..., 3] if alpha is not None else None
    return cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), None


def _check_riff(data: bytes, name: str) -> None:
    """The decoder shows the part that arrived of a truncated file; the size in the header tells."""
    if len(data) < 12 or struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise BrokenInputError("is a damaged WEBP (ends early)", subject=name, fix="get an intact copy")


def is_lossless_webp(data: bytes) -> bool:
    """True if the (first) picture of a WebP file is coded without loss."""
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            at += 8 + 16
            continue
        if kind in (b"VP8L", b"VP8 "):
            return bool(kind == b"VP8L")
        at += 8 + size + size % 2
    return False
