"""A download on its way: a hidden file beside its target that survives interruptions and has one writer at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cleanplate.errors import WeightsError

try:
    import fcntl
except ImportError:  # Windows; two writers there spoil the download, which its hash then shows.
    fcntl = None  # type: ignore[assignment]


class PartFile:
    """The unfinished form of a file.

    Attributes:
        file: the bytes so far; only inside :func:`part_of`.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.part")
        self._origin = target.with_name(f".{target.name}.part-of")
        self.file: BinaryIO

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return self._path

    def origin(self) -> tuple[str, str | None] | None:
        """Address and version that the bytes are of, if that is known."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            url, _, validator = self._origin.read_text(encoding="utf-8").partition("\n")
            return url, validator or None
        return None

    def set_origin(self, url: str, validator: str | None) -> None:
        """Remember address and version of the bytes that come next."""
        self._origin.write_text(f"{url}\n{validator or ''}", encoding="utf-8")

    def empty(self) -> None:
        """Forget all bytes."""
        self.file.seek(0)
        self.file.truncate(0)
        self._origin.unlink(missing_ok=True)

    def become_target(self) -> None:
        """Take the target's name, whole and on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())
        if os.name == "nt":
            self.file.close()  # Windows does not rename open files.
        self._path.replace(self._target)
        self._origin.unlink(missing_ok=True)
        _sync(self._target.parent)

    def discard(self) -> None:
        """Remove all traces."""
        if os.name == "nt":
            self.file.close()
        self._path.unlink(missing_ok=True)
        self._origin.unlink(missing_ok=True)


@contextmanager
def part_of(target: Path) -> Iterator[PartFile]:
    """Open the unfinished form of ``target``, new or left by an earlier attempt.

    Raises:
        WeightsError: another process is at it.
        OSError: the folder cannot be written to.
    """
    part = PartFile(target)
    part.file = _locked(part.path)
    try:
        yield part
    finally:
        nothing = not part.file.closed and part.file.seek(0, 2) == 0
        part.file.close()
        if nothing:
            part.path.unlink(missing_ok=True)


def _locked(path: Path) -> BinaryIO:
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b")
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise WeightsError("is being fetched by another process", subject=path, fix="wait for it") from None
        # The writer before may have finished it between our opening and locking: then it has another name now.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def _sync(folder: Path) -> None:
    """Force a new name to the disk, where systems do that for folders."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
