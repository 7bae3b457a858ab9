"""May these weights be used commercially? Refuses what is not clear, for those who ask for that."""

from __future__ import annotations

import os
from pathlib import Path

from cleanplate.errors import ArgumentError, WeightsError
from cleanplate.weights.record import Record

VARIABLE = "CLEANPLATE_COMMERCIAL_ONLY"
"""Environment variable that asks for it everywhere."""

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def commercial_only(asked: bool = False) -> bool:
    """Whether only weights whose commercial use is clear are allowed: asked for here, or by the environment.

    Raises:
        ArgumentError: the variable is neither yes nor no.
    """
    value = os.environ.get(VARIABLE, "").strip().lower()
    if value not in _YES | _NO:
        raise ArgumentError(f"is '{value}'", subject=VARIABLE, fix="set it to 1 or 0")
    return asked or value in _YES


def check_terms(record: Record | None, *, path: Path | None = None, asked: bool = False) -> None:
    """Refuse weights whose commercial use is not clear, if that is asked for.

    Args:
        record: the weights, or None for a file that no record describes.
        path: that file, for the text.
        asked: what the caller asked for; the environment may ask too.

    Raises:
        WeightsError: refused; the text says why and how to allow it.
    """
    if not commercial_only(asked) or (record is not None and record.commercial_use == "clear"):
        return
    allow = f"leave out --commercial-only and {VARIABLE} if your use is allowed"
    if record is None:
        raise WeightsError(
            "refused: only weights whose commercial use is clear are allowed, and no record knows this file",
            subject=path,
            fix=allow,
        )
    state = "not allowed" if record.commercial_use == "no" else "not clear"
    raise WeightsError(
        f"refused: commercial use is {state} ({record.commercial_reason})",
        subject=f"weights '{record.name}'",
        fix=allow,
    )
