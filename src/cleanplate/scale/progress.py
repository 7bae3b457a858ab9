"""How far a run is: rate, time left, failures so far."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

from cleanplate.scale.metrics import Metrics
from cleanplate.scale.plan import Plan
from cleanplate.scale.summary import duration
from cleanplate.scale.work import DONE, FAILED, SKIPPED, Outcome

_TOLD = 20
"""Failures that get a line of their own; all are in the manifest."""
_WINDOW = 200
"""Pictures over which the rate is taken."""


class Progress:
    """Counts outcomes and says so now and then."""

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        refresh: Callable[[str], None] | None = None,
        metrics: Metrics | None = None,
        every: float = 30.0,
    ) -> None:
        """Count from nothing.

        Args:
            say: takes a line that stays.
            refresh: takes the line that is replaced by the next; None where there is no terminal, then a line is said
                every ``every`` seconds.
            metrics: counters to keep too.
            every: seconds.
        """
        self._say, self._refresh, self._metrics, self._every = say, refresh, metrics, every
        self._states: Counter[str] = Counter()
        self._planned: Plan | None = None
        self._ended = 0
        self._times: deque[float] = deque(maxlen=_WINDOW)
        self._said = self._refreshed = self._started = time.monotonic()

    def planned(self, plan: Plan) -> None:
        """Take over how much is to do."""
        self._planned = plan
        self._started = self._said = time.monotonic()
        if self._metrics is not None:
            self._metrics.planned(plan)

    def ended(self, outcome: Outcome) -> None:
        """Take over what came of a picture."""
        self._states[outcome.state] += 1
        if outcome.state == FAILED:
            self._tell(outcome)
        if self._planned is not None:  # else it failed in planning, which took no time
            self._ended += 1
            self._times.append(time.monotonic())
        if self._metrics is not None:
            self._metrics.ended(outcome, left=self.left, eta=self.eta)
        self._show()

    @property
    def left(self) -> int:
        """Pictures still to do."""
        return 0 if self._planned is None else self._planned.pending - self._ended

    @property
    def rate(self) -> float | None:
        """Pictures per second of late; None before there are some."""
        if not self._times:
            return None
        since = self._times[0] if len(self._times) == _WINDOW else self._started
        passed = time.monotonic() - since
        return len(self._times) / passed if passed > 0 else None

    @property
    def eta(self) -> float | None:
        """Seconds to the end at that rate."""
        rate = self.rate
        return None if rate is None else self.left / rate

    def line(self) -> str:
        """Where it stands."""
        total = 0 if self._planned is None else self._planned.pending
        parts = [f"{self._ended}/{total}"]
        if self.rate is not None and self.eta is not None:
            parts += [f"{self.rate:.2f}/s", f"{duration(self.eta)} left"]
        parts += [f"{self._states[state]} {state}" for state in (DONE, FAILED, SKIPPED) if self._states[state]]
        return ", ".join(parts)

    def _tell(self, outcome: Outcome) -> None:
        if self._states[FAILED] <= _TOLD:
            self._say(f"failed: {outcome.reason}")
        if self._states[FAILED] == _TOLD:
            self._say("further failures are only counted; all are in the manifest")

    def _show(self) -> None:
        now = time.monotonic()
        if self._refresh is not None:
            if now - self._refreshed > 0.2:
                self._refreshed = now
                self._refresh(self.line())
        elif now - self._said > self._every:
            self._said = now
            self._say(self.line())
