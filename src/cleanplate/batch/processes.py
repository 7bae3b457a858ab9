"""Jobs in local processes, of which one may die without taking the batch along.

This module must not import numpy or OpenCV: worker processes import it before they limit those libraries' threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import FrameType

from cleanplate.batch.executor import Work
from cleanplate.batch.job import Job, Outcome, failed

_PATIENCE = 5.0
"""Seconds that a worker has to remove its temporary files before it is killed."""
_TERMINATED = 143


class Processes:
    """A pool of local processes, each with its share of the cores."""

    def __init__(self, jobs: int, *, threads: int) -> None:
        """Run ``jobs`` processes of ``threads`` threads each."""
        self._jobs = jobs
        self._threads = threads
        self._pool: _Pool | None = None

    def run(self, work: Work, jobs: Iterable[Job]) -> Generator[Outcome]:
        """See :class:`cleanplate.batch.executor.Executor`."""
        try:
            yield from self._run(work, iter(jobs))
        except BaseException:  # GeneratorExit and KeyboardInterrupt too
            self.close()
            raise

    def close(self) -> None:
        """See :class:`cleanplate.batch.executor.Executor`."""
        if self._pool is not None:
            self._pool.stop()
            self._pool = None

    def _run(self, work: Work, waiting: Iterator[Job]) -> Generator[Outcome]:
        running: dict[Future[Outcome], Job] = {}
        while True:
            while len(running) < self._jobs and (job := next(waiting, None)) is not None:
                running[self._submit(work, job)] = job
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                # One died, and nobody knows of which job: all that were running are suspects.
                wait(running)
                self.close()
                for future, job in running.items():
                    yield _outcome(future, job) if future.exception() is None else self._alone(work, job.again())
                running.clear()
                continue
            for future in done:
                yield _outcome(future, running.pop(future))

    def _submit(self, work: Work, job: Job) -> Future[Outcome]:
        if self._pool is not None:
            try:
                return self._pool.submit(work, job)
            except BrokenProcessPool:  # a worker died while it had nothing to do
                self.close()
        self._pool = _Pool(self._jobs, self._threads)
        return self._pool.submit(work, job)

    def _alone(self, work: Work, job: Job) -> Outcome:
        """Find out whether this job is the one that killed its worker, by giving it a pool of its own."""
        pool = _Pool(1, self._threads)
        try:
            future = pool.submit(work, job)
            wait([future])
            return _outcome(future, job)
        finally:
            pool.stop()


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenProcessPool):
        return failed(job.key, f"{job.key}: its worker process died; out of memory, or a damaged library")
    return failed(job.key, f"{job.key}: unexpected {type(error).__name__}: {' '.join(str(error).split())}")


class _Pool:
    """A process pool that can be stopped at once, and cleanly."""

    def __init__(self, workers: int, threads: int) -> None:
        # Spawned, not forked: the networks' runtime and OpenCV hold threads and locks that do not survive a fork.
        self._before = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(
            max_workers=workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare_worker,
            initargs=(threads,),
        )

    def submit(self, work: Work, job: Job) -> Future[Outcome]:
        return self._pool.submit(_do, work, job)

    def stop(self) -> None:
        """End the workers; one in the middle of a job removes its temporary files first."""
        workers = [child for child in multiprocessing.active_children() if child not in self._before]
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        until = time.monotonic() + _PATIENCE
        for worker in workers:
            worker.join(max(0.0, until - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()


class _Terminated(BaseException):
    """SIGTERM arrived in the middle of a job."""


_busy = False


def _prepare_worker(threads: int) -> None:
    """Runs first in every worker: bound its threads, and let the parent alone react to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    threading.Thread(target=_follow_parent, daemon=True).start()
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    import cv2

    cv2.setNumThreads(threads)


def _follow_parent() -> None:
    """End with the parent, also when it was killed and could not say so; the pool's workers would wait forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _terminate(number: int, frame: FrameType | None) -> None:
    if _busy:
        raise _Terminated
    os._exit(_TERMINATED)


def _do(work: Work, job: Job) -> Outcome:
    global _busy
    _busy = True
    try:
        return work(job)
    except _Terminated:
        os._exit(_TERMINATED)
    finally:
        _busy = False
