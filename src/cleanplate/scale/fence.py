"""A fence around the work: pictures are done in a child process that may crash, hang or swell without harm."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from cleanplate.errors import EngineError
from cleanplate.scale import store
from cleanplate.scale.work import Brief, Outcome, Row, failure

_LOOK = 0.05
"""Seconds between looks at the child's memory."""
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_LIBRARIES = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")
_SHARE_KEPT = 0.6
"""Share of the memory limit that a child may hold between pictures; one that holds more begins anew."""


@dataclass(frozen=True)
class Bounds:
    """How much one picture may take.

    Attributes:
        seconds: wall time.
        megabytes: resident memory of the process, 10**6 bytes, networks included. Watched on Linux; elsewhere the
            system's own limits are the only ones.
        start_seconds: wall time for starting the process; the first picture may take so much longer, as networks are
            loaded for it.
    """

    seconds: float = 300.0
    megabytes: float = 4000.0
    start_seconds: float = 120.0


class Fence:
    """One child process after another; never more than one at a time. Not for several threads at once."""

    def __init__(self, brief: Brief, bounds: Bounds) -> None:
        """Nothing is started yet."""
        self._brief, self._bounds = brief, bounds
        self._child: _Child | None = None
        self._stopped = False

    def do(self, row: Row) -> Outcome:
        """Work on one picture.

        A child that dies of itself gets a second chance, in a new one, because the system may have chosen it for what
        others did. One that takes too long or too much gets none.

        Raises:
            EngineError: no child can be started.
        """
        outcome, died = self._attempt(row)
        if died and not self._stopped:
            outcome, _ = self._attempt(row)
            outcome.attempts = 2
        outcome.time = datetime.now(UTC).isoformat(timespec="milliseconds")
        return outcome

    def close(self) -> None:
        """End the child; may be called from another thread, in the middle of a picture."""
        self._stopped = True
        self._end(gently=True)

    def _attempt(self, row: Row) -> tuple[Outcome, bool]:
        """The outcome, and whether the child died over it."""
        fresh = self._child is None
        child = self._child = self._child or _Child(self._brief, self._bounds.start_seconds)
        began = time.perf_counter()
        limit = self._bounds.seconds + (self._bounds.start_seconds if fresh else 0.0)
        worker = f"{socket.gethostname()}:{child.pid}"
        line = child.ask(json.dumps(asdict(row)), until=began + limit, megabytes=self._bounds.megabytes)
        if line is not None:
            outcome = Outcome(**json.loads(line))
            if child.megabytes() > _SHARE_KEPT * self._bounds.megabytes:
                self._end(gently=True)
        else:
            outcome = failure(row, f"{row.key}: {self._why(child, limit)}")
            outcome.seconds = time.perf_counter() - began
            self._end(gently=False)
            _sweep(self._brief.target, row, child.pid)
        outcome.peak_mb, outcome.worker = child.peak, worker
        return outcome, line is None and child.verdict is None

    def _why(self, child: _Child, limit: float) -> str:
        if child.verdict == "time":
            return f"took longer than {limit:g} s and was ended; see --time-limit"
        if child.verdict == "memory":
            return f"needed more than {self._bounds.megabytes:g} MB and was ended; see --memory-limit"
        return f"its process died ({child.death()}); out of memory, or a damaged file that upsets a library"

    def _end(self, *, gently: bool) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end(gently=gently)


class _Child:
    """A running child and its pipes."""

    def __init__(self, brief: Brief, start_seconds: float) -> None:
        self.peak = 0.0
        self.verdict: str | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        environment = dict(os.environ)
        environment.update({f"{library}_NUM_THREADS": str(brief.threads) for library in _LIBRARIES})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cleanplate.scale.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self.pid = self._process.pid
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if self.ask(brief.to_json(), until=time.perf_counter() + start_seconds, megabytes=float("inf")) is None:
            death = self.death()
            self.end(gently=False)
            raise EngineError(f"cannot be started ({death})", subject="worker process", fix="see cleanplate doctor")

    def ask(self, line: str, *, until: float, megabytes: float) -> str | None:
        """The answer to a line; None if the child died, or was found to take too long or too much."""
        assert self._process.stdin is not None
        self.peak = 0.0
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            return None
        while True:
            try:
                return self._lines.get(timeout=_LOOK)
            except queue.Empty:
                pass
            if self.megabytes() > megabytes:
                self.verdict = "memory"
            elif time.perf_counter() > until:
                self.verdict = "time"
            if self.verdict is not None:
                return None

    def megabytes(self) -> float:
        """Resident memory now; 0 where the system does not tell it."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return 0.0
        now = pages * _PAGE / 1e6
        self.peak = max(self.peak, now)
        return now

    def death(self) -> str:
        """How it ended, with the last thing that it said."""
        try:
            code = self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            code = None
        said: list[str] = []
        with contextlib.suppress(ValueError):  # closed by another thread, which ended the child
            self._complaints.seek(0)
            said = self._complaints.read()[-4000:].decode(errors="replace").strip().splitlines()
        how = "no answer" if code is None else f"signal {-code}" if code < 0 else f"exit status {code}"
        return f"{how}: {said[-1][:200]}" if said else how

    def end(self, *, gently: bool) -> None:
        """Let it go, or end it where it stands."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if gently:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(6.0)
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._complaints.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._lines.put(line)
        self._lines.put(None)


def _sweep(target: str, row: Row, pid: int) -> None:
    """Remove what a child that was ended in the middle of writing has left beside the result."""
    if store.is_local(target):
        folder = Path(store.joined(target, row.output)).parent
        for left in folder.glob(f".cleanplate-{pid}-*.part"):
            left.unlink(missing_ok=True)
