"""HEIC files, encoded as a whole by libheif and x265."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.container import bmff
from cleanplate.encode.metadata import upright_metadata
from cleanplate.encode.options import EncodeOptions
from cleanplate.encode.planes import grey, is_grey
from cleanplate.errors import OutputError
from cleanplate.picture import Picture
from cleanplate.types import Image

_QUALITY = 92
_LONGEST = 16384


def encode_heif(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, options: EncodeOptions
) -> tuple[bytes, list[str]]:
    """A HEIC file: quality 92 unless asked otherwise, 4:4:4 (or the subsampling of a HEIC source), 8, 10 or 12 bits.

    Raises:
        OutputError: the encoder is missing or refuses the picture.
    """
    import pillow_heif

    if max(pixels.shape[:2]) > _LONGEST:
        raise OutputError("is too large for HEIC (16,384 pixels a side)", subject=picture.name, fix="write TIFF or PNG")
    metadata, notes = upright_metadata(picture, options)
    if is_grey(picture) and alpha is None:
        planes, mode = grey(pixels), "L"
    else:
        planes = pixels if alpha is None else np.dstack([pixels, alpha])
        mode = "RGB" if alpha is None else "RGBA"
    deep = pixels.dtype == np.uint16
    image = pillow_heif.from_bytes(
        mode=mode + ";16" if deep else mode,
        size=(pixels.shape[1], pixels.shape[0]),
        data=np.ascontiguousarray(planes).tobytes(),
    )
    if metadata.icc is not None:
        image.info["icc_profile"] = metadata.icc
        image.info["icc_profile_type"] = "prof"
    settings: dict[str, Any] = {
        "quality": options.quality or _QUALITY,
        **({} if mode == "L" else {"chroma": _chroma(picture)}),
    }
    if deep:
        settings["save_to_12bit"] = picture.depth > 10
    wanted = bmff.colours(picture.source) if picture.format in ("AVIF", "HEIF") else None
    if wanted is not None:
        settings |= {"color_primaries": wanted.primaries, "transfer_characteristic": wanted.transfer}
    file = io.BytesIO()
    try:
        image.save(file, exif=metadata.exif, xmp=metadata.xmp, **settings)
    except (RuntimeError, ValueError, OSError) as error:
        raise OutputError(f"cannot be written as HEIC ({error})", subject=picture.name, fix="write PNG") from None
    return file.getvalue(), notes


def _chroma(picture: Picture) -> int:
    if picture.format != "HEIF":
        return 444
    return {1: 420, 2: 422, 3: 444}.get(bmff.hevc_chroma(picture.source) or 3, 444)
