"""How many samples survive each step of a preparation."""

from __future__ import annotations

from collections import Counter


class Tally:
    """Counts what each step let through and what it dropped, in the order in which steps first report."""

    def __init__(self) -> None:
        self.kept: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._order: dict[str, None] = {}

    def keep(self, step: str, count: int = 1) -> None:
        """Say that a step let ``count`` samples through."""
        self._order.setdefault(step)
        self.kept[step] += count

    def drop(self, step: str, count: int = 1) -> None:
        """Say that a step dropped ``count`` samples."""
        self._order.setdefault(step)
        self.dropped[step] += count

    def lines(self) -> list[str]:
        """One line a step: what survived and what was dropped."""
        width = max((len(step) for step in self._order), default=0)
        return [f"{step:<{width}}  {self.kept[step]:>8} kept  {self.dropped[step]:>8} dropped" for step in self._order]
