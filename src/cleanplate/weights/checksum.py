"""Is this file what its record says? Asked on every load; the bytes are read again only when the file changed."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from cleanplate.errors import WeightsError
from cleanplate.weights.record import UNKNOWN, Record

_BLOCK = 1 << 20
_State = tuple[str, int, int, int, int]


class DigestCache:
    """Digests of files by path and state (size, times, inode), so that an unchanged file is read once.

    Safe to use from several threads. The inode and the time of the last status change are part of the state because
    tools that replace a file often restore its modification time.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, _State], str] = {}
        self._lock = threading.Lock()

    def digest(self, path: Path, algorithm: str) -> str:
        """Hexadecimal digest of the file's bytes.

        Raises:
            OSError: the file cannot be read.
        """
        key = (algorithm, _state(path))
        with self._lock:
            if key in self._known:
                return self._known[key]
        value = _digest(path, algorithm)
        with self._lock:
            # Kept only if nobody changed the file while it was read.
            if _state(path) == key[1]:
                self._known[key] = value
        return value


IN_PROCESS = DigestCache()
"""Digests known in this process: what was verified need not be read again to be opened."""


def verify(path: Path, record: Record, *, cache: DigestCache | None = IN_PROCESS) -> None:
    """Check a file against its record: sha256, or size and md5 where no sha256 is known.

    Args:
        path: the file.
        record: what it should be.
        cache: remembers digests of unchanged files; None reads the bytes in any case.

    Raises:
        WeightsError: the file is another one, incomplete or unreadable, or the record knows no hash.
    """
    algorithm, expected = expected_digest(record)
    try:
        size = path.stat().st_size
        if record.bytes not in (UNKNOWN, size):
            raise WeightsError(
                f"is not the file of '{record.name}': {size} bytes found, {record.bytes} expected",
                subject=path,
                fix=_again(record),
            )
        found = (cache or DigestCache()).digest(path, algorithm)
    except OSError as error:
        raise WeightsError(f"cannot be read: {error.strerror or error}", subject=path) from None
    if found != expected:
        raise WeightsError(
            f"is not the file of '{record.name}': {algorithm} {found} found, {expected} expected",
            subject=path,
            fix=_again(record),
        )


def matches(path: Path, record: Record) -> bool:
    """Whether a file is the one that the record describes; False where the record knows no hash.

    Raises:
        OSError: the file cannot be read.
    """
    if not verifiable(record) or record.bytes not in (UNKNOWN, path.stat().st_size):
        return False
    algorithm, expected = expected_digest(record)
    return IN_PROCESS.digest(path, algorithm) == expected


def verifiable(record: Record) -> bool:
    """Whether the record knows a hash of the whole file."""
    return record.sha256 != UNKNOWN or record.md5 != UNKNOWN


def expected_digest(record: Record) -> tuple[str, str]:
    """Algorithm and digest by which a record's file is verified.

    Raises:
        WeightsError: the record knows none.
    """
    if record.sha256 != UNKNOWN:
        return "sha256", record.sha256
    if record.md5 != UNKNOWN:
        return "md5", record.md5
    raise WeightsError(
        f"the hash of '{record.name}' is not known, so a file cannot be verified",
        fix="give a file that you trust by its path (--weights FILE)",
    )


def _again(record: Record) -> str:
    return f"delete it and run 'cleanplate models fetch {record.name}'"


def _state(path: Path) -> _State:
    facts = path.stat()
    return (os.fspath(path.absolute()), facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def _digest(path: Path, algorithm: str) -> str:
    # md5 is only a checksum of files whose publisher gives no better one.
    state = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
