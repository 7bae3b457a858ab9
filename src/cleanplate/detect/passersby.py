"""Who is a main subject of a photograph, and who only passes by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.detect.instance import Instance
from cleanplate.types import Image, check_image

_NEAR_THE_MAIN = 0.35
"""Share of the highest importance from which a person is a main subject too."""
_LEAST_PROMINENCE = 0.2
_SIZE_POWER = 0.7
_POSITION, _SHARPNESS = 0.2, 0.8
"""How much of the importance depends on the position and on the sharpness."""
_CUT = 0.6
_POSITION_OF_PROMINENCE = 0.4
_SHARP_SIDE = 128


@dataclass(frozen=True)
class Verdict:
    """What was decided about one person.

    Attributes:
        id: of the instance.
        main: a main subject, to be kept.
        importance: 0 and up; that of the picture's most important person is what the others are compared with.
        reason: for the user, such as ``large and in the middle``.
    """

    id: int
    main: bool
    importance: float
    reason: str


@dataclass(frozen=True)
class Traits:
    """What is seen of one person.

    Attributes:
        height: apparent height, as a share of the picture's.
        size: apparent height, as a share of that of the largest person.
        middle: 1 in the middle of the picture's width, 0 at its sides.
        sharp: detail within the outline, as a share of that of the sharpest of the large people; at most 1.
        cut: whether the left or right side of the picture cuts the person.
    """

    height: float
    size: float
    middle: float
    sharp: float
    cut: bool


def traits(people: Sequence[Instance], image: Image) -> list[Traits]:
    """What is seen of each person of a picture."""
    check_image(image)
    if not people:
        return []
    height, width = image.shape[:2]
    heights = [person.apparent_height for person in people]
    tallest = max(heights)
    details = [detail(image, person) for person in people]
    reference = max((each for each, tall in zip(details, heights, strict=True) if tall >= 0.5 * tallest), default=0.0)
    found = []
    for person, tall, sharp in zip(people, heights, details, strict=True):
        centre = (person.box.left + person.box.right) / 2 / width
        cut = (person.box.left <= 0.005 * width) != (person.box.right >= 0.995 * width)
        found.append(
            Traits(
                height=tall / height,
                size=tall / tallest,
                middle=1.0 - abs(centre - 0.5) * 2.0,
                sharp=min(1.0, sharp / reference) if reference > 0 else 1.0,
                cut=cut,
            )
        )
    return found


def judge(people: Sequence[Instance], image: Image, *, keep: int | None = None) -> list[Verdict]:
    """Tell the main subjects of a picture from passers-by.

    The rule has two parts. *Prominence* asks whether anybody is a subject at all: a person's apparent height as a share
    of the picture's, times a factor from 1 in the middle of the width to 0.6 at its sides, and times 0.6 for one whom a
    side of the picture cuts. Less than 0.2, and the person is a passer-by; if all are, the place is the subject.
    *Importance* compares the people of one picture: apparent height to the power of 0.7, less up to 20 % for the
    position and up to 80 % for sharpness (detail within the outline, compared with the sharpest large person), times
    0.6 for one who is cut. The most important person is a main subject, and so is everyone with at least 35 % of that:
    friends stand beside each other. The numbers were chosen on 93 pictures that were labelled by eye, so that seldom a
    main subject is taken for a passer-by (``evaluation/reports/passersby.md``).

    Whether a person faces the camera is not looked at.

    Args:
        people: instances of one picture.
        image: H x W x 3, uint8 or uint16, the picture.
        keep: how many to keep, the most important ones; None for as many as the rule finds.

    Returns:
        A verdict on each, in the order of ``people``.
    """
    seen = traits(people, image)
    scores = [importance(each) for each in seen]
    best = max(scores, default=0.0)
    order = sorted(range(len(people)), key=lambda place: -scores[place])
    verdicts = []
    for place, (person, each, score) in enumerate(zip(people, seen, scores, strict=True)):
        main = order.index(place) < keep if keep is not None else _is_main(each, score, best)
        verdicts.append(Verdict(person.id, main, round(score, 3), _reason(each, main, score, best, keep)))
    return verdicts


def importance(seen: Traits) -> float:
    """How much a person matters in the picture, 0 and up."""
    position = 1.0 - _POSITION * (1.0 - seen.middle)
    sharpness = 1.0 - _SHARPNESS * (1.0 - seen.sharp)
    return float(seen.size**_SIZE_POWER * position * sharpness * (_CUT if seen.cut else 1.0))


def prominence(seen: Traits) -> float:
    """How much a person matters beside the place, 0 and up."""
    position = 1.0 - _POSITION_OF_PROMINENCE * (1.0 - seen.middle)
    return seen.height * position * (_CUT if seen.cut else 1.0)


def detail(image: Image, person: Instance) -> float:
    """Mean detail within a person's outline at a common size of 128 pixels, in levels, without the outline itself.

    Blur that is small beside the person does not show at that size; being out of focus does.
    """
    view = image[person.box.slices]
    scale = _SHARP_SIDE / max(view.shape[:2])
    size = max(3, round(view.shape[1] * scale)), max(3, round(view.shape[0] * scale))
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) * np.float32(255 / np.iinfo(image.dtype).max)
    inside = cv2.resize(person.crop.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    inner = cv2.erode(np.pad(inside, 1, mode="edge"), np.ones((5, 5), np.uint8))[1:-1, 1:-1] > 0
    if not inner.any():
        return 0.0
    steps = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    # A person who is small in the picture was enlarged, which takes detail away that nobody blurred.
    return float(steps[inner].mean()) * max(1.0, math.sqrt(scale))


def _is_main(seen: Traits, score: float, best: float) -> bool:
    return prominence(seen) >= _LEAST_PROMINENCE and score >= _NEAR_THE_MAIN * best


def _reason(seen: Traits, main: bool, score: float, best: float, keep: int | None) -> str:
    if keep is not None:
        return f"one of the {keep} most important" if main and keep > 1 else ("most important" if main else "not kept")
    if main:
        parts = ["the most important" if score == best else "about as important as the main subject"]
        parts += ["large"] if seen.size >= 0.8 else []
        parts += ["in the middle"] if seen.middle >= 0.6 else []
        return ", ".join(parts)
    if seen.height < _LEAST_PROMINENCE:
        return "small in the picture"
    parts = ["much smaller than the main subject"] if seen.size < 0.6 else []
    parts += ["cut by the side of the picture"] if seen.cut else []
    parts += ["out of focus"] if seen.sharp < 0.5 else []
    parts += ["far from the middle"] if seen.middle < 0.35 else []
    return ", ".join(parts) or "less important than the main subject"
