"""Sessions that are opened once and shared: by all threads, and by all calls for the same file and device."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cleanplate.errors import MissingInputError, WeightsError
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.runtime.devices import AUTO
from cleanplate.runtime.session import Session, start
from cleanplate.weights.checksum import IN_PROCESS, DigestCache

_CAPACITY = 8


class _Key(NamedTuple):
    """What makes two sessions the same. The folder counts because large networks keep weights in files beside them."""

    digest: str
    folder: Path
    device: str
    threads: int


@dataclass
class _Place:
    """Where one session is, or is being opened: its lock makes others wait instead of opening it again."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    used: float = field(default_factory=time.monotonic)


class SessionCache:
    """Open sessions by the sha256 of their file, device and threads; those used longest ago are let go first.

    A session that was let go lives on as long as somebody uses it. Safe to use from several threads. A forked child
    starts with an empty cache, because the threads of a session do not survive forking.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        """Keep at most ``capacity`` sessions."""
        self._capacity = capacity
        self._of_parents: list[OrderedDict[_Key, _Place]] = []
        self._digests = IN_PROCESS
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_in_child)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[_Key, _Place] = OrderedDict()

    def _begin_in_child(self) -> None:
        # Kept, because a session that ends waits for its threads, which the child does not have.
        self._of_parents.append(self._places)
        self._begin()
        # Another thread of the parent may have held the lock of its digests.
        self._digests = DigestCache()

    def session(self, path: Path, *, device: str = AUTO, threads: int | None = None) -> Session:
        """Return the session for a file, opened now or before.

        Args:
            path: an ONNX file. If its bytes have changed since, it is opened anew.
            device: as for :func:`cleanplate.runtime.session.start`.
            threads: likewise.

        Raises:
            DeviceError: the device is unknown, not installed, or does not run this network.
            MissingInputError: there is no such file.
            WeightsError: it cannot be read or is no network.
        """
        key = _Key(self._digest(path), path.absolute().parent, device, threads or usable_cores())
        with self._lock:
            place = self._places.setdefault(key, _Place())
            place.used = time.monotonic()
            self._places.move_to_end(key)
        with place.lock:
            if place.session is None:
                try:
                    place.session = start(path, device=device, threads=key.threads)
                except BaseException:
                    with self._lock:
                        self._places.pop(key, None)
                    raise
            found = place.session
        self._trim()
        return found

    def evict(self, path: Path | None = None) -> int:
        """Let go of the sessions of a file, or of all; returns how many."""
        with self._lock:
            gone = [
                key
                for key, place in self._places.items()
                if path is None or (place.session is not None and place.session.path.absolute() == path.absolute())
            ]
            for key in gone:
                del self._places[key]
        return len(gone)

    def evict_unused(self, seconds: float) -> int:
        """Let go of each session that nobody has asked for in the last ``seconds``; returns how many."""
        before = time.monotonic() - seconds
        with self._lock:
            gone = [key for key, place in self._places.items() if place.used < before]
            for key in gone:
                del self._places[key]
        return len(gone)

    def __len__(self) -> int:
        with self._lock:
            return len(self._places)

    def _trim(self) -> None:
        with self._lock:
            while len(self._places) > self._capacity:
                self._places.popitem(last=False)

    def _digest(self, path: Path) -> str:
        try:
            return self._digests.digest(path, "sha256")
        except FileNotFoundError:
            raise MissingInputError("there is no such file", subject=path) from None
        except OSError as error:
            raise WeightsError(f"cannot be read: {error.strerror or error}", subject=path) from None


SESSIONS = SessionCache()
"""The sessions of this process."""
