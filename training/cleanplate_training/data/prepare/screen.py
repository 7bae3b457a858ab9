"""Reading entries one by one, without the broken and the copied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from cleanplate.errors import InputError
from cleanplate_training.data.prepare.near_duplicates import NearDuplicates
from cleanplate_training.data.prepare.tally import Tally
from cleanplate_training.data.sample import Entry, Sample


class Screen:
    """Lets through what can be decoded and is no near copy of a test picture or of anything let through before.

    Args:
        near: bits of difference up to which pictures are copies; negative = copies pass.
        tally: where the steps are counted.
        log: a JSON-lines file that gets one line for each dropped picture, with the reason; None = none.
    """

    def __init__(self, *, near: int, tally: Tally, log: Path | None = None) -> None:
        self._near, self._tally, self._log = near, tally, log
        self._apart, self._seen = NearDuplicates(near=near), NearDuplicates(near=near)

    def keep_apart(self, entries: Sequence[Entry]) -> None:
        """Remember test pictures."""
        for entry in entries:
            self._apart.add(entry.read())

    def through(self, entries: Sequence[Entry]) -> Iterator[Sample]:
        """Decoded samples that pass."""
        for entry in entries:
            try:
                sample = entry.read()
            except InputError as error:
                self.drop(entry.source, "decoded", entry.key, str(error))
                continue
            self._tally.keep(f"{entry.source}: decoded")
            if self._near >= 0 and (twin := self._apart.copy_of(sample.picture)):
                self.drop(entry.source, "not in a test set", entry.key, twin)
                continue
            self._tally.keep(f"{entry.source}: not in a test set")
            if self._near >= 0 and (twin := self._seen.copy_of(sample.picture)):
                self.drop(entry.source, "no copy", entry.key, twin)
                continue
            self._tally.keep(f"{entry.source}: no copy")
            self._seen.add(sample)
            yield sample

    def drop(self, source: str, step: str, key: str, reason: str) -> None:
        """Count and record one dropped picture."""
        self._tally.drop(f"{source}: {step}")
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                row = {"key": key, "source": source, "step": step, "reason": reason}
                log.write(json.dumps(row, ensure_ascii=False) + "\n")
