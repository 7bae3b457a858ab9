"""PNG to pixels: every colour type and depth."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin

from cleanplate.container import exif, photoshop, png, xmp
from cleanplate.decode.limits import Limits
from cleanplate.decode.opencv import decode_unchanged
from cleanplate.decode.upright import upright
from cleanplate.errors import BrokenInputError
from cleanplate.picture import Metadata, Picture

_MODES = {0: "L", 2: "RGB", 3: "P", 4: "L", 6: "RGB"}


def read_png(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode a PNG file; of an animation, its still picture.

    Raises:
        BrokenInputError: truncated or damaged.
        TooLargeError: over ``limits``.
    """
    try:
        found = png.chunks(data)
        head = png.header(found)
        limits.check_size(head.height, head.width, name)
        bare = png.assemble([c for c in found if c.kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")])
        if head.depth == 16:
            png.check_pixels(found, head)
            pixels, alpha = _sixteen_bits(bare, head, found)
        else:
            pixels, alpha = _eight_bits(bare)
    except (png.PngError, OSError, SyntaxError, ValueError) as error:
        raise BrokenInputError(f"is a damaged PNG ({error})", subject=name, fix="get an intact copy") from None
    metadata = read_metadata(found)
    orientation = exif.orientation(metadata.exif)
    animated = any(chunk.kind == b"acTL" for chunk in found)
    return Picture(
        pixels=upright(pixels, orientation),
        alpha=None if alpha is None else upright(alpha, orientation),
        format="PNG",
        name=name,
        mode="1" if head.depth == 1 and head.colour == 0 else _MODES[head.colour],
        depth=head.depth,
        orientation=orientation,
        lossless=True,
        metadata=metadata,
        source=data,
        notes=("is an animation: only its first picture is used",) if animated else (),
    )


def _eight_bits(bare: bytes) -> tuple[NDArray[Any], NDArray[Any] | None]:
    file = PngImagePlugin.PngImageFile(io.BytesIO(bare))
    file.load()
    if file.has_transparency_data:
        stored = np.asarray(file.convert("RGBA"))
        return stored[..., :3], stored[..., 3]
    if file.mode == "L":
        return cv2.cvtColor(np.asarray(file), cv2.COLOR_GRAY2RGB), None
    return np.asarray(file.convert("RGB")), None


def _sixteen_bits(bare: bytes, head: png.Header, found: list[png.Chunk]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    stored = decode_unchanged(bare)
    if stored is None or stored.dtype != np.uint16 or stored.shape[:2] != (head.height, head.width):
        raise png.PngError("cannot be decoded")
    if stored.ndim == 2 or stored.shape[2] == 1:
        grey = stored.reshape(head.height, head.width)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), _keyed(grey[..., None], found)
    alpha = np.ascontiguousarray(stored[..., 3]) if stored.shape[2] == 4 and head.colour in (4, 6) else None
    pixels = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGB if stored.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return pixels, _keyed(pixels, found) if alpha is None else alpha


def _keyed(planes: NDArray[Any], found: list[png.Chunk]) -> NDArray[Any] | None:
    """Alpha of a picture in which one colour stands for "transparent"."""
    key = next((chunk.data for chunk in found if chunk.kind == b"tRNS"), None)
    if key is None or len(key) != 2 * planes.shape[2]:
        return None
    transparent = (planes == np.frombuffer(key, ">u2").astype(np.uint16)).all(axis=2)
    return np.where(transparent, 0, 65535).astype(np.uint16)


def read_metadata(found: list[png.Chunk]) -> Metadata:
    """EXIF, XMP, ICC, IPTC and resolution of a PNG file, also where ImageMagick keeps them."""
    block = next((chunk.data for chunk in found if chunk.kind == b"eXIf"), None)
    if block is None:
        block = png.raw_profile(found, b"exif") or png.raw_profile(found, b"APP1")
    packet = png.xmp(found)
    resources = png.raw_profile(found, b"iptc") or png.raw_profile(found, b"8bim") or b""
    return Metadata(
        exif=block.removeprefix(b"Exif\0\0") if block else None,
        xmp=xmp.cleaned(packet) if packet else None,
        icc=png.icc_profile(found),
        iptc=photoshop.iptc(resources),
        dpi=png.dpi(found) or exif.dpi(block),
    )
