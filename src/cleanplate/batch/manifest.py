"""What a batch has done already: JSON lines beside the outputs.

Each line is one event of one picture; the last one counts. ``started`` names the outputs that an interrupted run may
have left, ``done`` and ``failed`` what came of it. A picture is done if it and its masks (the files that its errand
reads beside it) have the size and the time of change that the line records, the options are the same, and its outputs
are there.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cleanplate
from cleanplate.batch.job import Job, Outcome
from cleanplate.errors import OutputError

NAME = "cleanplate.manifest.jsonl"


class Manifest:
    """The record of one output folder. Lines are appended whole, so that several runs may share it."""

    def __init__(self, folder: Path) -> None:
        """Read what is recorded in ``folder``, if anything; torn or foreign lines are passed over."""
        self.path = folder / NAME
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
        if event is None or event.get("options") != _digest(job) or event.get("masks") != _stamps(job):
            return False
        if job.errand.in_place:
            # The result took the place of the input. After an interruption only the stamp tells whether it did.
            replaced = event.get("event") == "started" and event.get("input") != _stamp(job.source)
            return replaced or (event.get("event") == "done" and event.get("result") == _stamp(job.source))
        outputs = job.errand.outputs()
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
        return all(self._name(path) in own for path in job.errand.outputs() if path.exists())

    def start(self, job: Job) -> None:
        """Record that a job begins, and which files will be its own: those that are not there yet."""
        planned = job.errand.outputs()
        outputs = [self._name(path) for path in planned if job.overwrite or not path.exists()]
        self._append({**self._describe(job), "event": "started", "outputs": outputs})

    def finish(self, job: Job, outcome: Outcome) -> None:
        """Record what came of a job that was started."""
        event = {**self._last[job.key], "event": "done" if outcome.error is None else "failed"}
        if outcome.error is not None:
            event["error"] = outcome.error
        elif job.errand.result is not None:
            event["result"] = _stamp(job.errand.result)
        self._append(event)

    def _name(self, path: Path) -> str:
        """An output as seen from the manifest, so that the two may move together."""
        return Path(os.path.relpath(path, self.path.parent)).as_posix()

    def _describe(self, job: Job) -> dict[str, Any]:
        return {
            "key": job.key,
            "input": _stamp(job.source),
            "masks": _stamps(job),
            "options": _digest(job),
        }

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
    return [_stamp(path) for path in job.errand.files]


def _digest(job: Job) -> str:
    """A short name of everything beside the files that decides what the outputs look like."""
    text = json.dumps([cleanplate.__version__, job.errand.settings()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
