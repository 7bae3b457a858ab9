"""JPEG files encoded as a whole, where blocks cannot be copied: other sources, rare codings, a quality asked for."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cleanplate.container import jpeg, photoshop
from cleanplate.encode.jpeg_segments import kept_segments
from cleanplate.encode.metadata import upright_metadata
from cleanplate.encode.options import EncodeOptions
from cleanplate.encode.planes import as_eight_bits, grey, is_grey
from cleanplate.errors import OutputError
from cleanplate.picture import Metadata, Picture
from cleanplate.types import Image

_QUALITY = 95
_LONGEST = 65535


def encode_jpeg(
    picture: Picture, pixels: Image, ink: NDArray[Any] | None, options: EncodeOptions
) -> tuple[bytes, list[str]]:
    """A new JPEG, upright, quality 95 without subsampling; a JPEG source keeps its tables if no quality is asked for.

    Raises:
        OutputError: a side of more than 65,535 pixels.
    """
    if max(pixels.shape[:2]) > _LONGEST:
        raise OutputError("is too large for JPEG (65,535 pixels a side)", subject=picture.name, fix="write TIFF or PNG")
    metadata, notes = upright_metadata(picture, options)
    settings: dict[str, Any] = {"quality": options.quality or _QUALITY, "subsampling": 0}
    if picture.format == "JPEG":
        structure = jpeg.parse(picture.source)
        tables = jpeg.quantisation_tables(structure)
        if options.quality is None and tables and sorted(tables) == list(range(len(tables))):
            settings = {
                "qtables": [tables[number] for number in sorted(tables)],
                "subsampling": _subsampling(structure),
            }
        segments, more = kept_segments(picture, structure, options, orientation=1)
        notes += [*more, "encoded anew as a whole: every pixel may differ slightly"]
    else:
        segments = _segments(metadata)
    image = _image(picture, pixels, ink)
    file = io.BytesIO()
    image.save(file, "JPEG", **settings)
    return _with_segments(file.getvalue(), segments), notes


def _image(picture: Picture, pixels: Image, ink: NDArray[Any] | None) -> Pillow.Image:
    if ink is not None:
        height, width = ink.shape[:2]
        # Pillow inverts inks on the way into a file, as Adobe does.
        return Pillow.frombytes("CMYK", (width, height), np.ascontiguousarray(as_eight_bits(ink)).tobytes())
    if is_grey(picture):
        return Pillow.fromarray(as_eight_bits(grey(pixels)))
    return Pillow.fromarray(as_eight_bits(pixels))


def _subsampling(structure: jpeg.JpegStructure) -> int:
    """Pillow's number for 4:4:4, 4:2:2 or 4:2:0 as the source has it."""
    first = structure.components[0]
    return {(1, 1): 0, (2, 1): 1, (2, 2): 2}.get((first.across, first.down), 0) if len(structure.components) > 1 else 0


def _segments(metadata: Metadata) -> list[jpeg.Segment]:
    """Application segments for metadata of another file type."""
    found = []
    if metadata.exif is not None and len(metadata.exif) <= 0xFFFD - len(jpeg.EXIF_PREFIX):
        found.append(jpeg.Segment(jpeg.APP1, jpeg.EXIF_PREFIX + metadata.exif))
    if metadata.xmp is not None and len(metadata.xmp) <= 0xFFFD - len(jpeg.XMP_PREFIX):
        found.append(jpeg.Segment(jpeg.APP1, jpeg.XMP_PREFIX + metadata.xmp))
    if metadata.iptc is not None and len(metadata.iptc) < 0xFF00:
        found.append(jpeg.Segment(jpeg.APP13, jpeg.PHOTOSHOP_PREFIX + photoshop.iptc_block(metadata.iptc)))
    if metadata.icc is not None:
        found += jpeg.icc_segments(metadata.icc)
    dots = [round(value) for value in metadata.dpi or ()]
    if dots and max(dots) <= 0xFFFF:
        density = b"".join(value.to_bytes(2, "big") for value in dots)
        found.insert(0, jpeg.Segment(jpeg.APP0, b"JFIF\0\1\1\1" + density + b"\0\0"))
    return found


def _with_segments(encoded: bytes, segments: list[jpeg.Segment]) -> bytes:
    """The file with these application segments; the encoder's own stay only to say how colours are coded."""
    structure = jpeg.parse(encoded)
    own = {jpeg.APP0: b"JFIF\0", jpeg.APP14: b"Adobe"}
    kept = [s for s in segments if s.marker != jpeg.APP14]
    for marker, prefix in own.items():
        if structure.payloads(marker, prefix) and not any(s.marker == marker for s in kept):
            segment = next(s for s in structure.segments if s.marker == marker)
            kept.insert(0 if marker == jpeg.APP0 else len(kept), segment)
    if structure.payloads(jpeg.APP14, b"Adobe"):
        kept = [s for s in kept if s.marker != jpeg.APP0]
    pieces = [b"\xff\xd8", *(segment.encoded for segment in kept)]
    for segment in structure.segments:
        if 0xE0 <= segment.marker <= 0xEF:
            continue
        pieces.append(segment.encoded)
        if segment.scan is not None:
            pieces.append(encoded[slice(*segment.scan)])
    return b"".join([*pieces, b"\xff\xd9"])
