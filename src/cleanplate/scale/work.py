"""One picture, from store to store: read it and its masks, work, write the result, say what came of it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from cleanplate.decode.limits import Limits
from cleanplate.encode.options import SUFFIXES
from cleanplate.errors import CleanplateError, SelectionError
from cleanplate.scale import store
from cleanplate.scale.operations import Operation, operation_named

DONE, FAILED, SKIPPED = "done", "failed", "skipped"
_MASK_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
EXISTS = "its output exists already"


@dataclass(frozen=True)
class Brief:
    """What is the same for all pictures of a run.

    Attributes:
        operation: its name, or ``module:attribute``.
        options: those given for all pictures.
        target: folder or address that results go below.
        overwrite: replace results that exist.
        since: a result that exists and is not older than this (seconds since 1970, clock of the target's store) is one
            of this run, made by an attempt that was cut off before it could report; None if no such can be told.
        threads: threads a picture.
    """

    operation: str
    options: Mapping[str, Any]
    target: str
    overwrite: bool = False
    since: float | None = None
    threads: int = 1

    def to_json(self) -> str:
        """As text, for another process or machine."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Brief:
        """The reverse of :meth:`to_json`."""
        return Brief(**json.loads(text))


@dataclass(frozen=True)
class Row:
    """One picture of a plan.

    Attributes:
        key: names it in messages and in the manifest.
        source: where it is.
        output: where its result goes, relative to the target.
        size, stamp: as the store listed it; None if it was not listed.
        own: options of this picture alone, as JSON; None without.
        digest: short name of everything that decides what the result looks like.
    """

    key: str
    source: str
    output: str
    size: int | None = None
    stamp: str | None = None
    own: str | None = None
    digest: str = ""


@dataclass
class Outcome:
    """What came of one picture: one row of the manifest.

    Attributes:
        key, source, output, digest: as in :class:`Row`.
        state: ``done``, ``failed`` or ``skipped``.
        reason: why it failed or was skipped, in one line.
        exit_code: of the error; 0 without.
        source_bytes, source_stamp: of the picture.
        output_bytes, sha256: of the result.
        width, height: of the upright picture.
        engine, device: what worked on it.
        notes: remarks for the user.
        seconds: wall time from the request to read it to the result being there.
        cpu_seconds: processor time of that, all threads.
        peak_mb: most memory seen while it was worked on, 10**6 bytes, of the process that did.
        attempts: how often it was begun by its worker.
        worker: machine and process.
        time: end, ISO 8601 in UTC.
    """

    key: str
    state: str
    source: str = ""
    output: str = ""
    digest: str = ""
    reason: str | None = None
    exit_code: int = 0
    source_bytes: int | None = None
    source_stamp: str | None = None
    output_bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    engine: str | None = None
    device: str | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    attempts: int = 1
    worker: str = ""
    time: str = ""


def failure(row: Row, reason: str, exit_code: int = 1) -> Outcome:
    """The outcome of a picture that could not be worked on."""
    return Outcome(
        row.key,
        FAILED,
        row.source,
        row.output,
        row.digest,
        reason=reason,
        exit_code=exit_code,
        source_bytes=row.size,
        source_stamp=row.stamp,
    )


def do(brief: Brief, row: Row) -> Outcome:
    """Work on one picture; whatever goes wrong with it becomes its outcome."""
    started, busy = time.perf_counter(), time.process_time()
    try:
        outcome = _done(brief, row)
    except CleanplateError as error:
        outcome = failure(row, str(error), error.exit_code)
    except MemoryError:
        outcome = failure(row, f"{row.key}: out of memory")
    except Exception as error:
        # One bad picture must not stop the others, whatever it is that it upsets.
        text = " ".join(str(error).split())
        outcome = failure(row, f"{row.key}: unexpected {type(error).__name__}: {text}")
    outcome.seconds = time.perf_counter() - started
    outcome.cpu_seconds = time.process_time() - busy
    return outcome


def _done(brief: Brief, row: Row) -> Outcome:
    target = store.joined(brief.target, row.output)
    if not brief.overwrite and (there := store.info(target)) is not None:
        return _already_there(brief, row, there)
    operation = operation_named(brief.operation)
    options = {**brief.options, **(json.loads(row.own) if row.own else {})}
    limits = Limits(max_pixels=options.get("max_pixels", Limits.max_pixels))
    data = store.read(row.source, limits=limits, name=row.key)
    files = _files(operation, options, row, limits, common=brief.options)
    kind = _kind(row.source, row.output)
    report = operation.do(data, {**options, "threads": brief.threads}, files, row.key, kind)
    assert report.data is not None
    if operation.further is not None:
        # The result comes last: where it is, all is.
        for place, content in operation.further(PurePosixPath(row.output), report, options).items():
            _write_beside(brief, store.joined(brief.target, str(place)), content)
    store.write(target, report.data, overwrite=brief.overwrite)
    outcome = Outcome(row.key, DONE, row.source, row.output, row.digest, source_stamp=row.stamp)
    outcome.source_bytes, outcome.output_bytes = len(data), len(report.data)
    outcome.sha256 = hashlib.sha256(report.data).hexdigest()
    outcome.width, outcome.height = getattr(report, "size", (None, None))
    outcome.engine, outcome.device = getattr(report, "engine", None), getattr(report, "device", None)
    outcome.notes = [str(note) for note in getattr(report, "notes", [])]
    return outcome


def _already_there(brief: Brief, row: Row, there: store.Info) -> Outcome:
    """A result that nobody reported: of this run, if it is young enough; else it is somebody's, and stays."""
    own = _is_own(brief, there)
    outcome = Outcome(row.key, DONE if own else SKIPPED, row.source, row.output, row.digest, source_stamp=row.stamp)
    outcome.reason = None if own else EXISTS
    outcome.source_bytes, outcome.output_bytes = row.size, there.size
    outcome.notes = ["made by an attempt that was cut off"] if own else []
    return outcome


def _is_own(brief: Brief, there: store.Info) -> bool:
    return brief.since is not None and there.modified is not None and there.modified >= brief.since


def _write_beside(brief: Brief, place: str, content: bytes) -> None:
    """Write a file beside a result; one of an attempt that was cut off is replaced."""
    there = None if brief.overwrite else store.info(place)
    store.write(place, content, overwrite=brief.overwrite or (there is not None and _is_own(brief, there)))


def _files(
    operation: Operation, options: Mapping[str, Any], row: Row, limits: Limits, *, common: Mapping[str, Any]
) -> dict[str, list[bytes]]:
    """The files that options name, as bytes; of a folder the one that belongs to this picture."""
    read: dict[str, list[bytes]] = {}
    for name in operation.files:
        value = options.get(name)
        if value is None:
            continue
        for place in [value] if isinstance(value, str) else value:
            if isinstance(value, str) and not _is_file(place):
                continue  # a word or colour instead of a file
            if place.endswith("/"):
                partner = _partner(place, row.key, limits, needed=name != "avoid")
                read.setdefault(name, []).extend([partner] if partner is not None else [])
            elif common.get(name) == value:
                read.setdefault(name, []).append(_for_all(place, limits.max_pixels))
            else:
                read.setdefault(name, []).append(store.read(place, limits=limits))
    return read


def _is_file(value: str) -> bool:
    return "://" in value or value.startswith("/") or (len(value) > 1 and value[1] == ":")


@lru_cache(maxsize=8)
def _for_all(place: str, max_pixels: int) -> bytes:
    """A file that serves every picture is read once."""
    return store.read(place, limits=Limits(max_pixels=max_pixels))


def _partner(folder: str, key: str, limits: Limits, *, needed: bool) -> bytes | None:
    """The file of ``folder`` with the picture's relative path, whatever its ending."""
    stem = PurePosixPath(key).with_suffix("")
    # Restoring writes its masks under the first of these names.
    for ending in dict.fromkeys(("_defects.png", *_MASK_ENDINGS, PurePosixPath(key).suffix)):
        place = store.joined(folder, f"{stem}{ending}")
        if store.info(place) is not None:
            return store.read(place, limits=limits)
    if needed:
        expected = store.joined(folder, f"{stem}.png")
        raise SelectionError(f"has no mask in {folder}", subject=key, fix=f"expected for example {expected}")
    return None


def _kind(source: str, output: str) -> str | None:
    """The type to write; None where the name of the result keeps the ending of the picture."""
    wanted = PurePosixPath(output).suffix.lower()
    return None if PurePosixPath(source).suffix.lower() == wanted else SUFFIXES.get(wanted)
