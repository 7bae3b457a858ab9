"""A folder for files that must have a name while they are worked on (clips), removed even after a kill.

Everything else lies in unnamed files, which the system removes with the process. A clip is read and written by a
library that wants paths. Each server has one folder with a file in it that it holds locked; the system gives up the
lock however the process ends. A folder whose lock is free belongs to nobody, and the next server removes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_PREFIX = "cleanplate-serve-"
_LOCK = "lock"


class WorkFolder:
    """The folder of one server; made on first use.

    Args:
        root: where it is made; the system's folder for temporary files by default.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or Path(tempfile.gettempdir())
        self._path: Path | None = None
        self._held: IO[bytes] | None = None

    def open(self) -> Path:
        """Return the folder, after removing those of servers that were killed."""
        if self._path is None:
            self.sweep()
            # Named only once it is locked, so that no other server takes it for an abandoned one.
            new = Path(tempfile.mkdtemp(prefix=".cleanplate-new-", dir=self._root))
            self._held = (new / _LOCK).open("wb")
            _locked(self._held)
            self._path = new.with_name(_PREFIX + new.name.rpartition("-")[2])
            new.rename(self._path)
        return self._path

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """Give an empty folder that is gone after the block."""
        path = Path(tempfile.mkdtemp(dir=self.open()))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def sweep(self) -> int:
        """Remove the folders of servers that are gone; return how many."""
        return sum(_removed(folder) for folder in self._root.glob(_PREFIX + "*"))

    def close(self) -> None:
        """Remove the folder."""
        if self._held is not None:
            self._held.close()
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
        self._path = self._held = None


def _removed(folder: Path) -> bool:
    lock = folder / _LOCK
    with suppress(OSError):
        if hasattr(os, "getuid") and (folder.is_symlink() or folder.stat().st_uid != os.getuid()):
            return False
        with lock.open("ab") as file:
            if not _locked(file):
                return False
        # Where files cannot be locked (Windows), one that is open cannot be deleted.
        lock.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        return True
    return False


def _locked(file: IO[bytes]) -> bool:
    """Lock a file for this process; False if another one holds it."""
    try:
        import fcntl
    except ModuleNotFoundError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
