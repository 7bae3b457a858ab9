"""The pictures of the selfie comparison: the test split of its own sources, and sources that it never learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cleanplate.types import Mask
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.data.sources.coco import coco
from evaluation.matting.cases import Case, fasseg, spread

IN_SOURCE = "in-source"
ANIMALS = ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe")
HELD = (
    *("backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite"),
    *("baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup"),
    *("fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "hot dog", "pizza", "donut", "cake"),
    *("laptop", "remote", "cell phone", "book", "scissors", "teddy bear", "hair drier", "toothbrush"),
)
_TOUCHES = 5
"""Pixels within which an object counts as touching a person."""


@dataclass(frozen=True)
class Selfie:
    """A picture under test.

    Attributes:
        case: with its truth as 0 and 1.
        beside: kinds of labelled objects that touch a person: ``animals``, ``held objects``; empty where none is
            labelled, which does not mean that there is none.
    """

    case: Case
    beside: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Unique among all sets."""
        return f"{self.case.group}/{self.case.name}"


def in_source(shards: Sequence[Path], limit: int) -> Iterator[Selfie]:
    """The test split of the recipe ``selfies``."""
    samples = ShardSet(shards)
    for place in spread(range(len(samples)), limit):
        sample = samples[place]
        truth = _truth(sample)
        if truth is not None:
            yield Selfie(Case(IN_SOURCE, sample.key, sample.picture, truth.astype(np.float32), soft=False))


def coco_people(annotations: Path, pictures: Path, *, limit: int, share: tuple[float, float]) -> Iterator[Selfie]:
    """Pictures of a COCO instances file in which people cover a share of the frame within ``share``."""
    kept = 0
    labels = ("person", *ANIMALS, *HELD)
    for entry in coco(annotations, pictures=pictures, source="coco", licence="COCO, per picture", labels=labels):
        sample = entry.read()
        people = _joined(sample, ("person",))
        if not share[0] <= people.mean() <= share[1]:
            continue
        near = cv2.dilate(people.view(np.uint8), np.ones((2 * _TOUCHES + 1,) * 2, np.uint8)) > 0
        kinds: Mapping[str, tuple[str, ...]] = {"animals": ANIMALS, "held objects": HELD}
        beside = frozenset(kind for kind, names in kinds.items() if (_joined(sample, names) & near).any())
        yield Selfie(Case("coco", sample.key, sample.picture, people.astype(np.float32), soft=False), beside)
        kept += 1
        if kept == limit:
            return


def studio(folder: Path, limit: int) -> Iterator[Selfie]:
    """FASSEG: heads and shoulders in a studio, of which the part above the clothes counts."""
    for case in fasseg(folder, limit):
        rows = round(case.counted * len(case.picture))
        yield Selfie(Case(case.group, case.name, case.picture[:rows], case.truth[:rows], soft=False))


def _truth(sample: Sample) -> Mask | None:
    if sample.mask is not None:
        return sample.mask
    return None if sample.alpha is None else sample.alpha >= 128


def _joined(sample: Sample, labels: Sequence[str]) -> Mask:
    found = np.zeros(sample.picture.shape[:2], bool)
    for each in sample.instances or ():
        if each.label in labels and each.mask is not None:
            found |= each.mask
    return found
