"""One picture: a file or standard input, to a file or standard output."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import typer

from cleanplate.batch.pairing import Partners
from cleanplate.cli.wishes import STREAM, Wishes
from cleanplate.cli.wording import further_files, sentence
from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError, OutputError
from cleanplate.tasks.erase_options import Targets
from cleanplate.tasks.file_report import FileReport
from cleanplate.tasks.outputs import natural_name
from cleanplate.tasks.photo import erase_file


def erase_one(wishes: Wishes) -> None:
    """Erase from one picture and say so."""
    source = wishes.sources[0]
    targets = Targets(
        _target(wishes), _placed(wishes.side_by_side, source, ".jpg"), _placed(wishes.save_mask, source, ".png")
    )
    if targets.result is None and sys.stdout.isatty():
        raise ArgumentError("would put a picture on the terminal", subject="-o -", fix="name a file, or add > FILE")
    piped = source == STREAM
    content = _from_stdin(wishes.options.limits) if piped else source
    selection = wishes.selection
    if not piped:
        relative = Path(source.name)
        masks, avoid = Partners(selection.masks).of(relative), Partners(selection.avoid).of(relative, needed=False)
        selection = replace(selection, masks=masks, avoid=avoid)
    report = erase_file(content, targets, selection, wishes.options, name="standard input" if piped else None)
    if report.data is not None:
        _to_stdout(report.data)
    _tell(report, wishes, stdout_is_free=report.data is None)


def _target(wishes: Wishes) -> Path | None:
    """The file that was asked for; None for standard output."""
    source, output = wishes.sources[0], wishes.output
    if wishes.options.in_place:
        return source
    if output == STREAM or (output is None and source == STREAM):
        return None
    if output is None:
        return natural_name(source.with_name(f"{source.stem}-clean{source.suffix}"))
    if not output.is_dir():
        return output
    if source == STREAM:
        raise ArgumentError("is a folder, and standard input has no name", subject=f"-o {output}", fix="name a file")
    return output / natural_name(Path(source.name))


def _placed(path: Path | None, source: Path, ending: str) -> Path | None:
    return path / f"{source.stem}{ending}" if path is not None and path.is_dir() else path


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


def _tell(report: FileReport, wishes: Wishes, *, stdout_is_free: bool) -> None:
    """Standard output is for data: the picture if it goes there, else the report."""
    if wishes.json:
        typer.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False), err=not stdout_is_free)
        return
    for line in (sentence(report), *further_files(report)):
        typer.echo(line, err=not stdout_is_free)
