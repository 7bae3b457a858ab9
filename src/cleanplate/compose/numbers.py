"""Numbered outlines, so that people can be chosen by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compose.overlay import shrunk
from cleanplate.types import Box, Image, Mask, check_image

_COLOURS = (
    (230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 130, 200), (245, 130, 48), (145, 30, 180), (70, 240, 240),
    (240, 50, 230), (210, 245, 60), (0, 128, 128), (170, 110, 40), (128, 0, 0), (128, 128, 0), (0, 0, 128),
)  # fmt: skip
_TINT = 0.25
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_LEAST_CAPITAL = 9


class Numbered(NamedTuple):
    """Something to be outlined: its number, its box in the picture, and its pixels in that box."""

    number: int
    box: Box
    crop: Mask


def numbered_outlines(image: Image, things: Sequence[Numbered], *, longest: int = 2048) -> NDArray[np.uint8]:
    """The picture, small enough for a screen, with each thing tinted, outlined and numbered.

    Args:
        image: H x W x 3, uint8 or uint16.
        things: in pixels of ``image``.
        longest: longest side of the answer in pixels; a smaller picture keeps its size.

    Returns:
        A new uint8 RGB picture of the same proportions. Numbers are drawn last, over all outlines.
    """
    check_image(image)
    shown = shrunk(image, longest)
    scale = np.array([shown.shape[1] / image.shape[1], shown.shape[0] / image.shape[0]])
    thickness = max(1, round(max(shown.shape[:2]) / 700))
    for thing in things:
        _draw(shown, thing, scale, thickness)
    for thing in things:
        _number(shown, thing, scale)
    return shown


def colour_of(number: int) -> tuple[int, int, int]:
    """The RGB colour of a number."""
    return _COLOURS[(number - 1) % len(_COLOURS)]


def _draw(shown: NDArray[np.uint8], thing: Numbered, scale: NDArray[np.float64], thickness: int) -> None:
    corners = np.array([thing.box.left, thing.box.top, thing.box.right, thing.box.bottom]) * np.tile(scale, 2)
    left, top = (int(value) for value in np.floor(corners[:2]))
    right, bottom = (int(value) for value in np.ceil(corners[2:]))
    right, bottom = min(shown.shape[1], max(right, left + 1)), min(shown.shape[0], max(bottom, top + 1))
    size = right - left, bottom - top
    shares = cv2.resize(thing.crop.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inside = (shares >= min(0.5, float(shares.max()))).astype(np.uint8)
    region = shown[top:bottom, left:right]
    colour = np.array(colour_of(thing.number), np.float32)
    where = inside > 0
    region[where] = np.rint(region[where] * (1 - _TINT) + colour * _TINT).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(left, top))
    cv2.drawContours(shown, contours, -1, colour_of(thing.number), thickness, cv2.LINE_AA)


def _number(shown: NDArray[np.uint8], thing: Numbered, scale: NDArray[np.float64]) -> None:
    """The number on a plate in its colour, at the thing's widest row in the upper half: on the head or the body."""
    height, width = shown.shape[:2]
    capital = max(_LEAST_CAPITAL, round(max(height, width) / 90))
    font = capital / 21.0
    weight = max(1, round(font * 2))
    text = str(thing.number)
    (across, _), _ = cv2.getTextSize(text, _FONT, font, weight)
    rows, columns = np.nonzero(thing.crop)
    row = int(np.percentile(rows, 25))
    column = int(np.median(columns[np.abs(rows - row) <= max(1, thing.box.height // 20)]))
    x, y = ((np.array([thing.box.left + column, thing.box.top + row])) * scale).astype(int)
    pad = max(2, capital // 3)
    left = int(np.clip(x - across // 2, pad, max(pad, width - across - pad)))
    base = int(np.clip(y + capital // 2, capital + pad, max(capital + pad, height - pad)))
    plate = (left - pad, base - capital - pad), (left + across + pad, base + pad)
    colour = colour_of(thing.number)
    dark = sum(colour) < 382
    cv2.rectangle(shown, *plate, colour, -1)
    cv2.putText(shown, text, (left, base), _FONT, font, (255,) * 3 if dark else (0,) * 3, weight, cv2.LINE_AA)
