"""Where the jobs of a batch run: the interface, and the plainest way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from cleanplate.batch.job import Job, Outcome

Work = Callable[[Job], Outcome]
"""Does one job. Must be picklable for executors that leave the process, and must not raise."""


class Executor(Protocol):
    """Runs jobs somewhere: in this process, in others, or on other machines."""

    def run(self, work: Work, jobs: Iterable[Job]) -> Generator[Outcome]:
        """Do every job and yield its outcome, in any order.

        Jobs are taken from the iterable as there is room for them. A worker that dies makes a failure of its job, and
        the others go on. Closing the iterator, or an exception such as KeyboardInterrupt while waiting, stops all
        workers and leaves no half-written file. May be called again; workers then need not start anew.
        """
        ...

    def close(self) -> None:
        """End the workers."""
        ...


class Serial:
    """One job after another in this process."""

    def run(self, work: Work, jobs: Iterable[Job]) -> Generator[Outcome]:
        """See :class:`Executor`."""
        for job in jobs:
            yield work(job)

    def close(self) -> None:
        """See :class:`Executor`."""
