"""A picture file in memory: what decoding hands out and encoding takes back.

Neutral ground like :mod:`cleanplate.types`: ``decode`` makes a :class:`Picture`, ``encode`` reads it, and neither
imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image

Orientation: TypeAlias = Literal[1, 2, 3, 4, 5, 6, 7, 8]
"""EXIF 2.32, tag 0x0112: how the stored rows and columns lie in the upright picture."""


@dataclass(frozen=True, eq=False)
class Metadata:
    """What a file says about its picture, as the bytes that it holds (nothing is interpreted or converted).

    Attributes:
        exif: a TIFF structure (starts with ``II`` or ``MM``), without the ``Exif`` prefix of JPEG.
        xmp: the XMP packet, UTF-8 XML.
        icc: the ICC profile.
        iptc: the IPTC-IIM record (what TIFF keeps under tag 33723).
        dpi: horizontal and vertical pixels per inch.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright picture with all that is needed to write it back as the file it came from.

    Attributes:
        pixels: Image contract, upright. Grey is R = G = B; CMYK is shown as ``(255 - C)(255 - K) / 255``.
        alpha: H x W, dtype of ``pixels``, upright, 0 = transparent; None for a picture without.
        format: ``JPEG``, ``PNG``, ``WEBP``, ``TIFF``, ``AVIF``, ``HEIF``, ``BMP`` or ``RAW``.
        name: what messages call the file.
        mode: how the file stores colour: ``1``, ``L``, ``P``, ``RGB`` or ``CMYK`` (alpha is told by ``alpha``).
        depth: bits of a sample in the file (1..16); above 8, ``pixels`` are uint16, stretched to the full range.
        orientation: the tag as stored; ``pixels`` are already turned by it.
        lossless: True if the file keeps pixels exactly.
        ink: H x W x 4, C M Y K as stored, upright, full value = full ink; None unless ``mode`` is ``CMYK``.
        extra: H x W x k, further channels of a TIFF that are neither colour nor alpha (selections, spot colours).
        metadata: EXIF, XMP, ICC, IPTC and resolution.
        source: the bytes of the file.
        tolerated: what the decoder remarked on harmless damage; None for a faultless file.
        notes: remarks for the user about what was read (for example: first frame of an animation).
    """

    pixels: Image
    alpha: NDArray[Any] | None
    format: str
    name: str
    mode: str
    depth: int
    orientation: Orientation
    lossless: bool
    ink: NDArray[Any] | None = None
    extra: NDArray[Any] | None = None
    metadata: Metadata = field(default_factory=Metadata)
    source: bytes = b""
    tolerated: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows of the upright picture."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of the upright picture."""
        return int(self.pixels.shape[1])

    @property
    def stored_size(self) -> tuple[int, int]:
        """Height and width as the file stores them, before the turn by ``orientation``."""
        return (self.width, self.height) if self.orientation >= 5 else (self.height, self.width)


def turn_upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The upright view (no copy) of an H x W (x C) array that a file stores with ``orientation``."""
    match orientation:
        case 2:
            return stored[:, ::-1]
        case 3:
            return stored[::-1, ::-1]
        case 4:
            return stored[::-1]
        case 5:
            return stored.swapaxes(0, 1)
        case 6:
            return np.rot90(stored, -1)
        case 7:
            return stored.swapaxes(0, 1)[::-1, ::-1]
        case 8:
            return np.rot90(stored)
        case _:
            return stored


def turn_back(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The stored view (no copy) of an upright H x W (x C) array: the inverse of :func:`turn_upright`."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    return turn_upright(upright, inverse)
