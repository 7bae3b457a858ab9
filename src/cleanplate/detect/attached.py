"""What goes with a person and is not in the mask: a bag at the arm, an umbrella, the shadow at the feet.

Networks for people leave these out, and a fill that keeps them gives the erased person away. No network is asked: what
lies close to the person, unlike everything further out, and does not reach far, hangs on the person; what is darker
than the ground around it, in the same colour, and touches the feet, is the shadow. Where the picture does not show this
clearly, nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.instance import Instance
from cleanplate.detect.network import scaled
from cleanplate.detect.views import eight_bit
from cleanplate.types import Box, Image, Mask

_SIDE = 256
_SMALLEST = 40
"""Persons of fewer pixels show no details to decide by."""
_REACH = 0.5
_MOST_HANGING, _MOST_SHADOW = 0.25, 0.6
_RARE = 0.004
_BINS = 16
_DARKER, _DARKEST = 0.84, 0.15
_SAME_COLOUR = 0.05
_UNEVEN = 0.22
_MEETS = 0.25


@dataclass(frozen=True)
class Attached:
    """What was found with a person.

    Attributes:
        box: part of the picture.
        mask: box-sized bool, what hangs on the person and the shadow; without the person.
        hanging: pixels of it that hang on the person.
        shadow: pixels of it that are shadow.
    """

    box: Box
    mask: Mask
    hanging: int
    shadow: int


def attached(image: Image, person: Instance, whose: NDArray[np.uint16]) -> Attached | None:
    """Find what goes with a person.

    Args:
        image: H x W x 3, uint8 or uint16.
        person: an instance of the picture.
        whose: H x W, ids of the people in the picture, 0 for nobody: other people are neither a bag nor the ground.

    Returns:
        What was found; None if nothing was.
    """
    height, width = image.shape[:2]
    if max(person.box.width, person.box.height) < _SMALLEST:
        return None
    window = person.box.grown(round(0.45 * max(person.box.width, person.box.height))).clipped(height, width)
    small = eight_bit(scaled(image[window.slices], min(1.0, _SIDE / max(window.width, window.height))))
    size = small.shape[1], small.shape[0]
    whole = person.within(window)
    own = cv2.resize(whole.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    others = (whose[window.slices] > 0) & (whose[window.slices] != person.id)
    foreign = cv2.resize(others.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    if not own.any():
        return None
    hangs = hanging(small, own, foreign & ~own)
    falls = np.zeros_like(own)
    if person.box.bottom < height - 2:
        falls = shadow(small, own, foreign & ~own)
    together = (hangs | falls).view(np.uint8)
    if not together.any():
        return None
    share = cv2.resize(together.astype(np.float32), (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    mask = (share >= 0.5) & ~others & ~whole
    zoom = window.area / own.size
    return Attached(window, mask, round(np.count_nonzero(hangs) * zoom), round(np.count_nonzero(falls) * zoom))


def hanging(small: NDArray[np.uint8], own: Mask, others: Mask) -> Mask:
    """What lies close to a person and has colours that are rare further out, and touches the person.

    Args:
        small: h x w x 3 RGB.
        own: h x w bool, the person.
        others: h x w bool, other people.

    Returns:
        h x w bool, without the person.
    """
    width = np.sqrt(np.count_nonzero(own) / 2.5)
    distance = cv2.distanceTransform((~own).view(np.uint8), cv2.DIST_L2, 5)
    near = (distance <= _REACH * width) & ~own & ~others
    ground = (distance > _REACH * width) & ~others
    if np.count_nonzero(ground) < 200:
        return np.zeros_like(own)
    bins = (cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2YCrCb) // (256 // _BINS)).astype(np.intp)
    place = (bins[..., 0] * _BINS + bins[..., 1]) * _BINS + bins[..., 2]
    counts = np.bincount(place[ground], minlength=_BINS**3).reshape(_BINS, _BINS, _BINS)
    around = np.pad(counts, 1)
    # A colour is common if it or one that is a step away is.
    wide = sum(
        around[a : a + _BINS, b : b + _BINS, c : c + _BINS] for a in range(3) for b in range(3) for c in range(3)
    )
    rare = np.asarray(wide).ravel()[place] < _RARE * np.count_nonzero(ground)
    candidates = cv2.morphologyEx((near & rare).view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    beyond = (distance > _REACH * width - 1.5) | others
    return parts_at(candidates > 0, own, beyond, most=_MOST_HANGING * np.count_nonzero(own))


def shadow(small: NDArray[np.uint8], own: Mask, others: Mask) -> Mask:
    """The shadow that begins at a person's feet: darker than the ground around, in the same colour.

    Args:
        small: h x w x 3 RGB.
        own: h x w bool, the person.
        others: h x w bool, other people.

    Returns:
        h x w bool, without the person; empty where the ground is uneven in brightness or the dark area has no end.
    """
    empty = np.zeros_like(own)
    rows = np.flatnonzero(own.any(axis=1))
    tall, foot = int(rows[-1] - rows[0] + 1), int(rows[-1])
    top = max(0, foot - round(0.15 * tall))
    level = small.astype(np.float32).sum(axis=2) + 1.0
    colour = small.astype(np.float32) / level[..., None]
    free = ~own & ~others
    ground = free.copy()
    ground[:top] = False
    if np.count_nonzero(ground) < 100:
        return empty
    # The ground's brightness is that of its brighter half: the shadow may be large.
    bright = float(np.percentile(level[ground], 65))
    lit = ground & (level > _DARKER * bright)
    if np.std(level[lit]) / bright > _UNEVEN:
        return empty
    tone = np.median(colour[lit], axis=0)
    dark = (level < _DARKER * bright) & (level > _DARKEST * bright)
    dark &= (np.abs(colour - tone).max(axis=2) < _SAME_COLOUR) & ground
    element = np.ones((3, 3), np.uint8)
    dark = (
        cv2.morphologyEx(cv2.morphologyEx(dark.view(np.uint8), cv2.MORPH_OPEN, element), cv2.MORPH_CLOSE, element) > 0
    )
    feet = own.copy()
    feet[: max(0, foot - round(0.12 * tall))] = False
    edge = np.zeros_like(own)
    edge[:, :1] = edge[:, -1:] = edge[-1:] = edge[: top + 1] = True
    return parts_at(dark & ~own, feet, edge, most=_MOST_SHADOW * np.count_nonzero(own))


def parts_at(candidates: Mask, touching: Mask, beyond: Mask, *, most: float) -> Mask:
    """The connected parts that touch something, end before ``beyond`` and are neither specks nor too large."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates.view(np.uint8), connectivity=8)
    keep = np.zeros(count, np.bool_)
    touch = np.bincount(labels[cv2.dilate(touching.view(np.uint8), np.ones((5, 5), np.uint8)) > 0], minlength=count)
    out = np.bincount(labels[beyond], minlength=count)
    areas = stats[:, cv2.CC_STAT_AREA]
    shorter = np.minimum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    # A shadow may just touch the frame; a wall or a kerb runs into it with its whole width.
    keep[1:] = (touch[1:] > 0) & (out[1:] <= _MEETS * shorter[1:]) & (areas[1:] >= 6)
    keep &= areas <= most
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)
