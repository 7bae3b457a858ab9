"""What a run took: counts, rates, and the pictures that took longest."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cleanplate.scale.plan import Plan
from cleanplate.scale.work import DONE, FAILED, SKIPPED, Outcome

_SLOWEST = 5


@dataclass
class Summary:
    """Figures of a run.

    Attributes:
        workers: pictures worked on at a time.
        states: pictures of this run by state.
        manifest: pictures of the manifest by state, earlier runs included.
        pending: pictures that were to do.
        resumed: pictures that were done before.
        changed: those of them that were done with other options, or from pictures that have changed since.
        repeated: names that came again in a list.
        reasons: failures and skips by reason without the name, most frequent first in :meth:`to_json`.
        seconds: wall time of the work; planning_seconds: of laying it out.
        cpu_seconds: processor time of the work on pictures.
        pixels: of the pictures done.
        peak_mb: most memory of any picture's process.
        slowest: seconds and key of those that took longest.
    """

    workers: int
    states: Counter[str] = field(default_factory=Counter)
    manifest: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    resumed: int = 0
    changed: int = 0
    repeated: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    planning_seconds: float = 0.0
    cpu_seconds: float = 0.0
    pixels: int = 0
    peak_mb: float = 0.0
    slowest: list[tuple[float, str]] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Pictures that failed now."""
        return self.states[FAILED]

    @property
    def rate(self) -> float:
        """Pictures per second of wall time, all workers together."""
        return self.states[DONE] / self.seconds if self.seconds else 0.0

    @property
    def rate_per_core(self) -> float:
        """Pictures per second of processor time: what one core that does nothing else would do."""
        return self.states[DONE] / self.cpu_seconds if self.cpu_seconds else 0.0

    def add(self, outcome: Outcome) -> None:
        """Count a picture."""
        self.states[outcome.state] += 1
        if outcome.reason is not None and len(self.reasons) < 1000:
            self.reasons[_without_name(outcome)] += 1
        if outcome.state == DONE:
            self.cpu_seconds += outcome.cpu_seconds
            self.pixels += (outcome.width or 0) * (outcome.height or 0)
        self.peak_mb = max(self.peak_mb, outcome.peak_mb)
        entry = (outcome.seconds, outcome.key)
        if len(self.slowest) < _SLOWEST:
            heapq.heappush(self.slowest, entry)
        else:
            heapq.heappushpop(self.slowest, entry)

    def planned(self, plan: Plan) -> None:
        """Take over what the plan says."""
        self.pending, self.resumed, self.changed, self.repeated = (
            plan.pending,
            plan.resumed,
            plan.changed,
            plan.repeated,
        )

    def recorded(self, states: Counter[str]) -> None:
        """Take over what the manifest holds in the end."""
        self.manifest = states

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Time the planning."""
        started = time.monotonic()
        yield
        self.planning_seconds = time.monotonic() - started

    @contextmanager
    def working(self) -> Iterator[None]:
        """Time the work."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds = time.monotonic() - started

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and texts."""
        return {
            **{state: self.states[state] for state in (DONE, FAILED, SKIPPED)},
            "resumed": self.resumed,
            "resumed_with_other_options": self.changed,
            "repeated_names": self.repeated,
            "manifest": dict(self.manifest),
            "workers": self.workers,
            "planning_seconds": round(self.planning_seconds, 3),
            "seconds": round(self.seconds, 3),
            "pictures_per_second": round(self.rate, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "pictures_per_core_second": round(self.rate_per_core, 3),
            "megapixels": round(self.pixels / 1e6, 3),
            "peak_mb_per_worker": round(self.peak_mb),
            "reasons": dict(self.reasons.most_common(20)),
            "slowest": [{"key": key, "seconds": round(seconds, 3)} for seconds, key in sorted(self.slowest)[::-1]],
        }

    def lines(self, target: str) -> list[str]:
        """The same for people."""
        parts = [f"{self.states[DONE]} done"]
        parts += [f"{self.states[FAILED]} failed"] if self.states[FAILED] else []
        parts += [f"{self.states[SKIPPED]} skipped"] if self.states[SKIPPED] else []
        parts += [f"{self.resumed} done before"] if self.resumed else []
        parts += [f"{self.repeated} named twice"] if self.repeated else []
        lines = [f"{target}: {', '.join(parts)} in {duration(self.seconds)}"]
        if self.states[DONE] and self.seconds:
            lines.append(
                f"  {self.rate:.2f} pictures/s with {self.workers} workers, {self.rate_per_core:.2f} per core second, "
                f"{self.pixels / 1e6 / self.seconds:.1f} megapixels/s, at most {self.peak_mb:.0f} MB a worker"
            )
            slow = ", ".join(f"{key} {seconds:.1f} s" for seconds, key in sorted(self.slowest)[::-1])
            lines.append(f"  slowest: {slow}")
        if self.changed:
            lines.append(
                f"  {self.changed} were done with other options, or have changed since; --overwrite does them again"
            )
        lines += [f"  {count} x {reason}" for reason, count in self.reasons.most_common(5)]
        return lines


def duration(seconds: float) -> str:
    """Seconds as people say them: ``41 s``, ``12 min 03 s``, ``7 h 05 min``, ``3 d 4 h``."""
    whole = round(seconds)
    if whole < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 6000:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 200_000:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _without_name(outcome: Outcome) -> str:
    return (outcome.reason or "").removeprefix(f"{outcome.key}: ")
