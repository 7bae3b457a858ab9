"""From a source to a plan: which pictures are still to do, in files that any machine can read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import cleanplate
from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError, CleanplateError
from cleanplate.scale import sources, store
from cleanplate.scale.hashes import HashSet, hash_of
from cleanplate.scale.manifest import Manifest, arrow, is_done, write_parquet
from cleanplate.scale.operations import Operation, operation_named
from cleanplate.scale.options import read_options
from cleanplate.scale.work import Outcome, Row, failure

_ROWS_A_PART = 20_000
_LARGEST_CHUNK = 32


@dataclass(frozen=True)
class Wish:
    """What a user asks for.

    Attributes:
        operation: its name.
        source: see :func:`cleanplate.scale.sources.pictures`.
        target: folder or address that results go below.
        options: for all pictures, read already.
        table: CSV or JSON lines with options of single pictures; None without.
        root: what relative names in lists start from.
        overwrite: do again what is done.
        check_outputs: look whether results that the manifest calls done are still there, also in remote stores.
    """

    operation: str
    source: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    table: str | None = None
    root: str | None = None
    overwrite: bool = False
    check_outputs: bool = False


@dataclass
class Plan:
    """What is to do.

    Attributes:
        parts: Parquet files of :class:`~cleanplate.scale.work.Row`; a row group is what a worker takes at a time.
        chunk: pictures of a row group.
        pending: how many pictures are to do.
        resumed: how many were done before and stay.
        changed: how many of those were done with other options, or from a picture that has changed since.
        repeated: how many names came again in a list.
        bytes: size of the pictures to do, as far as listed.
    """

    parts: list[str] = field(default_factory=list)
    chunk: int = 1
    pending: int = 0
    resumed: int = 0
    changed: int = 0
    repeated: int = 0
    bytes: int = 0

    def chunks(self) -> Iterator[tuple[str, int]]:
        """Part and number of each row group."""
        left = self.pending
        for part in self.parts:
            here = min(left, _ROWS_A_PART)
            yield from ((part, number) for number in range(-(-here // self.chunk)))
            left -= here


def chunk_of(part: str, number: int) -> list[Row]:
    """The rows of one row group."""
    return [Row(**row) for row in _part(part).read_row_group(number).to_pylist()]


@lru_cache(maxsize=2)
def _part(part: str) -> Any:
    """A part in memory (a few megabytes), for the many chunks that a worker takes from it."""
    pa = arrow()
    return pa.parquet.ParquetFile(pa.BufferReader(store.read(part, limits=Limits())))


def make_plan(wish: Wish, manifest: Manifest, *, workers: int, on_failure: Callable[[Outcome], None]) -> Plan:
    """Lay out what is to do; nothing but lists, tables and the manifest is read.

    Args:
        wish: what is asked for.
        manifest: what was done before; failures that are known now go to ``on_failure``.
        workers: how many will work, so that each gets its share.
        on_failure: told about pictures that cannot be worked on.

    Raises:
        CleanplateError: the wish as a whole makes no sense, or the source cannot be listed.
    """
    planner = _Planner(wish, manifest, on_failure)
    part: list[Row] = []
    made = planner.plan
    waiting: list[list[Row]] = []
    name = f"g{manifest.generation:04d}"
    for row in planner.rows():
        part.append(row)
        if len(part) == _ROWS_A_PART:
            waiting.append(part)
            part = []
            # The size of chunks is known once there is a full part: then it is the largest.
            made.chunk = _LARGEST_CHUNK
            _write(made, manifest.plans, name, waiting)
    made.chunk = _LARGEST_CHUNK if made.parts else max(1, min(_LARGEST_CHUNK, len(part) // (8 * max(1, workers))))
    _write(made, manifest.plans, name, [*waiting, *([part] if part else [])])
    return made


def rows_of(plan: Plan) -> Iterator[Row]:
    """All rows, part after part."""
    for part in plan.parts:
        for batch in _part(part).iter_batches(5_000):
            yield from (Row(**row) for row in batch.to_pylist())


def second_plan(rows: Iterator[Row], folder: str, *, name: str, workers: int) -> Plan:
    """A plan for pictures that nobody has reported on; its files begin with ``name``."""
    left = list(rows)
    plan = Plan(pending=len(left), chunk=max(1, min(_LARGEST_CHUNK, len(left) // (4 * max(1, workers)))))
    parts = [left[start : start + _ROWS_A_PART] for start in range(0, len(left), _ROWS_A_PART)]
    _write(plan, folder, name, parts)
    return plan


class _Planner:
    def __init__(self, wish: Wish, manifest: Manifest, on_failure: Callable[[Outcome], None]) -> None:
        self.plan = Plan()
        self._wish, self._on_failure = wish, on_failure
        self._operation = operation_named(wish.operation)
        self._before = _Before(manifest, overwrite=wish.overwrite)
        self._keys, self._outputs = HashSet(), HashSet()
        root = store.address(wish.root or wish.source)
        self._table = {} if wish.table is None else sources.table(wish.table, root=root)
        self._used = 0
        self._look = wish.check_outputs or store.is_local(wish.target)
        self._refusal: CleanplateError | None = None
        try:
            self._operation.check(wish.options)
        except CleanplateError as error:
            if wish.table is None and not store.address(wish.source).lower().endswith((".csv", ".jsonl", ".ndjson")):
                raise
            self._refusal = error  # pictures may bring what is missing

    def rows(self) -> Iterator[Row]:
        """What is to do, in the order of the source."""
        for found in sources.pictures(self._wish.source, root=self._wish.root, without=self._wish.target):
            if not self._keys.add(found.key):
                self.plan.repeated += 1
                continue
            row = self._row(found)
            if row is None or self._stays(row):
                continue
            self.plan.pending += 1
            self.plan.bytes += row.size or 0
            yield row
        if self._used < len(self._table):
            missing = next(key for key in self._table if key not in self._keys)
            raise ArgumentError(
                f"names '{missing}', which is not in the source", subject=self._wish.table, fix="check its names"
            )

    def _row(self, found: sources.Found) -> Row | None:
        size, stamp = (found.info.size, found.info.stamp) if found.info else (None, None)
        given = dict(found.given)
        if found.key in self._table:
            given.update(self._table[found.key])
            self._used += 1
        row = Row(found.key, found.place, "", size, stamp)
        try:
            own = read_options(given, self._operation.options, where=found.where)
            own = resolved(own, self._operation, (self._wish.table or self._wish.source).rpartition("/")[0] or ".")
            options = {**self._wish.options, **own}
            self._check(own, options)
            output = str(self._operation.named(PurePosixPath(found.key), options))
        except CleanplateError as error:
            self._fail(row, str(error), error.exit_code)
            return None
        digest = digest_of(self._wish.operation, options)
        row = Row(found.key, found.place, output, size, stamp, json.dumps(own, sort_keys=True) if own else None, digest)
        # Files beside the result take their names from it.
        taken = output if self._operation.further is None else str(PurePosixPath(output).with_suffix(""))
        if not self._outputs.add(taken):
            reason = f"{found.key}: would be written to {output} like another picture; rename one of them"
            self._fail(row, reason, 5)
            return None
        if store.joined(self._wish.target, output) == found.place:
            self._fail(row, f"{found.key}: would be written over the input; write elsewhere with -o", 5)
            return None
        return row

    def _check(self, own: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        if own:
            self._operation.check(options)
        elif self._refusal is not None:
            raise self._refusal

    def _fail(self, row: Row, reason: str, exit_code: int) -> None:
        self._on_failure(failure(row, reason, exit_code))

    def _stays(self, row: Row) -> bool:
        """Whether it was done before."""
        same = self._before.same(row)
        if same is None:
            return False
        if self._look and store.info(store.joined(self._wish.target, row.output)) is None:
            return False
        self.plan.resumed += 1
        self.plan.changed += not same
        return True


class _Before:
    """What is done according to the manifest: sixteen bytes a picture, sorted."""

    def __init__(self, manifest: Manifest, *, overwrite: bool) -> None:
        import numpy as np

        unfinished = manifest.unfinished() if overwrite else set()
        hashes, prints = [], []
        for row, generation in manifest.newest_with_generation(["key", "state", "digest", "source_stamp"]):
            if is_done(row) and (not overwrite or generation in unfinished):
                hashes.append(hash_of(row["key"]))
                prints.append(_print(row["digest"], row["source_stamp"]))
        order = np.argsort(np.array(hashes, np.uint64), kind="stable")
        self._hashes = np.array(hashes, np.uint64)[order]
        self._prints = np.array(prints, np.uint64)[order]

    def same(self, row: Row) -> bool | None:
        """Whether it was done just so; False if from other options or another picture, None if it was not done."""
        import numpy as np

        wanted = np.uint64(hash_of(row.key))
        place = int(np.searchsorted(self._hashes, wanted))
        if place == len(self._hashes) or self._hashes[place] != wanted:
            return None
        return bool(int(self._prints[place]) == _print(row.digest, row.stamp))


def _print(digest: str, stamp: str | None) -> int:
    return hash_of(f"{digest} {stamp}")


def digest_of(operation: str, options: Mapping[str, Any]) -> str:
    """A short name of everything beside the files that decides what a result looks like."""
    text = json.dumps([cleanplate.__version__, operation, dict(options)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def resolved(options: Mapping[str, Any], operation: Operation, folder: str) -> dict[str, Any]:
    """The options with absolute addresses, so that they mean the same on every machine; folders end in a slash."""
    found = dict(options)
    for name in operation.files & found.keys():
        if isinstance(found[name], str):
            place = store.address(found[name] if "://" in found[name] else store.joined(folder, found[name]))
            if "://" in found[name] or (not found[name].startswith("#") and store.info(place) is not None):
                found[name] = place
            continue
        found[name] = [_resolved(place, folder) for place in found[name]]
    return found


def _resolved(place: str, folder: str) -> str:
    absolute = "://" in place or place.startswith(("/", "~"))
    full = store.address(place if absolute else store.joined(folder, place))
    return f"{full}/" if place.endswith("/") or (store.is_local(full) and store.is_folder(full)) else full


def _write(plan: Plan, folder: str, name: str, parts: list[list[Row]]) -> None:
    pa = arrow()
    columns = [entry.name for entry in fields(Row)]
    kinds = pa.schema([(column, pa.int64() if column == "size" else pa.string()) for column in columns])
    for rows in parts:
        place = store.joined(folder, f"{name}-{len(plan.parts):05d}.parquet")
        table = pa.Table.from_pylist([asdict(row) for row in rows], schema=kinds)
        write_parquet(place, table, row_group_size=plan.chunk)
        plan.parts.append(place)
    parts.clear()
