"""One picture: a file or standard input, to a file or standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer

from cleanplate.batch.assignment import Report
from cleanplate.cli.wishes import STREAM, Wishes
from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError, CleanplateError, OutputError


def work_on_one(wishes: Wishes) -> None:
    """Work on one picture and say so."""
    source = wishes.sources[0]
    target = _target(wishes)
    if target is None and sys.stdout.isatty():
        raise ArgumentError("would put a picture on the terminal", subject="-o -", fix="name a file, or add > FILE")
    piped = source == STREAM
    content = _from_stdin(wishes.limits) if piped else source
    errand = wishes.assignment.one(None if piped else source, target)
    try:
        report = errand.do(content, name="standard input" if piped else None)
    except CleanplateError as error:
        raise error.about("standard input" if piped else source) from error.__cause__
    if report.data is not None:
        _to_stdout(report.data)
    _tell(report, wishes, stdout_is_free=report.data is None)


def _target(wishes: Wishes) -> Path | None:
    """The file that was asked for; None for standard output."""
    source, output = wishes.sources[0], wishes.output
    if wishes.assignment.in_place:
        return source
    if output == STREAM or (output is None and source == STREAM):
        return None
    if output is None:
        return wishes.assignment.beside(source)
    if not output.is_dir():
        return output
    if source == STREAM:
        raise ArgumentError("is a folder, and standard input has no name", subject=f"-o {output}", fix="name a file")
    return output / wishes.assignment.named(Path(source.name))


def _from_stdin(limits: Limits) -> bytes:
    return sys.stdin.buffer.read(limits.max_bytes + 1)


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror})", subject="standard output") from None


def _tell(report: Report, wishes: Wishes, *, stdout_is_free: bool) -> None:
    """Standard output is for data: the picture if it goes there, else the report."""
    if wishes.json:
        typer.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False), err=not stdout_is_free)
        return
    for line in wishes.tell(report):
        typer.echo(line, err=not stdout_is_free)
