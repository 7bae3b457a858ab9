"""The manifest: Parquet files beside the results, one row a picture.

``TARGET/cleanplate.manifest/`` holds generations ``g0001-....parquet``, ``g0002-....parquet``: each run adds one, and a
run that ends merges all into a single new one and removes the others. So after a run the folder, read as one Parquet
data set, has exactly one row a picture; after an interruption the newest row of a picture counts. Files and folders
whose names begin with ``_`` (plans, marks of runs) are no part of the data set; Parquet readers pass over them.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from cleanplate.decode.limits import Limits
from cleanplate.errors import InputError, MissingExtraError
from cleanplate.scale import store
from cleanplate.scale.hashes import HashSet
from cleanplate.scale.work import DONE, Outcome

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "cleanplate.manifest"
_MARKS = "_runs"
_FILE = re.compile(r"g(\d+)-(.+)\.parquet")
_ROWS_A_FILE = 200_000
_ROWS_A_BATCH = 5_000
_LIMITS = Limits()


def arrow() -> Any:
    """PyArrow with its Parquet part.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("needs PyArrow", subject="batch", fix="pip install 'cleanplate[batch]'") from None
    return pyarrow


def schema() -> pa.Schema:
    """Columns of the manifest: the fields of :class:`~cleanplate.scale.work.Outcome`."""
    pa = arrow()
    special = {"notes": pa.list_(pa.string()), "exit_code": pa.int16(), "attempts": pa.int16()}
    whole = {"source_bytes", "output_bytes", "width", "height"}
    real = {"seconds", "cpu_seconds", "peak_mb"}

    def kind(name: str) -> Any:
        if name in special:
            return special[name]
        return pa.int64() if name in whole else pa.float32() if name in real else pa.string()

    return pa.schema([(field.name, kind(field.name)) for field in fields(Outcome)])


class Manifest:
    """The record below one target. One run at a time writes to it."""

    def __init__(self, target: str) -> None:
        """Look at what there is.

        Raises:
            InputError: the store does not answer.
        """
        self.folder = store.joined(target, FOLDER)
        self._marks = store.joined(self.folder, _MARKS)
        self._files = {name: int(fit[1]) for name in store.names(self.folder) if (fit := _FILE.fullmatch(name))}
        self._ended = {name[:5] for name in store.names(self._marks) if name.endswith(".ended")}
        self._begun = {name[:5] for name in store.names(self._marks) if name.endswith(".begun")}
        self.generation = max([*self._files.values(), *(int(name[1:]) for name in self._begun)], default=0) + 1
        self._pending: list[Outcome] = []
        self._written = 0
        self._flushed = time.monotonic()

    @property
    def plans(self) -> str:
        """Where this run's plan lies."""
        return store.joined(self.folder, "_plan")

    def begin(self, what: str) -> float | None:
        """Mark the begin of a run that does ``what``.

        Returns:
            From which time on, by the clock of the store, results are this run's own, or those of earlier runs that
            were cut off while they did the same; None where the store does not tell times.
        """
        earliest = None
        for name in sorted(self._begun - self._ended):
            mark = store.joined(self._marks, f"{name}.begun")
            if json.loads(store.read(mark, limits=_LIMITS)).get("what") == what:
                earliest = _time(mark) if earliest is None else earliest
        mark = store.joined(self._marks, f"{_name(self.generation)}.begun")
        store.write(mark, json.dumps({"what": what}).encode())
        return earliest if earliest is not None else _time(mark)

    def unfinished(self) -> set[int]:
        """Generations of runs that were cut off."""
        return {int(name[1:]) for name in self._begun - self._ended}

    def add(self, outcome: Outcome) -> None:
        """Record an outcome; it reaches the store within half a minute, or with :meth:`flush`."""
        self._pending.append(outcome)
        if len(self._pending) >= _ROWS_A_BATCH or time.monotonic() - self._flushed > 30.0:
            self.flush()

    def flush(self) -> None:
        """Write what was recorded since the last time."""
        self._flushed = time.monotonic()
        if self._pending:
            self._write(self.generation, f"{self._written:06d}", self._pending)
            self._written += 1
            self._pending = []

    def rows(self, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
        """The newest row of each picture, streamed, newest generation first."""
        for batch, _ in self._newest(columns):
            yield from batch

    def _newest(self, columns: list[str] | None = None) -> Iterator[tuple[list[dict[str, Any]], int]]:
        seen = HashSet()
        for name, generation in sorted(self._files.items(), key=lambda item: (-item[1], item[0])):
            for batch in self._batches(name, columns):
                yield [row for row in batch if seen.add(row["key"])], generation

    def newest_with_generation(self, columns: list[str]) -> Iterator[tuple[dict[str, Any], int]]:
        """Like :meth:`rows`, with the generation that each comes from."""
        for batch, generation in self._newest(columns):
            for row in batch:
                yield row, generation

    def finish(self) -> Counter[str]:
        """Merge all generations into one, with exactly one row a picture.

        Returns:
            How many pictures there are in each state.
        """
        self.flush()
        self._files = {name: int(fit[1]) for name in store.names(self.folder) if (fit := _FILE.fullmatch(name))}
        before, states, number = list(self._files), Counter[str](), 0
        held: list[dict[str, Any]] = []
        for batch, _ in self._newest():
            states.update(row["state"] for row in batch)
            held += batch
            if len(held) >= _ROWS_A_FILE:
                self._write_rows(self.generation + 1, f"{number:06d}", held)
                held, number = [], number + 1
        if held:
            self._write_rows(self.generation + 1, f"{number:06d}", held)
        for name in {*self._begun, _name(self.generation)}:
            store.write(store.joined(self._marks, f"{name}.ended"), b"", overwrite=True)
        for name in before:
            store.remove(store.joined(self.folder, name))
        for name in {*self._begun, _name(self.generation)} - {_name(self.generation)}:
            store.remove(store.joined(self._marks, f"{name}.begun"))
            store.remove(store.joined(self._marks, f"{name}.ended"))
        for name in store.names(self.plans):
            store.remove(store.joined(self.plans, name))
        return states

    def _batches(self, name: str, columns: list[str] | None) -> Iterator[list[dict[str, Any]]]:
        pa = arrow()
        data = store.read(store.joined(self.folder, name), limits=_LIMITS)
        try:
            file = pa.parquet.ParquetFile(pa.BufferReader(data))
            for batch in file.iter_batches(_ROWS_A_BATCH, columns=columns):
                yield batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            problem = f"is no manifest that can be read ({' '.join(str(error).split())[:200]})"
            raise InputError(problem, subject=f"{self.folder}/{name}", fix="move it away") from None

    def _write(self, generation: int, name: str, outcomes: Iterable[Outcome]) -> None:
        self._write_rows(generation, name, [asdict(outcome) for outcome in outcomes])

    def _write_rows(self, generation: int, name: str, rows: list[dict[str, Any]]) -> None:
        table = arrow().Table.from_pylist(rows, schema=schema())
        write_parquet(store.joined(self.folder, f"{_name(generation)}-{name}.parquet"), table)


def read_manifest(target: str) -> list[dict[str, Any]]:
    """Every picture below ``target``: its newest row of the manifest.

    Args:
        target: folder or address that results were written to.

    Raises:
        MissingExtraError: PyArrow is not installed.
        InputError: the manifest cannot be read.
    """
    return list(Manifest(store.address(target)).rows())


def is_done(row: dict[str, Any]) -> bool:
    """Whether a row says that its picture needs nothing more."""
    return bool(row["state"] == DONE)


def write_parquet(place: str, table: Any, *, row_group_size: int | None = None) -> None:
    """Write a table as one Parquet file, whole or not at all."""
    buffer = io.BytesIO()
    arrow().parquet.write_table(table, buffer, row_group_size=row_group_size, compression="zstd")
    store.write(place, buffer.getvalue(), overwrite=True)


def _name(generation: int) -> str:
    return f"g{generation:04d}"


def _time(mark: str) -> float | None:
    known = store.info(mark)
    return None if known is None else known.modified
