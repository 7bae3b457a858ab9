"""Where jobs and their products are remembered."""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from cleanplate.server.jobs.job import Job

MOST_JOBS = 5000
"""Ended jobs that are remembered."""
MOST_PRODUCTS = 200
"""Products that are kept; each is an open file."""
MOST_BYTES = 4_000_000_000
"""Bytes of all products together."""


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

    def keep(self, job_id: str, data: bytes | Path) -> None:
        """Remember the product of a job: these bytes, or those of this file, which is only read."""
        ...

    def size(self, job_id: str) -> int | None:
        """Return how many bytes the product has, or None if there is none (any more)."""
        ...

    def read(self, job_id: str, start: int, most: int) -> bytes | None:
        """Return at most ``most`` bytes of the product from ``start`` on, or None if there is none (any more)."""
        ...

    def drop(self, job_id: str) -> None:
        """Forget the product of a job but not the job; nothing happens if there is none."""
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
    size: int = 0


class LocalStore:
    """Remembers jobs in memory and products in unnamed temporary files, which the system removes with the process.

    What is remembered is bounded: of ended jobs the oldest are forgotten first.

    Args:
        most_jobs: ended jobs that are remembered.
        most_products: products that are kept.
        most_bytes: of all products together; the newest one is kept whatever its size.
        temporary: makes an unnamed file.
    """

    def __init__(
        self,
        *,
        most_jobs: int = MOST_JOBS,
        most_products: int = MOST_PRODUCTS,
        most_bytes: int = MOST_BYTES,
        temporary: Callable[[], IO[bytes]] = tempfile.TemporaryFile,
    ) -> None:
        self._jobs: dict[str, _Kept] = {}
        self._products: dict[str, None] = {}
        self._lock = threading.Lock()
        self._most_jobs, self._most_products, self._most_bytes = most_jobs, most_products, most_bytes
        self._temporary = temporary

    def put(self, job: Job) -> None:
        """Remember a snapshot."""
        with self._lock:
            kept = self._jobs.get(job.id)
            if kept is None:
                kept = self._jobs[job.id] = _Kept(job)
                self._trim_jobs()
            kept.job = job

    def get(self, job_id: str) -> Job | None:
        """Return the last snapshot."""
        with self._lock:
            kept = self._jobs.get(job_id)
            return None if kept is None else kept.job

    def keep(self, job_id: str, data: bytes | Path) -> None:
        """Remember the product, on disk."""
        file = self._temporary()
        try:
            with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
            size = file.tell()
        except BaseException:
            file.close()
            raise
        with self._lock:
            kept = self._jobs.get(job_id)
            if kept is None:
                file.close()
                return
            self._let_go(job_id)
            kept.file, kept.size = file, size
            self._products[job_id] = None
            self._trim_products()

    def size(self, job_id: str) -> int | None:
        """Return the size of the product."""
        with self._lock:
            kept = self._jobs.get(job_id)
            return None if kept is None or kept.file is None else kept.size

    def read(self, job_id: str, start: int, most: int) -> bytes | None:
        """Return a part of the product."""
        with self._lock:
            kept = self._jobs.get(job_id)
            if kept is None or kept.file is None:
                return None
            kept.file.seek(start)
            return kept.file.read(most)

    def drop(self, job_id: str) -> None:
        """Forget a product."""
        with self._lock:
            self._let_go(job_id)

    def forget(self, job_id: str) -> None:
        """Forget one job."""
        with self._lock:
            self._let_go(job_id)
            self._jobs.pop(job_id, None)

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

    def _let_go(self, job_id: str) -> None:
        self._products.pop(job_id, None)
        kept = self._jobs.get(job_id)
        if kept is not None and kept.file is not None:
            kept.file.close()
            kept.file, kept.size = None, 0

    def _trim_products(self) -> None:
        """Let the oldest products go; dictionaries are in the order in which things came."""
        together = sum(self._jobs[name].size for name in self._products)
        for name in list(self._products)[:-1]:
            if len(self._products) <= self._most_products and together <= self._most_bytes:
                return
            together -= self._jobs[name].size
            self._let_go(name)

    def _trim_jobs(self) -> None:
        """Forget the jobs that came first, of those that have ended."""
        over = len(self._jobs) - self._most_jobs
        if over <= 0:
            return
        ended = (name for name, kept in self._jobs.items() if kept.job.has_ended)
        for name in [name for _, name in zip(range(over), ended, strict=False)]:
            self._let_go(name)
            del self._jobs[name]
