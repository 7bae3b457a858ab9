"""Which split an original falls into: always the same, and all that was made from it with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from cleanplate.errors import ArgumentError


def split_of(group: str, shares: Mapping[str, float], *, seed: int) -> str:
    """Name of the split of a group, by hash: it does not depend on which other groups there are.

    Args:
        group: what the sample was made from (see :class:`~cleanplate_training.data.sample.Sample`).
        shares: relative size of each split, such as ``{"train": 0.9, "val": 0.1}``.
        seed: another seed gives another split.

    Raises:
        ArgumentError: no shares, negative ones, or all 0.
    """
    total = sum(shares.values())
    if not shares or min(shares.values()) < 0 or total <= 0:
        raise ArgumentError(f"must be non-negative and not all 0, not {dict(shares)}", subject="splits")
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") / 2**64 * total
    for name, share in shares.items():
        if point < share:
            return name
        point -= share
    return [name for name, share in shares.items() if share > 0][-1]
