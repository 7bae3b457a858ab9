"""Numbers of a selection as users write them: pixels, or percent of a side of the picture."""

from __future__ import annotations

import math

from cleanplate.errors import SelectionError


def parse_numbers(text: str, *, name: str, form: str) -> list[str]:
    """Split ``text`` at its commas into as many fields as ``form`` (such as ``x,y,radius``) has.

    Raises:
        SelectionError: another number of fields.
    """
    fields = [field.strip() for field in text.split(",")]
    if len(fields) != len(form.split(",")) or not all(fields):
        raise SelectionError(f"{text!r} is not {form}", subject=name, fix="write pixels (120) or percent (12.5%)")
    return fields


def parse_length(field: str, side: int, *, name: str) -> float:
    """One number in pixels; ``25%`` is a quarter of ``side`` pixels.

    Raises:
        SelectionError: not a finite number.
    """
    digits = field.removesuffix("%")
    try:
        value = float(digits)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SelectionError(f"{field!r} is not a number", subject=name, fix="write pixels (120) or percent (12.5%)")
    return value * side / 100.0 if digits != field else value
