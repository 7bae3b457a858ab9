"""PNG files: pixels by OpenCV or Pillow, chunks by hand."""

from __future__ import annotations

import io
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cleanplate.container import photoshop, png
from cleanplate.encode.metadata import upright_metadata
from cleanplate.encode.options import EncodeOptions
from cleanplate.encode.palette import REMARK, with_palette
from cleanplate.encode.planes import samples
from cleanplate.errors import OutputError
from cleanplate.picture import Metadata, Picture
from cleanplate.types import Image

_LEVEL = 3  # a third of the time of zlib's default for 5 % more bytes
_COLOUR = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCv", b"cLLi")
_PLAIN = (b"tIME",)
_PICTURES = (b"/9j/", b"iVBORw0KGgo", b"data:image")


def encode_png(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, options: EncodeOptions
) -> tuple[bytes, list[str]]:
    """A PNG file of the same colour type and depth where possible; palettes stay while 256 colours are enough."""
    metadata, notes = upright_metadata(picture, options)
    encoded = None
    if picture.mode == "1" and alpha is None:
        encoded = _pillow(Pillow.fromarray(samples(picture, pixels, None)[..., 0] >= 128))
    elif picture.mode == "P":
        image = with_palette(pixels, alpha)
        if image is None:
            notes.append(REMARK)
        else:
            encoded = _pillow(image)
    if encoded is None:
        encoded = _true_colour(samples(picture, pixels, alpha))
    own = png.chunks(encoded)
    source = png.chunks(picture.source) if picture.format == "PNG" else []
    body = [chunk for chunk in own if chunk.kind in (b"PLTE", b"tRNS", b"IDAT")]
    return png.assemble([own[0], *_ancillary(source, metadata), *body, own[-1]]), notes


def _ancillary(source: list[png.Chunk], metadata: Metadata) -> list[png.Chunk]:
    """Everything known to be free of pictures; private chunks may hold anything (some hold layers) and do not stay."""
    kept = [chunk for chunk in source if chunk.kind in _COLOUR]
    if metadata.icc is not None:
        kept = [chunk for chunk in kept if chunk.kind != b"sRGB"]
        original = [chunk for chunk in source if chunk.kind == b"iCCP"]
        kept.append(original[0] if original else png.icc_chunk(metadata.icc))
    physical = [chunk for chunk in source if chunk.kind == b"pHYs"]
    kept += physical[:1] or ([png.dpi_chunk(metadata.dpi)] if metadata.dpi else [])
    if metadata.exif is not None:
        kept.append(png.Chunk(b"eXIf", metadata.exif))
    if metadata.xmp is not None:
        kept.append(png.xmp_chunk(metadata.xmp))
    if metadata.iptc is not None:
        kept.append(png.raw_profile_chunk(b"iptc", photoshop.iptc_block(metadata.iptc)))
    kept += [chunk for chunk in source if chunk.kind in _PLAIN]
    return kept + [chunk for chunk in source if _is_plain_text(chunk)]


def _is_plain_text(chunk: png.Chunk) -> bool:
    pair = png.text(chunk) if chunk.kind in (b"tEXt", b"zTXt", b"iTXt") else None
    if pair is None or pair[0].startswith(b"Raw profile") or pair[0] == b"XML:com.adobe.xmp":
        return False
    return not any(sign in pair[1] for sign in _PICTURES)


def _true_colour(planes: NDArray[Any]) -> bytes:
    channels = planes.shape[2]
    if channels == 2:
        return _grey_with_alpha(planes)
    turned = {1: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[channels]
    stored = np.ascontiguousarray(planes) if turned is None else cv2.cvtColor(np.ascontiguousarray(planes), turned)
    done, data = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, _LEVEL])
    if not done:
        raise OutputError("the picture cannot be written as PNG", fix="choose another format")
    return bytes(data)


def _grey_with_alpha(planes: NDArray[Any]) -> bytes:
    """The one layout that OpenCV does not write: each byte less that of the pixel to the left (filter 1)."""
    height, width, _ = planes.shape
    size = planes.dtype.itemsize
    rows = planes.astype(planes.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    lines = np.empty((height, 1 + rows.shape[1]), np.uint8)
    lines[:, 0] = 1
    lines[:, 1:] = rows
    lines[:, 1 + 2 * size :] -= rows[:, : -2 * size]
    head = png.Header(width, height, 8 * size, 4, 0, 0, 0)
    packed = b"".join(int(value).to_bytes(4, "big") for value in head[:2]) + bytes(head[2:])
    data = zlib.compress(lines.tobytes(), _LEVEL)
    return png.assemble([png.Chunk(b"IHDR", packed), png.Chunk(b"IDAT", data), png.Chunk(b"IEND", b"")])


def _pillow(image: Pillow.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=_LEVEL)
    return file.getvalue()
