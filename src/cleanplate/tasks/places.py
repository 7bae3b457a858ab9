"""Where something goes in the room that it leaves: ``left``, ``top right``, ``30%,100%``."""

from __future__ import annotations

import re

from cleanplate.errors import ArgumentError

Place = tuple[float, float]
"""Share of the free room that lies to the left, and above."""

_ACROSS = {"left": 0.0, "center": 0.5, "centre": 0.5, "right": 1.0}
_DOWN = {"top": 0.0, "center": 0.5, "centre": 0.5, "bottom": 1.0}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def parse_place(text: str, *, option: str = "--position") -> Place:
    """Read a place: one or two words of left, right, top, bottom, center, or two percentages.

    Raises:
        ArgumentError: it is none.
    """
    words = [word for word in re.split(r"[\s,]+", text.strip().lower()) if word]
    numbers = [_NUMBER.fullmatch(word) for word in words]
    if len(words) == 2 and all(numbers):
        across, down = (float(number.group(1)) / 100 for number in numbers if number)
        if max(across, down) <= 1:
            return across, down
    across_words = [word for word in words if word in _ACROSS and word not in ("center", "centre")]
    down_words = [word for word in words if word in _DOWN and word not in ("center", "centre")]
    known = all(word in _ACROSS or word in _DOWN for word in words)
    if not words or len(words) > 2 or not known or len(across_words) > 1 or len(down_words) > 1:
        fix = "write for example left, bottom right, center or 30%,100%"
        raise ArgumentError(f"cannot be '{text}'", subject=option, fix=fix)
    across = _ACROSS[across_words[0]] if across_words else 0.5
    return across, _DOWN[down_words[0]] if down_words else 0.5
