"""Video files as the library opens them, and in whose words it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleanplate.errors import BrokenInputError, FormatError, InputError, MissingInputError

_STILLS = ("image2", "_pipe", "ico")


def is_video(path: Path) -> bool:
    """Whether a file is a video and not a picture, told by its contents."""
    try:
        container = open_video(path)
    except InputError:
        return False
    with container:
        still = any(part in container.format.name for part in _STILLS)
        return bool(container.streams.video) and not still


def open_video(path: Path, container: str | None = None) -> Any:
    """Open a video file.

    Args:
        path: the file.
        container: the only file type that it may be, as FFmpeg calls it; any by default.

    Returns:
        The library's container, to be closed by the caller.

    Raises:
        MissingInputError: not there, a folder, or no permission.
        BrokenInputError: empty, or an MP4 without its index.
        FormatError: nothing that the library knows.
        InputError: anything else that the system has against it.
    """
    import av

    only = {} if container is None else {"protocol_whitelist": "file"}
    try:
        return av.open(str(path), metadata_errors="replace", format=container, options=only)
    except FileNotFoundError:
        raise MissingInputError("does not exist", subject=path, fix="check the path") from None
    except IsADirectoryError:
        raise MissingInputError("is a folder, not a video", subject=path, fix="name a file in it") from None
    except PermissionError:
        raise MissingInputError("may not be read (no permission)", subject=path) from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if path.is_dir():
            raise MissingInputError("is a folder, not a video", subject=path, fix="name a file in it") from None
        if path.is_file() and path.stat().st_size == 0:
            raise BrokenInputError("is empty (0 bytes)", subject=path) from None
        if isinstance(error, av.error.InvalidDataError):
            raise _unreadable(path) from None
        raise InputError(f"cannot be opened as a video ({reason_of(error)})", subject=path) from None


def _unreadable(path: Path) -> InputError:
    """MP4 files whose recording was cut short lack their index, which comes last."""
    with path.open("rb") as file:
        start = file.read(12)
    if start[4:8] == b"ftyp":
        return BrokenInputError(
            "has no index, which MP4 and MOV files keep at their end: it is cut off, or was not finished",
            subject=path,
            fix="copy it again, or repair it with a tool such as untrunc",
        )
    return FormatError("is no video that can be read", subject=path, fix="check the file, or convert it to MP4")


def video_stream(container: Any, path: Path) -> Any:
    """The pictures of an open file that are meant to be seen; covers of albums are not.

    Raises:
        FormatError: a still picture, or no pictures at all.
    """
    if any(part in container.format.name for part in _STILLS):
        raise FormatError("is a picture, not a video", subject=path, fix="use 'cleanplate background' for pictures")
    import av

    covers = av.stream.Disposition.attached_pic
    streams = [each for each in container.streams.video if not each.disposition & covers]
    if not streams:
        raise FormatError("holds no video", subject=path, fix="check the file")
    best = container.streams.best("video")
    return best if best in streams else streams[0]


def seconds_of(stream: Any, container: Any) -> float | None:
    """How long the pictures last, as far as the header says it."""
    if stream.duration is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def reason_of(error: BaseException) -> str:
    """What the library or the system says, in at most 120 characters."""
    return str(getattr(error, "strerror", None) or error)[:120]
