"""HEIC to pixels, through libheif: 8, 10 or 12 bits, turned as the file says."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.container import exif, xmp
from cleanplate.decode.limits import Limits
from cleanplate.decode.stretch import full_range
from cleanplate.errors import BrokenInputError, FormatError
from cleanplate.picture import Metadata, Picture


def read_heif(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode the main picture of a HEIC file. libheif applies the turn that the file's boxes ask for.

    Raises:
        BrokenInputError: truncated or damaged.
        FormatError: a codec that is not there.
        TooLargeError: over ``limits``.
    """
    import pillow_heif

    try:
        file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        width, height = file.size
        limits.check_size(height, width, name)
        stored: NDArray[Any] = np.asarray(file)
    except (OSError, EOFError, ValueError, RuntimeError, SyntaxError) as error:
        reason = " ".join(str(error).split())[:100]
        if "nsupported" in reason:
            raise FormatError(f"is a HEIF of a kind not read here ({reason})", subject=name) from None
        raise BrokenInputError(f"is a damaged HEIC ({reason})", subject=name, fix="get an intact copy") from None
    info = file.info
    depth = int(info.get("bit_depth", 8))
    if stored.dtype == np.uint16:  # libheif's samples lie at the top of 16 bits
        stored = full_range(stored >> (16 - depth), depth)
    stored = stored.reshape(height, width, -1)
    has_alpha = file.mode.split(";")[0] in ("RGBA", "LA", "RGBa")
    colours = stored[..., : stored.shape[2] - has_alpha]
    block = info.get("exif")
    packet = info.get("xmp")
    return Picture(
        pixels=np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else np.ascontiguousarray(colours),
        alpha=np.ascontiguousarray(stored[..., -1]) if has_alpha else None,
        format="HEIF",
        name=name,
        mode="L" if colours.shape[2] == 1 or info.get("chroma") == 400 else "RGB",
        depth=depth,
        orientation=1,
        lossless=False,
        metadata=Metadata(
            exif=block.removeprefix(b"Exif\0\0") if block else None,
            xmp=xmp.cleaned(packet) if packet else None,
            icc=info.get("icc_profile") or None,
            dpi=exif.dpi(block.removeprefix(b"Exif\0\0")) if block else None,
        ),
        source=data,
        notes=("holds several pictures: only the main one is used",) if len(file) > 1 else (),
    )
