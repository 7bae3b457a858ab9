"""The way out for pictures: new pixels and the :class:`~cleanplate.picture.Picture` they belong to -> file bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cleanplate.encode.jpeg import SourceBlocks, can_copy_blocks, encode_blocks
from cleanplate.encode.options import EncodeOptions, format_of
from cleanplate.errors import ArrayError
from cleanplate.picture import Picture
from cleanplate.types import Image, Mask, check_image, check_mask

__all__ = ["EncodeOptions", "Encoded", "SourceBlocks", "encode", "encode_picture", "format_of", "prepare"]

_DEFAULT = EncodeOptions()


@dataclass(frozen=True)
class Encoded:
    """A written file in memory.

    Attributes:
        data: its bytes.
        format: its type.
        notes: remarks for the user: what could not be kept, what was left out.
    """

    data: bytes
    format: str
    notes: tuple[str, ...] = ()


def prepare(picture: Picture, options: EncodeOptions = _DEFAULT) -> SourceBlocks | None:
    """Begin, in a thread, what :func:`encode` needs from the source; None if it needs nothing."""
    return SourceBlocks(picture) if can_copy_blocks(picture, options) else None


def encode_picture(
    picture: Picture,
    pixels: Image,
    *,
    changed: Mask | None,
    options: EncodeOptions = _DEFAULT,
    prepared: SourceBlocks | None = None,
) -> bytes:
    """The bytes of :func:`encode`."""
    return encode(picture, pixels, changed=changed, options=options, prepared=prepared).data


def encode(
    picture: Picture,
    pixels: Image,
    *,
    changed: Mask | None,
    options: EncodeOptions = _DEFAULT,
    prepared: SourceBlocks | None = None,
) -> Encoded:
    """Write a picture with new pixels and the metadata of its source, without what would show the old pixels.

    Args:
        picture: as read.
        pixels: H x W x 3, dtype and size of ``picture.pixels``, upright.
        changed: H x W, True where ``pixels`` may differ from ``picture.pixels``; None = anywhere.
        options: target format and what to leave out or add.
        prepared: what :func:`prepare` began for this picture.

    Raises:
        ArrayError: ``pixels`` or ``changed`` do not fit the picture.
        OutputError: the target format cannot hold the picture.
    """
    check_image(pixels, name="pixels")
    if pixels.shape != picture.pixels.shape or pixels.dtype != picture.pixels.dtype:
        raise ArrayError("must have the size and dtype of the picture", subject="pixels")
    if changed is None:
        changed = np.ones(pixels.shape[:2], np.bool_)
    check_mask(changed, like=pixels, name="changed")
    if can_copy_blocks(picture, options):
        data, notes = encode_blocks(picture, pixels, ink=picture.ink, changed=changed, options=options, blocks=prepared)
        return Encoded(data, "JPEG", tuple(notes))
    from cleanplate.encode.flat import encode_flat

    data, notes = encode_flat(picture, pixels, changed=changed, options=options)
    return Encoded(data, options.format or picture.format, tuple(notes))
