"""WebP, AVIF and BMP files, encoded as a whole and upright."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cleanplate.container import bmff
from cleanplate.encode.metadata import upright_metadata
from cleanplate.encode.options import EncodeOptions
from cleanplate.encode.palette import REMARK, with_palette
from cleanplate.encode.planes import as_eight_bits, samples
from cleanplate.errors import OutputError
from cleanplate.picture import Metadata, Picture
from cleanplate.types import Image

_LOSSY_QUALITY = 92
_LONGEST = {"WEBP": 16383, "AVIF": 65536, "BMP": 65535}


def encode_flat(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, target: str, options: EncodeOptions
) -> tuple[bytes, list[str]]:
    """A WebP, AVIF or BMP file.

    WebP stays lossless if the source is (or comes from a lossless type and no quality is asked for). Lossy files have
    quality 92 unless asked otherwise; AVIF keeps its subsampling and its 10 or 12 bits.

    Raises:
        OutputError: too large for the format.
    """
    if max(pixels.shape[:2]) > _LONGEST[target]:
        raise OutputError(
            f"is too large for {target} ({_LONGEST[target]:,} pixels a side)",
            subject=picture.name,
            fix="write TIFF or PNG",
        )
    metadata, notes = upright_metadata(picture, options)
    if target == "BMP":
        return _bmp(picture, pixels, alpha, metadata, notes), notes + _unsaid(metadata)
    if target == "AVIF":
        return _avif(picture, pixels, alpha, metadata, options), notes
    return _webp(picture, pixels, alpha, metadata, options), notes


def _webp(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, metadata: Metadata, options: EncodeOptions
) -> bytes:
    image = _image(pixels, alpha)
    lossless = picture.lossless and options.quality is None
    quality = 60 if lossless else options.quality or _LOSSY_QUALITY  # for lossless: effort, not quality
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=lossless, quality=quality, exact=True, **_extra(metadata))
    return file.getvalue()


def _avif(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, metadata: Metadata, options: EncodeOptions
) -> bytes:
    layout = bmff.av1_layout(picture.source) if picture.format == "AVIF" else None
    quality = options.quality or _LOSSY_QUALITY
    if pixels.dtype == np.uint16:
        data = _deep_avif(pixels, alpha, 10 if picture.depth == 10 else 12, quality, metadata)
    else:
        file = io.BytesIO()
        subsampling = layout[1] if layout else "4:4:4"
        _image(pixels, alpha).save(file, "AVIF", quality=quality, subsampling=subsampling, **_extra(metadata))
        data = file.getvalue()
    wanted = bmff.colours(picture.source) if picture.format in ("AVIF", "HEIF") else None
    return data if wanted is None else bmff.with_colours(data, wanted)


def _deep_avif(pixels: Image, alpha: NDArray[Any] | None, depth: int, quality: int, metadata: Metadata) -> bytes:
    planes = pixels if alpha is None else np.dstack([pixels, alpha])
    stored = cv2.cvtColor(planes >> (16 - depth), cv2.COLOR_RGB2BGR if alpha is None else cv2.COLOR_RGBA2BGRA)
    pairs = [
        (cv2.IMAGE_METADATA_EXIF, metadata.exif),
        (cv2.IMAGE_METADATA_XMP, metadata.xmp),
        (cv2.IMAGE_METADATA_ICCP, metadata.icc),
    ]
    given = [(kind, np.frombuffer(value, np.uint8)) for kind, value in pairs if value is not None]
    done, data = cv2.imencodeWithMetadata(
        ".avif",
        stored,
        [kind for kind, _ in given],
        [value for _, value in given],
        [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_SPEED, 7],
    )
    if not done:
        raise OutputError("the picture cannot be written as AVIF", fix="choose another format")
    return bytes(data)


def _bmp(picture: Picture, pixels: Image, alpha: NDArray[Any] | None, metadata: Metadata, notes: list[str]) -> bytes:
    if alpha is not None:
        return _bmp_with_alpha(pixels, alpha, metadata)
    image = with_palette(pixels, None) if picture.mode == "P" else None
    if picture.mode == "P" and image is None:
        notes.append(REMARK)
    if image is None:
        planes = samples(picture, pixels, None)
        if picture.mode == "1":
            image = Pillow.fromarray(planes[..., 0] >= 128)
        else:
            image = Pillow.fromarray(planes[..., 0] if planes.shape[2] == 1 else planes)
    file = io.BytesIO()
    image.save(file, "BMP", **({"dpi": metadata.dpi} if metadata.dpi else {}))
    return file.getvalue()


def _bmp_with_alpha(pixels: Image, alpha: NDArray[Any], metadata: Metadata) -> bytes:
    """BITMAPV4HEADER with bit masks, the layout in which readers take the fourth byte for alpha."""
    height, width = alpha.shape
    rows = np.dstack([pixels[..., ::-1], alpha])[::-1].tobytes()
    across, down = (round(value / 0.0254) for value in metadata.dpi or (0.0, 0.0))
    head = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(rows), across, down, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    body = head + masks + b"BGRs" + bytes(48)
    return b"BM" + struct.pack("<IHHI", 14 + len(body) + len(rows), 0, 0, 14 + len(body)) + body + rows


def _unsaid(metadata: Metadata) -> list[str]:
    lost = [name for name in ("exif", "xmp", "icc", "iptc") if getattr(metadata, name) is not None]
    return [f"BMP cannot hold {', '.join(name.upper() for name in lost)}"] if lost else []


def _image(pixels: Image, alpha: NDArray[Any] | None) -> Pillow.Image:
    planes = pixels if alpha is None else np.dstack([pixels, alpha])
    return Pillow.fromarray(as_eight_bits(planes))


def _extra(metadata: Metadata) -> dict[str, Any]:
    pairs = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp}
    return {name: value for name, value in pairs.items() if value is not None}
