"""What a second, closer look at one person shows: whether it is one, and which limbs its mask lacks.

A network for boxes and coarse masks takes a lamp or a wreath for a person now and then, and cuts hands, feet and caps
that reach out of the box. Another network, one that knows the pixels of people from those of everything else, is given
the person and the surroundings alone; here its answer is compared with the mask. This module runs no network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.attached import parts_at
from cleanplate.detect.instance import Instance
from cleanplate.detect.network import scaled
from cleanplate.detect.views import eight_bit
from cleanplate.types import Alpha, Box, Image, Mask

GLANCE, STARE = 256, 384
"""Longer sides of close-ups: at 256 pixels a matting network takes fewer things for people, at 384 it sees hands."""
_AROUND = 0.25
MOST_ENLARGED = 3.0
"""More shows no more of a person."""
_EDGE = 0.02
"""How far beside the mask its own edge may be, as a share of the person's longer side."""
_REACH = 0.22
"""How far a limb may reach, likewise; what goes on beyond is something else that looks like a person."""
_MOST = 1.0
_WARM, _LIGHT, _WARM_SOMEWHERE = 1.75, 45.0, 4.0
"""Of CIE L*a*b*: the redness that some of a person has, the lightness from which it shows, and the redness that some of
a picture must have."""
_OVERVIEW = 160


@dataclass(frozen=True)
class CloseUp:
    """A person with some surroundings.

    Attributes:
        window: part of the picture.
        picture: h x w x 3 RGB, that part.
    """

    window: Box
    picture: NDArray[np.uint8]


def close_up(image: Image, person: Instance, side: int = GLANCE) -> CloseUp:
    """Cut a person out of a picture (H x W x 3, uint8 or uint16), with a quarter of the longer side around.

    The close-up's longer side has ``side`` pixels, or fewer if that would enlarge the picture more than threefold.
    """
    around = round(_AROUND * max(person.box.width, person.box.height))
    window = person.box.grown(around).clipped(*image.shape[:2])
    scale = min(MOST_ENLARGED, side / max(window.width, window.height))
    return CloseUp(window, eight_bit(scaled(image[window.slices], scale)))


def has_warm_colours(image: Image) -> bool:
    """Whether anything in a picture (H x W x 3, uint8 or uint16) is reddish: not so under water or in a cyanotype."""
    small = eight_bit(scaled(image, min(1.0, _OVERVIEW / max(image.shape[:2]))))
    return bool(np.percentile(_lab(small)[..., 1], 99.8) >= _WARM_SOMEWHERE)


def is_cold(person: Instance, view: CloseUp) -> bool:
    """Whether nothing of a person is as warm as skin, wood or cloth, though light enough: green bronze, plastic, lead.

    Of 420 people in COCO and Penn-Fudan pictures two are, and are taken for statues; of 93 things that were taken for
    people there, four; of 15 statues in the photographs of ``evaluation/reports/passersby-large.md``, nine.
    """
    own = _own(person, view)
    if not own.any():
        return False
    lightness, redness, _ = np.moveaxis(_lab(view.picture)[own], -1, 0)
    return bool(np.percentile(redness, 95) < _WARM and np.percentile(lightness, 90) >= _LIGHT)


def _lab(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB), np.float32)


def share_seen(person: Instance, view: CloseUp, alpha: Alpha) -> float:
    """How much of a person's mask is of a person by ``alpha`` (as large as the close-up, 0..1): 0..1."""
    own = _own(person, view)
    return float(alpha[own].mean()) if own.any() else 0.0


def with_limbs(person: Instance, view: CloseUp, alpha: Alpha, whose: NDArray[np.uint16]) -> Instance:
    """The person with what ``alpha`` shows beside the mask: hands, feet, a cap, the wheel of a bicycle.

    Taken is what touches the mask, is nearer to it than to anybody else, and ends within reach; where the alpha runs on
    (a second person, a dark car), nothing is.

    Args:
        person: an instance of the picture.
        view: its close-up.
        alpha: as large as the close-up, 0..1: how much of each pixel is of a person.
        whose: H x W, ids of the people in the picture, 0 for nobody.

    Returns:
        The same instance, or one with a larger mask.
    """
    own = _own(person, view)
    if not own.any():
        return person
    there = whose[view.window.slices]
    others = _small((there > 0) & (there != person.id), view) & ~own
    zoom = view.picture.shape[0] / view.window.height
    longer = max(person.box.width, person.box.height) * zoom
    distance = cv2.distanceTransform((~own).view(np.uint8), cv2.DIST_L2, 5)
    mine = ~others
    if others.any():
        mine &= distance <= cv2.distanceTransform((~others).view(np.uint8), cv2.DIST_L2, 5)
    edge = distance <= max(1.0, _EDGE * longer)
    seen = (alpha >= 0.5) & mine
    beyond = (distance > _REACH * longer) | _open_sides(view, person.size)
    parts = parts_at(seen & ~edge, edge, beyond, most=_MOST * np.count_nonzero(own))
    added = (parts | (seen & edge)) & ~own
    return _joined(person, view, added, there) if added.any() else person


def _own(person: Instance, view: CloseUp) -> Mask:
    return _small(person.within(view.window), view)


def _small(mask: Mask, view: CloseUp) -> Mask:
    size = view.picture.shape[1], view.picture.shape[0]
    return np.asarray(cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0, np.bool_)


def _open_sides(view: CloseUp, size: tuple[int, int]) -> Mask:
    """The sides of the close-up beyond which the picture goes on."""
    height, width = size
    sides = np.zeros(view.picture.shape[:2], np.bool_)
    sides[:1] |= view.window.top > 0
    sides[-1:] |= view.window.bottom < height
    sides[:, :1] |= view.window.left > 0
    sides[:, -1:] |= view.window.right < width
    return sides


def _joined(person: Instance, view: CloseUp, added: Mask, whose: NDArray[np.uint16]) -> Instance:
    window = view.window
    share = cv2.resize(added.astype(np.float32), (window.width, window.height), interpolation=cv2.INTER_LINEAR)
    mask = (share >= 0.5) & ((whose == 0) | (whose == person.id))
    mask |= person.within(window)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    tight = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    crop = np.ascontiguousarray(mask[tight.slices])
    return replace(person, box=tight.shifted(window.left, window.top), crop=crop)
