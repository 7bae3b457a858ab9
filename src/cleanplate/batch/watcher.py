"""A folder that pictures keep arriving in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import watchfiles

from cleanplate.batch.executor import Executor
from cleanplate.batch.job import Job, Outcome
from cleanplate.batch.manifest import Manifest
from cleanplate.batch.planner import Plan, Request, plan
from cleanplate.batch.runner import run

_Stamp = tuple[tuple[int, int], ...]
"""Size and time of change of a picture and its masks."""


def watch(
    request: Request,
    executor: Executor,
    *,
    manifest: Manifest | None,
    on_outcome: Callable[[Outcome], None],
    settle: float = 1.0,
    stop: threading.Event | None = None,
) -> None:
    """Work on what is in the folder, then on what arrives, until interrupted.

    A picture is begun when its size and time of change, and those of its masks, have been the same for ``settle``
    seconds. A failure is reported and does not stop the watch; the picture is tried again when it or its mask changes.

    Args:
        request: what is asked for; its one source is the folder.
        executor: where the work runs.
        manifest: what was done before, and where to record.
        on_outcome: told about each picture.
        settle: seconds without change after which a file counts as complete.
        stop: ends the watch when set.
    """
    arrivals = _Arrivals(settle)
    for _ in _ticks(request, arrivals, stop):
        found = plan(request)
        ready = arrivals.ready(found.jobs)
        complaints = arrivals.news(found.failures)
        if ready or complaints:
            overwrite = request.assignment.overwrite
            run(Plan(ready, complaints), executor, manifest=manifest, overwrite=overwrite, on_outcome=on_outcome)
            arrivals.worked_on(ready)


def _ticks(request: Request, arrivals: _Arrivals, stop: threading.Event | None) -> Iterator[None]:
    """At once, then whenever something changed or is still settling."""
    yield None
    folders = [place for place in request.assignment.places_read if place.is_dir()]
    changes = watchfiles.watch(
        *request.sources,
        *folders,
        recursive=request.recursive or bool(folders),
        debounce=400,
        step=100,
        rust_timeout=300,
        yield_on_timeout=True,
        stop_event=stop,
        ignore_permission_denied=True,
    )
    for change in changes:
        if change or arrivals.unsettled:
            yield None


@dataclass
class _Arrivals:
    """Which pictures are complete and new."""

    settle: float
    unsettled: bool = False
    _seen: dict[str, tuple[_Stamp, float]] = field(default_factory=dict)
    _worked_on: dict[str, _Stamp] = field(default_factory=dict)
    _complaints: set[str] = field(default_factory=set)

    def ready(self, jobs: list[Job]) -> list[Job]:
        """Those that are new or changed, and have been the same for long enough."""
        now = time.monotonic()
        ready = []
        self.unsettled = False
        for job in jobs:
            stamp = _stamp(job)
            if stamp == self._worked_on.get(job.key):
                continue
            before, since = self._seen.get(job.key, (None, now))
            self._seen[job.key] = (stamp, since if stamp == before else now)
            if stamp == before and now - since >= self.settle:
                ready.append(job)
            else:
                self.unsettled = True
        return ready

    def news(self, failures: list[Outcome]) -> list[Outcome]:
        """Those that were not reported before."""
        fresh = [failure for failure in failures if str(failure.error) not in self._complaints]
        self._complaints = {str(failure.error) for failure in failures}
        return fresh

    def worked_on(self, jobs: list[Job]) -> None:
        """Remember them as they are now (working in place has changed them)."""
        for job in jobs:
            self._worked_on[job.key] = _stamp(job)


def _stamp(job: Job) -> _Stamp:
    return tuple(_of(path) for path in (job.source, *job.errand.files))


def _of(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)
