"""What every kind of damage draws, and how it is laid over a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_OPAQUE = 0.22
"""A pixel covered to this share or more is damaged, if it also changed visibly."""
_VISIBLE = 0.022
"""Change of a pixel, of the full range, from which on people see it on a textured print."""


@dataclass(frozen=True)
class Mark:
    """One piece of damage over the whole picture.

    Attributes:
        kind: Name in :data:`cleanplate_training.data.damage.kinds.KINDS`.
        opacity: float32 H x W, 0 = untouched .. 1 = covered.
        tone: float32 H x W, 0 black .. 1 white: what covers the picture, or what its light is multiplied by.
        tint: RGB factors of the tone; None for the colour of the bare paper.
        blend: ``cover`` hides what is below, ``multiply`` darkens it as ink and stains do.
    """

    kind: str
    opacity: Plane
    tone: Plane
    tint: tuple[float, float, float] | None = None
    blend: Literal["cover", "multiply"] = "cover"


Draw = Callable[[np.random.Generator, int, int], Mark]
"""Draws a mark for a picture of a height and width in pixels."""


def laid(picture: Plane, mark: Mark, paper: tuple[float, float, float]) -> Plane:
    """Return ``picture`` (float32 H x W x 3, 0..1) with a mark over it; ``paper`` is the colour of the bare paper."""
    tint = np.array(paper if mark.tint is None else mark.tint, np.float32)
    cover = mark.tone[..., np.newaxis] * tint
    if mark.blend == "multiply":
        cover = cover * picture
    return np.asarray(picture + mark.opacity[..., np.newaxis] * (cover - picture), np.float32)


def damaged_pixels(before: Plane, after: Plane, opacity: Plane) -> NDArray[np.bool_]:
    """Return which pixels a person would call damaged: covered enough, and visibly different; bool H x W.

    A white scratch over a white shirt is no defect; small gaps in what can be seen are closed, because people mark
    scratches as lines, not as dots.

    Args:
        before: float32 H x W x 3, 0..1.
        after: The same picture with the mark.
        opacity: of the mark.
    """
    change = cv2.blur(np.abs(after - before).max(axis=2), (3, 3))
    seen = ((change > _VISIBLE) & (opacity > _OPAQUE)).astype(np.uint8)
    closed = cv2.morphologyEx(seen, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray((closed > 0) & (opacity > 0.04), np.bool_)
