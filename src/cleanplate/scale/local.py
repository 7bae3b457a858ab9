"""Workers on this machine: threads that each hold a fenced child process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator

from cleanplate.errors import CleanplateError
from cleanplate.scale.fence import Bounds, Fence
from cleanplate.scale.plan import Plan, rows_of
from cleanplate.scale.work import Brief, Outcome, Row, failure


class LocalWorkers:
    """So many pictures at a time on this machine. See :class:`cleanplate.scale.run.Workers`."""

    def __init__(self, workers: int, bounds: Bounds) -> None:
        """Nothing is started yet."""
        self.workers, self._bounds = workers, bounds

    def close(self) -> None:
        """Nothing is held between runs."""

    def run(self, brief: Brief, plan: Plan) -> Generator[Outcome]:
        """Work the plan off; outcomes in the order that they come."""
        waiting: queue.Queue[Row | None] = queue.Queue(2 * self.workers)
        outcomes: queue.Queue[Outcome | BaseException | None] = queue.Queue()
        fences = [Fence(brief, self._bounds) for _ in range(min(self.workers, max(1, plan.pending)))]
        stopped = threading.Event()
        threads = [threading.Thread(target=_feed, args=(rows_of(plan), waiting, outcomes, len(fences), stopped))]
        threads += [threading.Thread(target=_work, args=(fence, waiting, outcomes)) for fence in fences]
        for thread in threads:
            thread.daemon = True
            thread.start()
        try:
            running = len(fences)
            while running:
                outcome = outcomes.get()
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome is None:
                    running -= 1
                else:
                    yield outcome
        finally:
            stopped.set()
            closing = [threading.Thread(target=fence.close) for fence in fences]
            for thread in closing:
                thread.start()
            for thread in closing:
                thread.join()


def _feed(
    rows: Iterator[Row],
    waiting: queue.Queue[Row | None],
    outcomes: queue.Queue[Outcome | BaseException | None],
    workers: int,
    stopped: threading.Event,
) -> None:
    try:
        for row in rows:
            if not _put(waiting, row, stopped):
                return
        for _ in range(workers):
            _put(waiting, None, stopped)
    except BaseException as error:  # handed to whoever waits for outcomes
        outcomes.put(error)


def _put(waiting: queue.Queue[Row | None], row: Row | None, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        try:
            waiting.put(row, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False


def _work(
    fence: Fence, waiting: queue.Queue[Row | None], outcomes: queue.Queue[Outcome | BaseException | None]
) -> None:
    try:
        while (row := waiting.get()) is not None:
            try:
                outcome = fence.do(row)
            except CleanplateError:
                raise
            except Exception as error:
                outcome = failure(row, f"{row.key}: unexpected {type(error).__name__}: {error}")
            outcomes.put(outcome)
        outcomes.put(None)
    except BaseException as error:  # handed to whoever waits for outcomes
        outcomes.put(error)
