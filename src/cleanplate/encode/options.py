"""What a user can ask of a written file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from cleanplate.errors import ArgumentError

SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".hif": "HEIF",
    ".bmp": "BMP",
}
"""Format that an output suffix stands for."""


@dataclass(frozen=True)
class EncodeOptions:
    """How to write a picture.

    Attributes:
        format: target format; None keeps that of the source.
        quality: 1..100 for lossy formats; None keeps what the source has where a file tells it, else a high default.
        strip_gps: leave the place out of EXIF and XMP.
        mark_ai: write the IPTC digital source type of a picture edited with generative AI.
    """

    format: str | None = None
    quality: int | None = None
    strip_gps: bool = False
    mark_ai: bool = False

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ArgumentError: a format or quality that does not exist.
        """
        if self.format is not None and self.format not in SUFFIXES.values():
            known = ", ".join(sorted(set(SUFFIXES.values())))
            raise ArgumentError(f"is {self.format!r}", subject="format", fix=f"use one of {known}")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ArgumentError(f"is {self.quality}", subject="quality", fix="use 1 to 100")


def format_of(name: str | PurePath) -> str:
    """The format that an output name asks for by its suffix.

    Raises:
        ArgumentError: no suffix, or one that is not known.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ArgumentError(
            f"has the ending {suffix!r}, which names no picture type" if suffix else "has no ending",
            subject=str(name),
            fix=f"use one of {' '.join(SUFFIXES)}",
        )
    return SUFFIXES[suffix]
