"""A second look at each person by the matting network, for the network for people that ships.

Of what the network for people is fairly sure of, many are lamps, doors and ornaments, and it cuts hands and feet. The
matting network is quick, and the two are wrong about different things: on 158 COCO pictures a close-up by it takes 27 %
of the false people away and 3 % of the true ones, small ones most of all; to remove as many by a higher score would
cost 9 % of the true ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property, partial

import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.close_up import (
    GLANCE,
    STARE,
    CloseUp,
    close_up,
    has_warm_colours,
    is_cold,
    share_seen,
    with_limbs,
)
from cleanplate.detect.instance import Instance
from cleanplate.detect.network import WANTED as PEOPLE_WANTED
from cleanplate.detect.views import is_grey
from cleanplate.matting.network import WANTED as MATTE_WANTED
from cleanplate.matting.network import MatteNetwork, open_network
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.types import Alpha, Image
from cleanplate.weights.choice import available

_SEEN = 0.25
"""Where less of a mask is of a person, there is none."""
_SURELY = 0.7
_SHOWS_HANDS = 200
"""Smaller people, in pixels of the picture, show no more when they are enlarged more."""


class SecondLook:
    """Close-ups of people in one picture; each is looked at once, when it is first asked for.

    Args:
        image: H x W x 3, uint8 or uint16.
        network: looks at close-ups (:func:`close_up_network`).
        threads: cores that may be used.
    """

    def __init__(self, image: Image, network: MatteNetwork, *, threads: int | None = None) -> None:
        self._image = image
        self._network = network
        self._threads = threads or usable_cores()
        self._close_up = cache(partial(close_up, image))
        self._looked = cache(self._look)

    def is_person(self, instance: Instance, *, surely: bool = False) -> bool:
        """Whether the close-up shows a person where the mask is, or at least something of one.

        In grey photographs the second look misses many people (6 of 13 in one), and only ``surely`` is asked.
        """
        view, alpha = self._looked(instance, GLANCE)
        if not surely and is_grey(view.picture):
            return True
        return share_seen(instance, view, alpha) >= (_SURELY if surely else _SEEN)

    def is_statue(self, instance: Instance) -> bool:
        """Whether it has none of the colours of people, in a photograph that has them; no network is asked."""
        if not self._has_warm_colours:
            return False
        view = self._close_up(instance, GLANCE)
        return not is_grey(view.picture) and is_cold(instance, view)

    @cached_property
    def _has_warm_colours(self) -> bool:
        return has_warm_colours(self._image)

    def are_people(self, instances: Sequence[Instance]) -> list[bool]:
        """Whether each of several is a person."""
        with ThreadPoolExecutor(max_workers=max(1, self._threads)) as pool:
            return list(pool.map(self.is_person, instances))

    def completed(self, instance: Instance, whose: NDArray[np.uint16]) -> Instance:
        """The person with the limbs that its mask lacks; ``whose`` (H x W) holds the ids of everybody."""
        large = max(instance.box.width, instance.box.height) >= _SHOWS_HANDS
        return with_limbs(instance, *self._looked(instance, STARE if large else GLANCE), whose)

    def _look(self, instance: Instance, side: int) -> tuple[CloseUp, Alpha]:
        view = self._close_up(instance, side)
        return view, self._network(view.picture)


def close_up_network(weights: object, *, device: str = "auto") -> MatteNetwork | None:
    """The matting network that looks closer at what the network for people found; None where there is none.

    Only people found by the network that ships (``weights`` names none, or that one) are looked at: other networks are
    taken at their word, as they may know what the matting network does not.

    Raises:
        WeightsError: it is damaged.
        DeviceError: the device is not there.
    """
    ships = weights is None or str(weights) == PEOPLE_WANTED.name
    if not ships or available(MATTE_WANTED) is None:
        return None
    # Close-ups are small: two cores on one of them mostly wait for each other, so each core gets its own.
    return open_network(device=device, threads=1)
