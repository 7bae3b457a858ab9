"""PNG files: pixels as the source had them, metadata chunks by hand."""

from __future__ import annotations

import io
from typing import Any

from numpy.typing import NDArray
from PIL import Image as Pillow

from cleanplate.container import photoshop, png
from cleanplate.encode.metadata import upright_metadata
from cleanplate.encode.options import EncodeOptions
from cleanplate.encode.palette import REMARK, with_palette
from cleanplate.encode.planes import samples
from cleanplate.encode.png_pixels import pixel_chunks
from cleanplate.picture import Metadata, Picture
from cleanplate.types import Image

_COLOUR = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCv", b"cLLi")
_PLAIN = (b"tIME",)
_PICTURES = (b"/9j/", b"iVBORw0KGgo", b"data:image")


def encode_png(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, options: EncodeOptions
) -> tuple[bytes, list[str]]:
    """A PNG file of the same colour type and depth where possible; palettes stay while 256 colours are enough."""
    metadata, notes = upright_metadata(picture, options)
    own = None
    if picture.mode == "1" and alpha is None:
        own = _pillow(Pillow.fromarray(samples(picture, pixels, None)[..., 0] >= 128))
    elif picture.mode == "P":
        image = with_palette(pixels, alpha)
        if image is None:
            notes.append(REMARK)
        else:
            own = _pillow(image)
    if own is None:
        own = pixel_chunks(samples(picture, pixels, alpha))
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


def _pillow(image: Pillow.Image) -> list[png.Chunk]:
    file = io.BytesIO()
    image.save(file, "PNG")
    return png.chunks(file.getvalue())
