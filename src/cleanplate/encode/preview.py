"""Small plain files that go beside a result: masks, overlays, contact sheets."""

from __future__ import annotations

import io
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cleanplate.errors import ArgumentError
from cleanplate.types import Mask, check_mask

PREVIEW_TYPES = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""Endings a preview may have, and Pillow's name for what is written."""


def preview_type(path: PurePath, *, name: str) -> str:
    """What kind of file ``path`` asks for.

    Raises:
        ArgumentError: an ending that previews do not have.
    """
    kind = PREVIEW_TYPES.get(path.suffix.lower())
    if kind is None:
        raise ArgumentError(f"cannot be {path.name}", subject=name, fix=f"end it in {', '.join(PREVIEW_TYPES)}")
    return kind


def encode_preview(image: NDArray[np.uint8], kind: str = "JPEG") -> bytes:
    """``image`` (H x W x 3 uint8 RGB) as the bytes of a file without metadata."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **({} if kind == "PNG" else {"quality": 90}))
    return buffer.getvalue()


def encode_mask(mask: Mask) -> bytes:
    """``mask`` (H x W bool) as the bytes of a grey 8-bit PNG, 255 = selected, which every mask option reads again."""
    buffer = io.BytesIO()
    Image.fromarray(check_mask(mask).astype(np.uint8) * np.uint8(255)).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
