"""Doing what was planned: skip what is done, run the rest, record it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from cleanplate.batch.executor import Executor
from cleanplate.batch.job import Job, Outcome, do_job
from cleanplate.batch.manifest import Manifest
from cleanplate.batch.planner import Plan


@dataclass
class Summary:
    """What came of a batch.

    Attributes:
        outcomes: of the pictures that were worked on now, and of those that could not be.
        resumed: pictures that an earlier run had done.
        others: files passed over because they are no pictures.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    resumed: int = 0
    others: int = 0

    @property
    def failures(self) -> list[Outcome]:
        """The outcomes that are errors."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]


def run(
    plan: Plan,
    executor: Executor,
    *,
    manifest: Manifest | None,
    overwrite: bool = False,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> Summary:
    """Work off a plan.

    Args:
        plan: what to do.
        executor: where.
        manifest: what was done before, and where to record; None to keep no record.
        overwrite: do again what was done before.
        on_outcome: told about each picture as it is done or has failed.
    """
    summary = Summary(others=plan.others)

    def note(outcome: Outcome) -> None:
        summary.outcomes.append(outcome)
        on_outcome(outcome)

    for outcome in plan.failures:
        note(outcome)
    pending = []
    for job in plan.jobs:
        if manifest is not None and not overwrite and manifest.is_done(job):
            summary.resumed += 1
        else:
            pending.append(job)
    jobs = {job.key: job for job in pending}
    with closing(executor.run(do_job, _started(pending, manifest))) as outcomes:
        for outcome in outcomes:
            if manifest is not None:
                manifest.finish(jobs[outcome.key], outcome)
            note(outcome)
    return summary


def _started(pending: list[Job], manifest: Manifest | None) -> Iterator[Job]:
    """Hand out jobs, each recorded as begun at the moment that it is."""
    for job in pending:
        chosen = job
        if manifest is not None:
            if manifest.was_interrupted(job):
                chosen = job.again()
            manifest.start(chosen)
        yield chosen
