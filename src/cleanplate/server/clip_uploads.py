"""From an uploaded clip to a file of a verified type in a folder of the server."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from fastapi import UploadFile

from cleanplate.decode.limits import Limits
from cleanplate.errors import BrokenInputError, CleanplateError, FormatError
from cleanplate.server.uploads import safe_label

_START = 64
_EBML = b"\x1aE\xdf\xa3"


def clip_type(start: bytes, name: str) -> str:
    """The file type of a clip, as FFmpeg calls it, told by its first bytes.

    Only types that hold their pictures themselves: FFmpeg would also read playlists, which name other files.

    Args:
        start: the first 64 bytes.
        name: for messages.

    Raises:
        BrokenInputError: the file is empty.
        FormatError: it is of no such type.
    """
    if not start:
        raise BrokenInputError("is empty (0 bytes)", subject=name)
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if start.startswith(_EBML):
        return "matroska"
    if start.startswith(b"RIFF") and start[8:12] == b"AVI ":
        return "avi"
    raise FormatError("is no clip that is read here", subject=name, fix="send MP4, MOV, MKV, WebM or AVI")


async def store_clip(file: UploadFile, path: Path, *, limits: Limits) -> tuple[str, str]:
    """Write an upload to ``path``, which the server has chosen, a part at a time.

    Returns:
        What the client calls the clip, and its file type as FFmpeg calls it.

    Raises:
        BrokenInputError: it is empty.
        FormatError: its first bytes are those of no clip.
        TooLargeError: more bytes than the limit.
    """
    label = safe_label(file.filename) or "clip"
    limits.check_bytes(file.size or 0, label)
    kind = clip_type(await file.read(_START), label)
    await file.seek(0)

    def copy() -> None:
        with path.open("xb") as target:
            shutil.copyfileobj(file.file, target, 1 << 20)

    await asyncio.to_thread(copy)
    return label, kind


def without_paths(error: CleanplateError, folder: Path, label: str) -> CleanplateError:
    """The same error with the client's name in place of paths in the server's folder."""
    if error.subject is None or str(folder) not in error.subject:
        return error
    return type(error)(error.problem, subject=label, fix=error.fix)
