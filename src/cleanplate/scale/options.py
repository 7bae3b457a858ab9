"""Options as text or JSON values, read into what they mean; the same for a command line, CSV and JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cleanplate.errors import ArgumentError

Reader = Callable[[Any], Any]
"""From a text of a table, or a JSON value, to the value of an option; raises ValueError."""

_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(value: Any) -> str:
    """One text."""
    if isinstance(value, dict | list | bool):
        raise ValueError("should be one text")  # noqa: TRY004 - one error for all readers
    return str(value)


def texts(value: Any) -> list[str]:
    """Several texts: a list, or one text with ``|`` between them (commas stand within boxes)."""
    if isinstance(value, str):
        return [part.strip() for part in value.split("|") if part.strip()]
    if isinstance(value, list | tuple):
        return [text(part) for part in value]
    return [text(value)]


def whole(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("should be a whole number")
    return int(value)


def wholes(value: Any) -> list[int]:
    """Several whole numbers."""
    return [whole(part) for part in texts(value)]


def number(value: Any) -> float:
    """A number."""
    if isinstance(value, bool):
        raise ValueError("should be a number")  # noqa: TRY004
    return float(value)


def flag(value: Any) -> bool:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise ValueError("should be true or false")
    return word in _YES


def read_options(given: Mapping[str, Any], readers: Mapping[str, Reader], *, where: str) -> dict[str, Any]:
    """The options that are given; empty ones are none.

    Args:
        given: values by name, as on the command line, with ``-`` or ``_``.
        readers: what there is, and how each is read.
        where: names the line of the table in errors.

    Raises:
        ArgumentError: an option that does not exist, or a value that makes no sense.
    """
    options = {}
    for key, value in given.items():
        if value is None or value == "" or value == [] or value == ():
            continue
        name = key.strip().removeprefix("--").replace("-", "_")
        if name not in readers:
            known = ", ".join(sorted(readers))
            raise ArgumentError(f"has no option '{key}'", subject=where, fix=f"use {known}")
        try:
            options[name] = readers[name](value)
        except (ValueError, TypeError) as error:
            raise ArgumentError(f"{key} is {value!r}: {error}", subject=where) from None
    return options
