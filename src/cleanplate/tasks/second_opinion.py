"""Whether the network for people agrees with the matting network about who is in a photograph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cleanplate.detect.coco_labels import PERSON
from cleanplate.detect.instances import detections
from cleanplate.detect.network import WANTED, Detections, PeopleNetwork, open_network
from cleanplate.detect.paste import pasted
from cleanplate.matting.confirmed import confirmed
from cleanplate.matting.filled import filled
from cleanplate.matting.network import MatteNetwork
from cleanplate.runtime.early import open_early
from cleanplate.types import Alpha, Box, Image
from cleanplate.weights.choice import available

_LIKELY = 0.5
"""How sure the detector must be of somebody who stays: a person left out is worse than a lamp that stays."""
_SURE = 0.7
"""How sure the detector must be of somebody whose holes are closed."""


@dataclass
class SecondOpinion:
    """Leaves out parts of a matte in which nobody was detected and closes holes in those who were.

    People are looked for when it is first asked.

    Attributes:
        image: H x W x 3 RGB, uint8 or uint16.
        network: finds people; called once, and only if somebody asks.
        left_out: the most parts of alpha that it left out when asked.
    """

    image: Image
    network: Callable[[], PeopleNetwork]
    left_out: int = field(default=0, init=False)

    @cached_property
    def _people(self) -> Detections:
        network = self.network()
        found = detections(self.image, network, look="once")
        people = np.array([network.name_of(int(label)) == PERSON for label in found.labels], np.bool_)
        return found.chosen(people & (found.scores >= _LIKELY))

    def __call__(self, alpha: Alpha) -> Alpha:
        """What of ``alpha``, of the whole picture at any size, is somebody whom the detector finds too."""
        people, (height, width) = self._people, self.image.shape[:2]
        shares = np.asarray(people.boxes / np.array([width, height, width, height], np.float32), np.float32)
        result, left_out = confirmed(alpha, shares)
        self.left_out = max(self.left_out, left_out)
        whole, size = Box(0, 0, width, height), (alpha.shape[0], alpha.shape[1])
        sure = people.chosen(people.scores >= _SURE)
        return filled(result, (pasted(*each, whole, size) for each in zip(sure.masks, sure.boxes, strict=True)))

    def notes(self) -> list[str]:
        """What to tell the user."""
        if not self.left_out:
            return []
        parts = "a part" if self.left_out == 1 else f"{self.left_out} parts"
        return [f"left out {parts} that the people network takes for nobody; --no-confirm keeps such parts"]


def second_opinion(
    image: Image, network: MatteNetwork, *, wanted: bool | None, device: str, threads: int | None
) -> SecondOpinion | None:
    """The opinion to ask for; None where none is wanted.

    Args:
        image: the photograph.
        network: that mattes it.
        wanted: as ``confirm`` of :func:`cleanplate.cutout`.
        device: for the network for people.
        threads: likewise.

    Raises:
        WeightsError: it is wanted, and no network for people is installed.
    """
    if wanted is None:
        wanted = network.of_people and available(WANTED) is not None
    if not wanted:
        return None

    def opened() -> PeopleNetwork:
        return open_network(device=device, threads=threads)

    open_early(opened)  # beside the first matte
    return SecondOpinion(image, opened)
