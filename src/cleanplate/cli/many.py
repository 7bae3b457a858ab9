"""Folders and lists of pictures: progress, one line a failure, and a summary."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import typer

from cleanplate.batch.executor import Executor, Serial
from cleanplate.batch.job import Outcome
from cleanplate.batch.manifest import Manifest
from cleanplate.batch.planner import Plan, Request, plan
from cleanplate.batch.processes import Processes
from cleanplate.batch.runner import Summary, run
from cleanplate.cli.wishes import STREAM, Wishes
from cleanplate.cli.wording import batch_sentence
from cleanplate.errors import ArgumentError, InputError, PartialFailureError
from cleanplate.runtime.cpu_limits import usable_cores


def work_on_many(wishes: Wishes) -> None:
    """Work on many pictures.

    Raises:
        InputError: there are no pictures.
        PartialFailureError: some pictures failed; the others are done.
    """
    started = time.perf_counter()
    request = request_of(wishes)
    planned = plan(request)
    if not planned.jobs and not planned.failures:
        _no_pictures(wishes, planned)
    with (
        _progress(planned, wishes.verb, quiet=wishes.json) as tell,
        closing(executor_for(wishes, len(planned.jobs))) as executor,
    ):
        summary = run(
            planned,
            executor,
            manifest=None if wishes.assignment.rehearsal else manifest_of(wishes),
            overwrite=wishes.assignment.overwrite,
            on_outcome=tell,
        )
    if wishes.json:
        typer.echo(json.dumps(_report(summary), indent=2, ensure_ascii=False))
    else:
        typer.echo(batch_sentence(summary, wishes.output, time.perf_counter() - started))
    if summary.failures:
        total = len(summary.outcomes) + summary.resumed
        raise PartialFailureError(
            f"{len(summary.failures)} of {total} failed", fix="run the same command again to retry only those"
        )


def request_of(wishes: Wishes) -> Request:
    """The batch that was asked for.

    Raises:
        ArgumentError: standard output cannot hold several pictures.
    """
    if wishes.output == STREAM:
        raise ArgumentError("holds one picture only", subject="-o -", fix="name a folder for several")
    return Request(
        sources=wishes.sources,
        output=wishes.output,
        assignment=wishes.assignment.with_threads(threads_for(wishes)),
        recursive=wishes.recursive,
    )


def threads_for(wishes: Wishes) -> int:
    """Threads of each picture, so that all of them together use each core once."""
    return max(1, usable_cores() // wishes.jobs)


def executor_for(wishes: Wishes, pictures: int) -> Executor:
    """Processes, unless there is only one picture to spend their start on."""
    return Processes(min(wishes.jobs, pictures), threads=threads_for(wishes)) if pictures > 1 else Serial()


def manifest_of(wishes: Wishes) -> Manifest | None:
    """The record beside the outputs; working in place on several sources has no one place for it."""
    if wishes.output is not None:
        return Manifest(wishes.output)
    if len(wishes.sources) == 1:
        return Manifest(wishes.sources[0])
    return None


def file_report(outcome: Outcome) -> dict[str, Any]:
    """One picture in the JSON report."""
    if outcome.report is not None:
        return outcome.report
    return {"status": "failed", "source": outcome.key, "error": outcome.error, "exit_code": outcome.exit_code}


def _report(summary: Summary) -> dict[str, Any]:
    return {
        "done": len(summary.outcomes) - len(summary.failures),
        "failed": len(summary.failures),
        "resumed": summary.resumed,
        "other_files": summary.others,
        "files": [file_report(outcome) for outcome in summary.outcomes],
    }


def _no_pictures(wishes: Wishes, planned: Plan) -> None:
    problem = f"holds no pictures ({planned.others} other files)" if planned.others else "holds no pictures"
    fix = "check the path" if wishes.recursive else "add --recursive to look into sub-folders"
    raise InputError(problem, subject=wishes.sources[0], fix=fix)


@contextmanager
def _progress(planned: Plan, verb: str, *, quiet: bool) -> Iterator[Callable[[Outcome], None]]:
    """A bar with the time left where there is a terminal; in any case one line a failure, on stderr."""
    if quiet or not sys.stderr.isatty():
        yield _tell_failure
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("left"), TimeRemainingColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        # What failed in planning took no time, and would promise too early an end.
        worked_on = {job.key for job in planned.jobs}
        task = bar.add_task(verb, total=len(worked_on))

        def tell(outcome: Outcome) -> None:
            if outcome.error is not None:
                bar.console.print(f"failed: {outcome.error}", markup=False, highlight=False, soft_wrap=True)
            bar.advance(task, 1 if outcome.key in worked_on else 0)

        yield tell


def _tell_failure(outcome: Outcome) -> None:
    if outcome.error is not None:
        typer.echo(f"failed: {outcome.error}", err=True)
