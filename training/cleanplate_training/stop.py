"""When to stop early: Ctrl-C, a request to terminate, or the end of the time that was given."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Literal

Reason = Literal["finished", "time limit", "interrupted", "terminated"]


class StopRequest:
    """Remembers that the run should stop; the loop asks after each step, so a step is never cut in two.

    A second Ctrl-C stops at once. Outside the main thread signals cannot be caught and only the time limit holds.

    Args:
        minutes: Stop after this time, None for no limit.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self._deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self._signalled: Reason | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def reason(self) -> Reason | None:
        """Why the run should stop now, or None."""
        if self._signalled is not None:
            return self._signalled
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return "time limit" if late else None

    def __enter__(self) -> StopRequest:
        """Catch SIGINT and SIGTERM."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            if self._signalled == "interrupted":
                raise KeyboardInterrupt
            self._signalled = "interrupted"
        else:
            self._signalled = "terminated"
