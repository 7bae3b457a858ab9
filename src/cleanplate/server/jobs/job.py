"""One piece of work and how far it is."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]

ENDED: frozenset[str] = frozenset({"done", "failed", "cancelled"})
"""States that a job never leaves."""


@dataclass(frozen=True)
class Product:
    """What a job has made.

    Attributes:
        data: the bytes of the file, such as a picture; or, for what is too large for memory, where it lies until it is
            kept.
        media_type: of ``data``.
        name: what to call it when it is saved; a label, never a path of the server.
        report: what was done, as plain JSON values.
    """

    data: bytes | Path = field(repr=False)
    media_type: str
    name: str
    report: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A snapshot of one job; changes make new snapshots.

    Attributes:
        id: unguessable name.
        kind: the task, such as ``erase``.
        state: where it stands.
        created: seconds since 1970.
        started, ended: likewise, None before.
        done, total: parts of the work; total 0 = not known yet.
        error: the body of an error answer, and its HTTP status, for a job that failed.
        media_type, name, report: of the product, for a job that is done.
    """

    kind: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    state: State = "queued"
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    done: int = 0
    total: int = 0
    error: dict[str, str | None] | None = None
    status: int = 200
    media_type: str = ""
    name: str = ""
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED
