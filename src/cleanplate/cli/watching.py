"""``--watch``: stay, and work on pictures as they arrive."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import typer

from cleanplate.batch.job import Outcome
from cleanplate.batch.watcher import watch
from cleanplate.cli.many import executor_for, file_report, manifest_of, request_of
from cleanplate.cli.wishes import Wishes


def keep_working(wishes: Wishes) -> None:
    """Work on every picture that is in the folder or arrives there, until Ctrl-C."""
    request = request_of(wishes)
    typer.echo(f"watching {wishes.sources[0]}; Ctrl-C ends", err=True)

    def tell(outcome: Outcome) -> None:
        if wishes.json:
            typer.echo(json.dumps(file_report(outcome), ensure_ascii=False))
        elif outcome.error is not None:
            typer.echo(f"failed: {outcome.error}", err=True)
        else:
            report = outcome.report or {}
            written = " + ".join(report.get("outputs", [])) or Path(outcome.key)
            seconds = report.get("timings", {}).get("total", 0.0)
            typer.echo(f"{outcome.key} -> {written}: {report.get('status')} in {seconds:.1f} s")

    with closing(executor_for(wishes, wishes.jobs + 1)) as executor:
        watch(request, executor, manifest=manifest_of(wishes), on_outcome=tell)
