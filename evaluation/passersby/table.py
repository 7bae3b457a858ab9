"""The labelled pictures: names, boxes of people, and which of them are main subjects.

``people.csv`` has one line a picture: data set, whether it is used for training elsewhere, path within the set, width,
height, boxes (left top right bottom, separated by semicolons) and the numbers of the main subjects. Boxes are the
sets' own annotations; main subjects were written down by looking at each picture: those whom the photographer meant.
Pictures in which that is not clear to the eye were left out.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cleanplate.detect.instance import Instance
from cleanplate.types import Box

TABLE = Path(__file__).parent / "people.csv"


@dataclass(frozen=True)
class Labelled:
    """One line of the table.

    Attributes:
        source: data set.
        split: ``test`` or ``train``, by what the set is used for elsewhere in this repository.
        picture: path within the set.
        size: width and height.
        boxes: of all people.
        main: numbers of the main subjects, from 1.
    """

    source: str
    split: str
    picture: str
    size: tuple[int, int]
    boxes: tuple[Box, ...]
    main: frozenset[int]


def read_table(path: Path = TABLE) -> list[Labelled]:
    """All labelled pictures."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_labelled(row) for row in csv.DictReader(file)]


def _labelled(row: dict[str, str]) -> Labelled:
    boxes = tuple(Box(*(int(side) for side in text.split())) for text in row["boxes"].split(";"))
    main = frozenset(int(number) for number in row["main"].split())
    return Labelled(row["source"], row["split"], row["picture"], (int(row["width"]), int(row["height"])), boxes, main)


def instances(labelled: Labelled) -> list[Instance]:
    """Instances with the boxes of a line; their masks are the ellipses in them, for lack of better ones."""
    width, height = labelled.size
    found = []
    for number, box in enumerate(labelled.boxes, start=1):
        inside = box.clipped(height, width)
        y, x = np.ogrid[: inside.height, : inside.width]
        across, down = (x + 0.5) / inside.width * 2 - 1, (y + 0.5) / inside.height * 2 - 1
        found.append(Instance(number, "person", 1.0, inside, across**2 + down**2 <= 1.0, (height, width)))
    return found
