"""Keys and groups of samples, from file names."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 56


def key_of(source: str, name: str) -> str:
    """A key that is safe as the stem of a shard member: letters, digits, ``_`` and ``-`` only.

    A name with other characters, or too long for a tar member, gets eight digits of its hash, so that different names
    stay different keys.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    if safe != name or len(safe) > _LONGEST:
        safe = f"{safe[: _LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{source}_{safe}"


def group_of(stem: str) -> str:
    """The original that a file was made from: Roboflow exports append ``.rf.HASH`` to each variant of a picture."""
    return stem.partition(".rf.")[0]
