"""Seconds by step."""

from __future__ import annotations

import time


class Clock:
    """A stopwatch with named laps."""

    def __init__(self) -> None:
        """Start now."""
        self._started = self._last = time.perf_counter()
        self._seconds: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Add the time since the last lap to ``step``."""
        now = time.perf_counter()
        self._seconds[step] = self._seconds.get(step, 0.0) + now - self._last
        self._last = now

    def timings(self) -> dict[str, float]:
        """Seconds by step so far, and ``total``."""
        return {**self._seconds, "total": time.perf_counter() - self._started}
