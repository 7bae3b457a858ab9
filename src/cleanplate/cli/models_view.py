"""How weights are shown: a table, a page, data, and a meter while one is fetched."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cleanplate.weights.record import Record
from cleanplate.weights.store import whereabouts
from cleanplate.weights.transfer import Progress as Callback

_PIPE_WIDTH = (
    10_000  # columns; a line is never folded for a program that reads it, however deep the folder of the weights
)


def as_data(record: Record) -> dict[str, Any]:
    """A record as plain data, with ``installed``: the file that would be used, or None (not verified)."""
    path = whereabouts(record)
    return {**dataclasses.asdict(record), "installed": None if path is None else str(path)}


def print_table(records: list[Record]) -> None:
    """Print one line a weight."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "task", "size", "licence", "commercial", "runs", "installed"):
        table.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    for record in records:
        path = whereabouts(record)
        table.add_row(
            record.name,
            record.task,
            _megabytes(record.bytes),
            record.licence,
            record.commercial_use,
            "yes" if record.runnable else "no",
            "-" if path is None else str(path),
        )
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    console.print(table)


def details(record: Record) -> str:
    """A record as text for people."""
    data = as_data(record)
    lines = [record.title, ""]
    for key, value in data.items():
        if key != "title":
            lines += _entry(key.replace("_", " "), value, "")
    return "\n".join(lines)


@contextmanager
def meter(label: str) -> Iterator[Callback | None]:
    """A progress bar on stderr where people look at it, else None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


def _entry(key: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, dict):
        inner = [line for name, part in value.items() for line in _entry(name, part, indent + "  ")]
        return [f"{indent}{key}:", *inner]
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return [line for part in value for line in _entry(key, part, indent)]
    if isinstance(value, list | tuple) and value and isinstance(value[0], str):
        return [f"{indent}{key}:", *(f"{indent}  {part}" for part in value)]
    if isinstance(value, list | tuple):
        value = ", ".join(str(part) for part in value) or "none"
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return [f"{indent}{key}: {'none' if value is None else value}"]


def _megabytes(size: int | str) -> str:
    return size if isinstance(size, str) else f"{size / 1e6:.1f} MB"
