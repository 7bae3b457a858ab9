"""From what a client sends to bytes of a verified type. Names of uploads are labels and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fastapi import UploadFile

from cleanplate.decode.limits import Limits
from cleanplate.decode.sniff import sniff
from cleanplate.encode.options import SUFFIXES as ENDINGS
from cleanplate.errors import BrokenInputError

_LABEL = 100
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
    "BMP": "image/bmp",
}
"""Media type by picture type."""
SUFFIXES = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    "HEIF": ".heic",
    "BMP": ".bmp",
}
"""Ending of a downloaded file by picture type."""

FORMATS = rf"^\.?(?i:{'|'.join(sorted({*(name.lower() for name in MEDIA_TYPES), *(name[1:] for name in ENDINGS)}))})$"
"""Pattern of the types that an answer can be asked for: names and endings."""


@dataclass(frozen=True)
class Upload:
    """A picture file that a client has sent.

    Attributes:
        data: its bytes.
        label: what the client calls it, cut to harmless letters; for messages and for naming the answer.
        kind: picture type that its first bytes show.
    """

    data: bytes = field(repr=False)
    label: str
    kind: str

    @property
    def written_kind(self) -> str:
        """Type of an answer that keeps that of the upload; RAW files, which nobody can write, become TIFF."""
        return self.kind if self.kind in MEDIA_TYPES else "TIFF"

    def answer_name(self, kind: str, added: str) -> str:
        """Name the answer after the upload: ``holiday.jpg`` becomes ``holiday-clean.jpg``."""
        stem, _, suffix = self.label.rpartition(".")
        if not stem:
            stem, suffix = self.label, ""
        same = kind == self.kind and suffix
        return f"{stem}-{added}.{suffix}" if same else f"{stem}-{added}{SUFFIXES.get(kind, '.png')}"


async def read_upload(file: UploadFile, *, limits: Limits, field_name: str) -> Upload:
    """Read an uploaded picture.

    Raises:
        BrokenInputError: it is empty.
        FormatError: its first bytes are of no picture type.
        TooLargeError: more bytes than the limit.
    """
    label = safe_label(file.filename) or field_name
    data = await file.read(limits.max_bytes + 1)
    limits.check_bytes(len(data), label)
    if not data:
        raise BrokenInputError("is empty (0 bytes)", subject=label)
    return Upload(data, label, sniff(data, label))


def safe_label(name: str | None) -> str:
    """Keep the last part of a name, without anything that could lead out of a folder, a header or a terminal line."""
    last = re.split(r"[/\\]", name or "")[-1]
    plain = "".join(letter if letter.isprintable() and letter not in '<>:"|?*' else "_" for letter in last)
    return plain.strip(". ")[:_LABEL]


def wanted_kind(format: str | None) -> str | None:
    """Picture type by a name or ending that a client has written; None if it wrote none."""
    return None if format is None else ENDINGS.get(f".{format.lower().lstrip('.')}", format.upper())
