"""Who does the work: bounded queues, a few threads, deadlines, calling off."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from cleanplate.errors import BusyError, CancelledError, CleanplateError, DeadlineError
from cleanplate.server.guards.refusal import error_body
from cleanplate.server.jobs.job import Job, Product, State
from cleanplate.server.jobs.store import JobStore

Finished = Callable[[Job], None]

PICTURES, CLIPS = "pictures", "clips"
"""Queues: a clip takes minutes, and pictures should not wait for it."""


@dataclass(frozen=True)
class Lane:
    """Bounds of one queue.

    Attributes:
        workers: pieces of work side by side.
        waiting: pieces that may wait.
        seconds: time that one piece may take once it has started.
    """

    workers: int
    waiting: int
    seconds: float


class Ticket:
    """What running work holds: it reports progress, and learns that it should stop.

    Args:
        job: the job.
        store: where progress is written.
        seconds: time that the work may take once it has begun.
    """

    def __init__(self, job: Job, store: JobStore, *, seconds: float) -> None:
        self.job = job
        self._store, self._seconds = store, seconds
        self._until = float("inf")
        self._called_off = threading.Event()

    def begin(self) -> None:
        """Say that the work has begun, from when on its time counts."""
        self._until = time.monotonic() + self._seconds
        self.job = replace(self.job, state="running", started=time.time())
        self._store.put(self.job)

    def call_off(self) -> None:
        """Ask the work to stop at its next report of progress."""
        self._called_off.set()

    def progress(self, done: int, total: int) -> None:
        """Report progress.

        Raises:
            CancelledError: the work was called off.
            DeadlineError: it has taken too long.
        """
        self.check()
        self.job = replace(self.job, done=done, total=total)
        self._store.put(self.job)

    def check(self) -> None:
        """Go on, or stop by an error.

        Raises:
            CancelledError, DeadlineError: as above.
        """
        if self._called_off.is_set():
            raise CancelledError("was called off", subject=f"job {self.job.id}")
        if time.monotonic() > self._until:
            raise DeadlineError(
                f"took longer than the {self._seconds:g} seconds that this server allows",
                subject=self.job.kind,
                fix="send a smaller picture or selection, or raise --max-seconds",
            )


Work = Callable[[Ticket], Product]


@dataclass(frozen=True)
class _Open:
    """A job that waits or runs."""

    lane: str
    ticket: Ticket
    future: Future[None]
    after: Callable[[], None]


class Workshop:
    """Runs work in threads; each lane has its own, and its own bounds.

    Args:
        store: where jobs and products are remembered.
        lanes: bounds by name of the queue.
        finished: told of each job that has ended, from its thread.
    """

    def __init__(self, store: JobStore, lanes: Mapping[str, Lane], *, finished: Finished = lambda job: None) -> None:
        self.store = store
        self._lanes, self._finished = dict(lanes), finished
        self._threads = {
            name: ThreadPoolExecutor(lane.workers, thread_name_prefix=f"cleanplate-{name}")
            for name, lane in lanes.items()
        }
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}

    @property
    def load(self) -> int:
        """Jobs that run or wait."""
        with self._lock:
            return len(self._open)

    def check_room(self, lane: str = PICTURES, *, coming: int = 0) -> None:
        """Refuse work before it is read if the queue is full, or as many requests are ``coming`` as fit into it.

        Raises:
            BusyError: see above.
        """
        bounds = self._lanes[lane]
        with self._lock:
            self._check_room(lane)
        if coming >= bounds.workers + bounds.waiting:
            raise _busy()

    def submit(self, kind: str, work: Work, *, lane: str = PICTURES, after: Callable[[], None] = lambda: None) -> Job:
        """Queue a piece of work.

        Args:
            kind: the task, such as ``erase``.
            work: what is to be done.
            lane: which queue.
            after: called when the job has ended, even if it never began.

        Raises:
            BusyError: the queue is full.
        """
        job = Job(kind)
        ticket = Ticket(job, self.store, seconds=self._lanes[lane].seconds)
        with self._lock:
            self._check_room(lane)
            self.store.put(job)
            future = self._threads[lane].submit(self._run, ticket, work, after)
            self._open[job.id] = _Open(lane, ticket, future, after)
        return job

    def _check_room(self, lane: str) -> None:
        there = sum(each.lane == lane for each in self._open.values())
        if there >= self._lanes[lane].workers + self._lanes[lane].waiting:
            raise _busy()

    async def ended(self, job_id: str) -> Job | None:
        """Wait until a job has ended; return it, or None if it is not known."""
        with self._lock:
            entry = self._open.get(job_id)
        if entry is not None:
            # A job that is called off while it waits has its future cancelled.
            await asyncio.wait([asyncio.wrap_future(entry.future)])
        return self.store.get(job_id)

    def call_off(self, job_id: str) -> Job | None:
        """Stop a job: at once if it waits, else at its next report of progress. Ended jobs stay as they are."""
        with self._lock:
            entry = self._open.get(job_id)
            if entry is not None and entry.future.cancel():
                del self._open[job_id]
                self._end(entry.ticket.job, CancelledError("was called off", subject=f"job {job_id}"))
                entry.after()
            elif entry is not None:
                entry.ticket.call_off()
        return self.store.get(job_id)

    def close(self) -> None:
        """Call off everything and wait for the threads."""
        with self._lock:
            names = list(self._open)
        for name in names:
            self.call_off(name)
        for threads in self._threads.values():
            threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, ticket: Ticket, work: Work, after: Callable[[], None]) -> None:
        job = ticket.job
        try:
            ticket.begin()
            product = work(ticket)
            ticket.check()
            self.store.keep(job.id, product.data)
            self._end(ticket.job, None, product)
        except CleanplateError as error:
            self._end(ticket.job, error)
        except MemoryError:
            self._end(ticket.job, CleanplateError("out of memory", subject=job.kind, fix="send a smaller picture"))
        except Exception as error:  # one picture's defect must not take the thread, and so the server, with it
            self._end(ticket.job, CleanplateError(f"unexpected {type(error).__name__}: {error}", subject=job.kind))
        finally:
            after()
            with self._lock:
                self._open.pop(job.id, None)

    def _end(self, job: Job, error: CleanplateError | None, product: Product | None = None) -> None:
        if error is not None:
            state: State = "cancelled" if isinstance(error, CancelledError) else "failed"
            job = replace(job, state=state, error=error_body(error), status=error.http_status, ended=time.time())
        elif product is not None:
            job = replace(
                job,
                state="done",
                ended=time.time(),
                media_type=product.media_type,
                name=product.name,
                report=product.report,
            )
        self.store.put(job)
        self._finished(job)


def _busy() -> BusyError:
    return BusyError("has too much to do at the moment", subject="server", fix="try again in a few seconds")
