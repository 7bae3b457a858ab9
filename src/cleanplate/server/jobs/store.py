"""Where jobs and their products are remembered."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

from cleanplate.server.jobs.job import Job


class JobStore(Protocol):
    """What a server needs to remember; safe to call from several threads.

    Several servers behind one address need a store that they share. Jobs are small; products are whole files.
    """

    def put(self, job: Job) -> None:
        """Remember a snapshot in place of the one before."""
        ...

    def get(self, job_id: str) -> Job | None:
        """Return the last snapshot, or None for a job that never was or is forgotten."""
        ...

    def keep(self, job_id: str, data: bytes) -> None:
        """Remember the product of a job."""
        ...

    def product(self, job_id: str) -> bytes | None:
        """Return the product, or None if there is none (any more)."""
        ...

    def forget(self, job_id: str) -> None:
        """Forget a job and its product; nothing happens if it is unknown."""
        ...

    def forget_ended(self, before: float) -> int:
        """Forget all jobs that ended before a time (seconds since 1970); return how many."""
        ...

    def close(self) -> None:
        """Let go of what this process holds; a shared store goes on remembering."""
        ...


@dataclass
class _Kept:
    job: Job
    file: IO[bytes] | None = None


class LocalStore:
    """Remembers jobs in memory and products in unnamed temporary files, which the system removes with the process."""

    def __init__(self, *, temporary: Callable[[], IO[bytes]] = tempfile.TemporaryFile) -> None:
        self._jobs: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._temporary = temporary

    def put(self, job: Job) -> None:
        """Remember a snapshot."""
        with self._lock:
            if job.id in self._jobs:
                self._jobs[job.id].job = job
            else:
                self._jobs[job.id] = _Kept(job)

    def get(self, job_id: str) -> Job | None:
        """Return the last snapshot."""
        with self._lock:
            kept = self._jobs.get(job_id)
            return None if kept is None else kept.job

    def keep(self, job_id: str, data: bytes) -> None:
        """Remember the product, on disk."""
        file = self._temporary()
        file.write(data)
        with self._lock:
            kept = self._jobs.get(job_id)
            if kept is not None:
                kept.file = file
                return
        file.close()

    def product(self, job_id: str) -> bytes | None:
        """Return the product."""
        with self._lock:
            kept = self._jobs.get(job_id)
            if kept is None or kept.file is None:
                return None
            kept.file.seek(0)
            return kept.file.read()

    def forget(self, job_id: str) -> None:
        """Forget one job."""
        with self._lock:
            kept = self._jobs.pop(job_id, None)
        if kept is not None and kept.file is not None:
            kept.file.close()

    def forget_ended(self, before: float) -> int:
        """Forget old jobs."""
        with self._lock:
            old = [name for name, kept in self._jobs.items() if (kept.job.ended or before) < before]
        for name in old:
            self.forget(name)
        return len(old)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            names = list(self._jobs)
        for name in names:
            self.forget(name)
