"""Colour hints: points of a picture with the colour that they should get, as JSON.

A file holds a list of points in pixels of the upright picture::

    [
      {"x": 412, "y": 280, "colour": "#8a5a3c"},
      {"x": 90.5, "y": 700, "colour": [40, 70, 160]}
    ]

``colour``: ``#rrggbb`` or three numbers 0..255. Only its tint counts: the light of the picture stays. The American
spelling ``color`` is read too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.colour.ycc import chroma_of
from cleanplate.errors import ArgumentError, SelectionError

_REACH = 3
"""Half the side, in pixels of the network's picture, of the square that gets a hint's colour; training had 0 to 4."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class ColourHint(NamedTuple):
    """A point and its colour.

    Attributes:
        x: pixels from the left of the upright picture.
        y: pixels from its top.
        colour: red, green, blue, 0..255.
    """

    x: float
    y: float
    colour: tuple[int, int, int]


def parse_hints(text: str | bytes, *, name: str = "hints") -> list[ColourHint]:
    """Read the JSON described above.

    Raises:
        SelectionError: not JSON, or a field that is missing, unknown or out of range.
    """
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SelectionError(f"is not JSON ({error})", subject=name) from None
    if not isinstance(items, list):
        raise SelectionError("must be a JSON list of points", subject=name)
    return [_hint(item, f"{name}: point {number}") for number, item in enumerate(items, start=1)]


def _hint(item: Any, name: str) -> ColourHint:
    fix = 'write {"x": 120, "y": 80, "colour": "#8a5a3c"}'
    if not isinstance(item, dict):
        raise SelectionError("is no point", subject=name, fix=fix)
    fields = {("colour" if key == "color" else key): value for key, value in item.items()}
    if set(fields) != {"x", "y", "colour"}:
        raise SelectionError("needs x, y and colour, and nothing else", subject=name, fix=fix)
    x, y = fields["x"], fields["y"]
    if not (_is_number(x) and _is_number(y)):
        raise SelectionError("x and y must be numbers", subject=name, fix=fix)
    return ColourHint(float(x), float(y), _colour(fields["colour"], name))


def _colour(value: Any, name: str) -> tuple[int, int, int]:
    if isinstance(value, str) and _HEX.fullmatch(value):
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
    if isinstance(value, list) and len(value) == 3 and all(_is_number(each) and 0 <= each <= 255 for each in value):
        red, green, blue = (round(each) for each in value)
        return red, green, blue
    raise SelectionError(f"cannot have the colour {value!r}", subject=name, fix="write #rrggbb or [red, green, blue]")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_hints(hints: Sequence[ColourHint], height: int, width: int) -> None:
    """Refuse points beside the picture, and colours out of range.

    Raises:
        SelectionError: a point lies outside.
        ArgumentError: a colour is no three numbers 0..255.
    """
    for number, hint in enumerate(hints, start=1):
        if not (0 <= hint.x < width and 0 <= hint.y < height):
            raise SelectionError(
                f"({hint.x:g}, {hint.y:g}) lies outside the picture of {width} x {height}",
                subject=f"hint {number}",
                fix="give pixels of the upright picture",
            )
        if len(hint.colour) != 3 or not all(0 <= each <= 255 for each in hint.colour):
            raise ArgumentError(f"has the colour {hint.colour}", subject=f"hint {number}", fix="use 0 to 255")


def hint_planes(hints: Sequence[ColourHint], height: int, width: int, *, small: tuple[int, int]) -> NDArray[np.float32]:
    """Hints as the colour network takes them.

    Args:
        hints: in pixels of the picture.
        height: of the picture.
        width: of the picture.
        small: height and width that the network sees.

    Returns:
        small height x small width x 3 float32: Cb, Cr, and 1 where they are given, else zeros.
    """
    planes = np.zeros((*small, 3), np.float32)
    for hint in hints:
        row, column = int(hint.y * small[0] / height), int(hint.x * small[1] / width)
        spot = np.s_[max(0, row - _REACH) : row + _REACH + 1, max(0, column - _REACH) : column + _REACH + 1]
        red, green, blue = (each / 255.0 for each in hint.colour)
        planes[spot] = (*chroma_of(red, green, blue), 1.0)
    return planes
