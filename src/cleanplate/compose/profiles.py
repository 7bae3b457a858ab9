"""Colours of one picture as another picture's ICC profile writes them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from cleanplate.types import Image

UNUSABLE = "a colour profile could not be used, so colours of the new background may be off"


def converted(pixels: Image, own: bytes | None, wanted: bytes | None) -> tuple[Image, tuple[str, ...]]:
    """Bring a picture from its own profile to that of another.

    Args:
        pixels: H x W x 3, uint8 or uint16.
        own: ICC profile of ``pixels``; None counts as sRGB.
        wanted: profile to convert to; None counts as sRGB.

    Returns:
        The picture (uint8 if anything was converted) and remarks. Profiles that are the same, or cannot be used, leave
        it as it is.
    """
    if own == wanted:
        return pixels, ()
    from PIL import Image as Pillow
    from PIL import ImageCms

    def profile(content: bytes | None) -> Any:
        return ImageCms.createProfile("sRGB") if content is None else ImageCms.ImageCmsProfile(io.BytesIO(content))

    eight = pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    try:
        image = Pillow.fromarray(np.ascontiguousarray(eight))
        shown = ImageCms.profileToProfile(image, profile(own), profile(wanted), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return pixels, (UNUSABLE,)
    result: Any = np.asarray(shown)
    return result, ()
