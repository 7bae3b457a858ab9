"""Sets of texts, eight bytes each: what a plan of millions has seen must fit into memory."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable

_FULLEST = 0.6


def hash_of(text: str) -> int:
    """A number below 2**64, never 0, that two texts share by chance once in 10**19."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


class HashSet:
    """A set of texts that only keeps their hashes (open addressing, 14 to 27 bytes a text)."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Start with ``texts``."""
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def __contains__(self, text: str) -> bool:
        """Whether ``text`` was added."""
        wanted = hash_of(text)
        return self._slots[self._place(wanted)] == wanted

    def add(self, text: str) -> bool:
        """Add ``text``; whether it is new."""
        wanted = hash_of(text)
        place = self._place(wanted)
        if self._slots[place]:
            return False
        self._slots[place] = wanted
        self._count += 1
        if self._count > _FULLEST * len(self._slots):
            self._grow()
        return True

    def _place(self, wanted: int) -> int:
        slots, last = self._slots, len(self._slots) - 1
        place = wanted & last
        while slots[place] and slots[place] != wanted:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        before, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for wanted in before:
            if wanted:
                self._slots[self._place(wanted)] = wanted
