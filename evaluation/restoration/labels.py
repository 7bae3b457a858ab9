"""Damage of real scans, marked by hand as lines and polygons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LABELS = Path(__file__).with_name("scan_labels.json")
"""The marks that come with cleanplate; the pictures do not."""


@dataclass(frozen=True)
class LabelledCrop:
    """A part of a scan and its damage.

    Attributes:
        picture: path of the scan below its set's folder.
        crop: left, top, right, bottom in pixels of the scan, end exclusive.
        damage: bool, height x width of the crop.
        thin: the part of it that was drawn as lines of at most 3 px.
    """

    picture: str
    crop: tuple[int, int, int, int]
    damage: NDArray[np.bool_]
    thin: NDArray[np.bool_]


def labelled_crops(path: Path = LABELS) -> list[LabelledCrop]:
    """Read the marks and draw them."""
    return [_drawn(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["crops"]]


def _drawn(entry: dict[str, Any]) -> LabelledCrop:
    left, top, right, bottom = (int(edge) for edge in entry["crop"])
    size = (bottom - top, right - left)
    lines, thin = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for line in entry["lines"]:
        _line(lines, line["points"], line["width"])
        if line["width"] <= 3:
            _line(thin, line["points"], line["width"])
    for polygon in entry["polygons"]:
        cv2.fillPoly(lines, [np.array(polygon, np.int32)], 255)
    return LabelledCrop(entry["picture"], (left, top, right, bottom), lines > 127, thin > 127)


def _line(canvas: NDArray[np.uint8], points: list[list[float]], width: float) -> None:
    """Draw at four times the size: OpenCV's lines have whole widths only."""
    zoom = 4
    large = np.zeros((canvas.shape[0] * zoom, canvas.shape[1] * zoom), np.uint8)
    corners = np.rint((np.array(points) + 0.5) * zoom).astype(np.int32)
    cv2.polylines(large, [corners], False, 255, max(1, round(width * zoom)))
    small = cv2.resize(large, canvas.shape[::-1], interpolation=cv2.INTER_AREA)
    np.maximum(canvas, np.where(small >= 96, 255, 0).astype(np.uint8), out=canvas)
