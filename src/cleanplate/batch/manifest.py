"""What a batch has done already: JSON lines beside the outputs.

Each line is one event of one picture; the last one counts. ``started`` names the outputs that an interrupted run may
have left, ``done`` and ``failed`` what came of it. A picture is done if it and its masks have the size and the time of
change that the line records, the options are the same, and its outputs are there.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cleanplate
from cleanplate.batch.job import Job, Outcome
from cleanplate.errors import OutputError
from cleanplate.tasks.erase_options import EraseOptions
from cleanplate.tasks.outputs import planned_outputs

NAME = "cleanplate.manifest.jsonl"

_NO_INFLUENCE = {"threads", "overwrite", "in_place", "dry_run", "make_folders", "limits"}
"""Options that do not change what a result looks like."""


class Manifest:
    """The record of one output folder. Lines are appended whole, so that several runs may share it."""

    def __init__(self, folder: Path, options: EraseOptions) -> None:
        """Read what is recorded in ``folder``, if anything; torn or foreign lines are passed over."""
        self.path = folder / NAME
        self._options = options
        self._last: dict[str, dict[str, Any]] = {}
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                event = json.loads(line)
                self._last[event["key"]] = event
            except (ValueError, TypeError, KeyError):
                continue

    def is_done(self, job: Job) -> bool:
        """Whether the job's outputs are those that this job would make."""
        event = self._last.get(job.key)
        if event is None or event.get("options") != self._digest(job) or event.get("masks") != _stamps(job):
            return False
        if self._options.in_place:
            # The result took the place of the input. After an interruption only the stamp tells whether it did.
            replaced = event.get("event") == "started" and event.get("input") != _stamp(job.source)
            return replaced or (event.get("event") == "done" and event.get("result") == _stamp(job.source))
        outputs = planned_outputs(job.targets, self._options)
        return (
            event.get("event") == "done"
            and event.get("input") == _stamp(job.source)
            and all(path.exists() for path in outputs)
        )

    def was_interrupted(self, job: Job) -> bool:
        """Whether an earlier run began this job and never ended it, and what lies there now is its own."""
        event = self._last.get(job.key)
        if event is None or event.get("event") != "started":
            return False
        own = event.get("outputs", [])
        return all(self._name(path) in own for path in planned_outputs(job.targets, self._options) if path.exists())

    def start(self, job: Job) -> None:
        """Record that a job begins, and which files will be its own: those that are not there yet."""
        planned = planned_outputs(job.targets, self._options)
        outputs = [self._name(path) for path in planned if job.overwrite or not path.exists()]
        self._append({**self._describe(job), "event": "started", "outputs": outputs})

    def finish(self, job: Job, outcome: Outcome) -> None:
        """Record what came of a job that was started."""
        event = {**self._last[job.key], "event": "done" if outcome.error is None else "failed"}
        if outcome.error is not None:
            event["error"] = outcome.error
        elif job.targets.result is not None:
            event["result"] = _stamp(job.targets.result)
        self._append(event)

    def _name(self, path: Path) -> str:
        """An output as seen from the manifest, so that the two may move together."""
        return Path(os.path.relpath(path, self.path.parent)).as_posix()

    def _describe(self, job: Job) -> dict[str, Any]:
        return {
            "key": job.key,
            "input": _stamp(job.source),
            "masks": _stamps(job),
            "options": self._digest(job),
        }

    def _digest(self, job: Job) -> str:
        """A short name of everything beside the files that decides what the result looks like."""
        chosen = {field.name: getattr(self._options, field.name) for field in fields(self._options)}
        chosen = {name: value for name, value in chosen.items() if name not in _NO_INFLUENCE}
        chosen["encode"] = asdict(self._options.encode)
        drawn = {
            field.name: getattr(job.selection, field.name)
            for field in fields(job.selection)
            if field.name not in ("strokes", "masks", "avoid")
        }
        text = json.dumps([cleanplate.__version__, chosen, drawn], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _append(self, event: dict[str, Any]) -> None:
        event["time"] = datetime.now(UTC).isoformat(timespec="seconds")
        self._last[event["key"]] = event
        line = (json.dumps(event, ensure_ascii=False) + "\n").encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise OutputError(f"cannot be written ({error.strerror})", subject=self.path) from None


def _stamp(path: Path) -> list[int] | None:
    """Size and time of change; None if the file is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _stamps(job: Job) -> list[list[int] | None]:
    return [_stamp(path) for path in job.selection.files]
