"""The way out for pictures: new pixels and the :class:`~cleanplate.picture.Picture` they belong to -> file bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.encode.coefficients import CoefficientError
from cleanplate.encode.fitting import fitted
from cleanplate.encode.ink import ink_of
from cleanplate.encode.jpeg import SourceBlocks, can_copy_blocks, encode_blocks
from cleanplate.encode.options import EncodeOptions, format_of
from cleanplate.errors import ArrayError, OutputError
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
    alpha: NDArray[Any] | None = None,
    options: EncodeOptions = _DEFAULT,
    prepared: SourceBlocks | None = None,
) -> bytes:
    """The bytes of :func:`encode`."""
    return encode(picture, pixels, changed=changed, alpha=alpha, options=options, prepared=prepared).data


def encode(
    picture: Picture,
    pixels: Image,
    *,
    changed: Mask | None,
    alpha: NDArray[Any] | None = None,
    options: EncodeOptions = _DEFAULT,
    prepared: SourceBlocks | None = None,
) -> Encoded:
    """Write a picture with new pixels and the metadata of its source, without what would show the old pixels.

    Args:
        picture: as read.
        pixels: H x W x 3, dtype and size of ``picture.pixels``, upright.
        changed: H x W, True where ``pixels`` may differ from ``picture.pixels``; None = anywhere.
        alpha: new H x W alpha of the dtype of ``pixels``; None keeps that of the picture.
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
    if alpha is not None and (alpha.shape != pixels.shape[:2] or alpha.dtype != pixels.dtype):
        raise ArrayError("must have the size and dtype of the picture", subject="alpha")
    alpha = picture.alpha if alpha is None else alpha
    if picture.format == "RAW" and options.format is None:
        raise OutputError(
            "is a raw file; cleanplate does not write those", subject=picture.name, fix="name a .tif or .png"
        )
    ink = None if picture.ink is None else ink_of(pixels, picture.ink, picture.pixels, changed)
    target = options.format or picture.format
    if alpha is None and can_copy_blocks(picture, options):
        try:
            data, notes = encode_blocks(picture, pixels, ink=ink, changed=changed, options=options, blocks=prepared)
            return Encoded(data, target, tuple(notes))
        except CoefficientError:
            pass  # written anew as a whole below, which the notes of that say
    data, notes = _encode_whole(picture, pixels, ink, alpha, target, options)
    return Encoded(data, target, tuple(notes))


def _encode_whole(
    picture: Picture,
    pixels: Image,
    ink: NDArray[Any] | None,
    alpha: NDArray[Any] | None,
    target: str,
    options: EncodeOptions,
) -> tuple[bytes, list[str]]:
    """Hand over to the writer of a format; each is imported only when a file needs it."""
    picture, pixels, ink, alpha, notes = fitted(picture, pixels, ink, alpha, target)
    if target == "JPEG":
        from cleanplate.encode.jpeg_whole import encode_jpeg

        data, more = encode_jpeg(picture, pixels, ink, options)
    elif target == "PNG":
        from cleanplate.encode.png import encode_png

        data, more = encode_png(picture, pixels, alpha, options)
    elif target == "TIFF":
        from cleanplate.encode.tiff import encode_tiff

        data, more = encode_tiff(picture, pixels, alpha, ink, options)
    elif target == "HEIF":
        from cleanplate.encode.heif import encode_heif

        data, more = encode_heif(picture, pixels, alpha, options)
    else:
        from cleanplate.encode.flat import encode_flat

        data, more = encode_flat(picture, pixels, alpha, target, options)
    return data, notes + more
