"""Where the people of a photograph are: RGB -> alpha at the size that the network works at.

The network sees the whole picture first, at about its training size. People who fill only a part of the picture get a
second look: the network sees that part alone, at the same size, so that hands and hair get more of its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha, Box, Image, check_image

SmallNetwork = Callable[[NDArray[Any]], Alpha]
"""From h x w x 3 pixels to h x w alpha; see :class:`cleanplate.matting.network.MatteNetwork`."""

NOBODY = "no person was found in the picture"

Kept = Callable[[Alpha], Alpha]
"""From an alpha of the whole picture to what of it stays."""

WORKING_AREA = 512 * 512
"""Pixels of the picture that the network sees: its training size, in whatever proportions the photograph has."""

_LONGEST = 1024
_SMALLEST_AREA = 224 * 224
"""Smaller pictures are enlarged to this: below it the network sees heads of a few pixels."""

_SURE = 0.5
_NOBODY_SHARE = 0.001
"""A person that covers less of the picture than this is none."""
_SPECK_SHARE = 0.01
"""Parts smaller than this share of the largest are no people ..."""
_SPECK_REACH = 0.02
"""... unless they are nearer to it than this share of the picture's longer side: a hand beyond a sleeve."""
_SECOND_LOOK_BELOW = 0.6
"""Share of the picture below which people get a second look."""
_MARGIN = 0.12


@dataclass(frozen=True)
class Matte:
    """What the network said.

    Attributes:
        alpha: h x w float32 at working size, proportions of the picture; all 0 if nobody is in it.
        looks: regions that the network saw, in pixels of the picture: the whole, and that of a second look.
        notes: remarks for the user: that nobody was found.
    """

    alpha: Alpha
    looks: tuple[Box, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether nobody is in the picture."""
        return not self.alpha.any()


def portrait(
    image: Image,
    network: SmallNetwork,
    *,
    second_look: bool = True,
    area: int = WORKING_AREA,
    kept: Kept | None = None,
) -> Matte:
    """Matte the people of a photograph.

    Args:
        image: H x W x 3 RGB, uint8 or uint16; not changed.
        network: what mattes small pictures.
        second_look: look again at the part of the picture where people are, if they fill only a part of it.
        area: pixels that the network sees; about those it was trained on.
        kept: another opinion on who is there, asked where the network sees anybody: leaves out parts of alpha.

    Returns:
        Alpha at working size: about ``area`` pixels in the picture's proportions, more where a second look was taken.
        :func:`cleanplate.matting.refine.refine` makes the full resolution of it.

    Raises:
        ArrayError: ``image`` breaks its contract.
        EngineError: the network failed.
    """
    check_image(image)
    height, width = image.shape[:2]
    whole = Box(0, 0, width, height)
    alpha = network(scaled(image, working_size(height, width, area=area)))
    alpha = without_specks(alpha)
    if kept is not None and alpha.any():
        alpha = kept(alpha)
    if not alpha.any():
        return Matte(alpha, (whole,), (NOBODY,))
    people = _around_people(alpha, height, width)
    if not second_look or people.area > _SECOND_LOOK_BELOW * whole.area or min(people[2:]) < 1:
        return Matte(alpha, (whole,))
    closer = network(scaled(image[people.slices], working_size(people.height, people.width, area=area)))
    joined = without_specks(_joined(alpha, closer, people, height, width))
    if kept is not None:
        joined = kept(joined)
    if not joined.any():
        return Matte(alpha, (whole,))
    return Matte(joined, (whole, people))


def working_size(height: int, width: int, *, area: int = WORKING_AREA) -> tuple[int, int]:
    """Height and width that the network sees of a picture: its proportions, about ``area`` pixels, sides at most 1024.

    Small pictures keep their size, unless they are very small.
    """
    area = min(max(height * width, _SMALLEST_AREA), area)
    factor = math.sqrt(area / (height * width))
    factor = min(factor, _LONGEST / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def scaled(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """``image`` with ``size`` (height, width): means of areas when shrinking, cubic when enlarging."""
    if image.shape[:2] == size:
        return image
    smaller = size[0] <= image.shape[0] and size[1] <= image.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (size[1], size[0]), interpolation=way))


def without_specks(alpha: Alpha) -> Alpha:
    """``alpha`` without parts that are too small to be people; all 0 if nothing is large enough.

    Args:
        alpha: h x w float32.

    Returns:
        A new array.
    """
    sure = alpha > _SURE
    if np.count_nonzero(sure) < _NOBODY_SHARE * alpha.size:
        return np.zeros_like(alpha)
    # Parts reach as far as anything is seen, so that the soft edge of one is never cut off.
    _, labels = cv2.connectedComponents((alpha > 0.05).view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    masses = np.bincount(labels[sure], minlength=int(labels.max()) + 1)
    masses[0] = 0
    largest = int(masses.argmax())
    if masses[largest] < _NOBODY_SHARE * alpha.size:
        return np.zeros_like(alpha)
    kept = masses >= _SPECK_SHARE * masses[largest]
    near = _near(labels == largest, _SPECK_REACH * max(alpha.shape))
    nearby = np.unique(labels[near & sure])
    kept[nearby] = True
    kept[0] = False
    people = cv2.dilate(kept[labels].view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    # The faintest rim of a part carries no label; it goes with its part.
    return np.where(people & (kept[labels] | (labels == 0)), alpha, np.float32(0))


def _near(part: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    distance = cv2.distanceTransform((~part).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.asarray(distance <= reach)


def _around_people(alpha: Alpha, height: int, width: int) -> Box:
    """The box around everybody with some room, in pixels of the picture."""
    rows, columns = np.flatnonzero((alpha > 0.1).any(axis=1)), np.flatnonzero((alpha > 0.1).any(axis=0))
    down, across = height / alpha.shape[0], width / alpha.shape[1]
    box = Box(
        int(columns[0] * across),
        int(rows[0] * down),
        math.ceil((columns[-1] + 1) * across),
        math.ceil((rows[-1] + 1) * down),
    )
    return box.grown(round(_MARGIN * max(box.width, box.height))).clipped(height, width)


def _joined(alpha: Alpha, closer: Alpha, box: Box, height: int, width: int) -> Alpha:
    """The whole alpha at the scale of the second look, with the second look in its place."""
    scale = closer.shape[0] / box.height
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    whole = np.clip(scaled(alpha, size), 0.0, 1.0)
    left, top = round(box.left * scale), round(box.top * scale)
    right, bottom = min(left + closer.shape[1], size[1]), min(top + closer.shape[0], size[0])
    # Beyond the box nobody was seen; the second look decides alone within it.
    whole[top:bottom, left:right] = closer[: bottom - top, : right - left]
    return np.asarray(whole, np.float32)
