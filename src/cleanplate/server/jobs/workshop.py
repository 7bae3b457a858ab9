"""Who does the work: a bounded queue, a few threads, deadlines, calling off."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from cleanplate.errors import BusyError, CancelledError, CleanplateError, DeadlineError
from cleanplate.server.guards.refusal import error_body
from cleanplate.server.jobs.job import Job, Product, State
from cleanplate.server.jobs.store import JobStore

Finished = Callable[[Job], None]


class Ticket:
    """What running work holds: it reports progress, and learns that it should stop.

    Args:
        job: the job as it started.
        store: where progress is written.
        seconds: time that the work may take.
    """

    def __init__(self, job: Job, store: JobStore, *, seconds: float) -> None:
        self.job = job
        self._store, self._seconds = store, seconds
        self._until = time.monotonic() + seconds
        self._called_off = threading.Event()

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


class Workshop:
    """Runs work in threads, at most ``workers`` at a time with at most ``waiting`` in the queue.

    Args:
        store: where jobs and products are remembered.
        workers: pieces of work side by side.
        waiting: pieces that may wait.
        seconds: time that one piece may take once it has started.
        finished: told of each job that has ended, from its thread.
    """

    def __init__(
        self,
        store: JobStore,
        *,
        workers: int,
        waiting: int,
        seconds: float,
        finished: Finished = lambda job: None,
    ) -> None:
        self.store = store
        self._room, self._seconds, self._finished = workers + waiting, seconds, finished
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="cleanplate-work")
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Future[None], Ticket | None]] = {}

    @property
    def load(self) -> int:
        """Jobs that run or wait."""
        with self._lock:
            return len(self._open)

    def submit(self, kind: str, work: Work) -> Job:
        """Queue a piece of work.

        Raises:
            BusyError: the queue is full.
        """
        job = Job(kind)
        with self._lock:
            if len(self._open) >= self._room:
                raise BusyError("has too much to do at the moment", subject="server", fix="try again in a few seconds")
            self.store.put(job)
            self._open[job.id] = (self._threads.submit(self._run, job, work), None)
        return job

    async def ended(self, job_id: str) -> Job | None:
        """Wait until a job has ended; return it, or None if it is not known."""
        with self._lock:
            entry = self._open.get(job_id)
        if entry is not None:
            # A job that is called off while it waits has its future cancelled.
            await asyncio.wait([asyncio.wrap_future(entry[0])])
        return self.store.get(job_id)

    def call_off(self, job_id: str) -> Job | None:
        """Stop a job: at once if it waits, else at its next report of progress. Ended jobs stay as they are."""
        with self._lock:
            entry = self._open.get(job_id)
            if entry is not None and entry[0].cancel():
                del self._open[job_id]
                job = self.store.get(job_id)
                if job is not None:
                    self._end(job, CancelledError("was called off", subject=f"job {job_id}"))
            elif entry is not None and entry[1] is not None:
                entry[1].call_off()
        return self.store.get(job_id)

    def close(self) -> None:
        """Call off everything and wait for the threads."""
        with self._lock:
            names = list(self._open)
        for name in names:
            self.call_off(name)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job, work: Work) -> None:
        ticket = Ticket(replace(job, state="running", started=time.time()), self.store, seconds=self._seconds)
        with self._lock:
            if job.id in self._open:
                self._open[job.id] = (self._open[job.id][0], ticket)
        self.store.put(ticket.job)
        try:
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
