"""Pictures that are already there, or belong to a test set, in nearly the same form."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.perceptual_hash import distances, hash_pair
from cleanplate_training.data.sample import Sample

NEAR = 10
"""Of 64 bits: recompressed, resized and stretched copies differ by 0 to 8, other pictures by about 32."""
_FLAT = 3.0
"""Pictures whose grey values deviate less than this have a hash of noise and are never called copies."""


class NearDuplicates:
    """Remembers pictures by hash, and tells whether a new one is a near copy, mirrored or not.

    Args:
        near: largest number of differing bits.
    """

    def __init__(self, *, near: int = NEAR) -> None:
        self._near = near
        self._hashes = np.zeros(1024, np.uint64)
        self._keys: list[str] = []

    def __len__(self) -> int:
        """Number of pictures remembered."""
        return len(self._keys)

    def add(self, sample: Sample) -> None:
        """Remember a picture."""
        self._remember(hash_pair(sample.picture)[0], sample.key)

    def add_all(self, samples: Iterable[Sample]) -> None:
        """Remember many."""
        for sample in samples:
            self.add(sample)

    def copy_of(self, picture: NDArray[np.uint8]) -> str | None:
        """Key of the remembered picture that this one is nearest to, if that is near enough."""
        if not self._keys or picture.std() < _FLAT:
            return None
        known = self._hashes[: len(self._keys)]
        found = np.minimum(*(distances(hash_, known) for hash_ in hash_pair(picture)))
        nearest = int(np.argmin(found))
        return self._keys[nearest] if found[nearest] <= self._near else None

    def _remember(self, hash_: int, key: str) -> None:
        if len(self._keys) == self._hashes.size:
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._hashes[len(self._keys)] = hash_
        self._keys.append(key)
