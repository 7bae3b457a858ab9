"""Photographs with holes, as the generator learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.augment.chain import Augmentation, Chain
from cleanplate_training.data.augment.geometry import RandomView
from cleanplate_training.data.augment.light import Gamma, Temperature
from cleanplate_training.data.examples import SampleExamples
from cleanplate_training.data.holes.generator import HoleGenerator
from cleanplate_training.data.holes.silhouettes import templates_of
from cleanplate_training.data.picked import without_sources
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.stream import Examples
from cleanplate_training.task import TaskData
from cleanplate_training.tasks.drawn_shapes import DrawnShapes

_TEMPLATES = 400
"""Silhouettes kept in memory."""


@dataclass(frozen=True)
class Data:
    """Where the pictures and holes come from.

    Attributes:
        train: Shards to learn from; empty for drawn shapes.
        validation: Shards for the figures.
        without: Sources whose pictures are left out of training, by the name that the shards give them (for terms that
            do not suit the weights).
        silhouettes: Shards of cut-out objects whose outlines become holes; empty for none.
        shapes: Number of drawn shapes in a pass where no shards are given.
        checked: Validation pictures used at most.
        size: Side of the square pictures.
        scale: Range of the side of the part of a photograph that is seen, as a share of its short side.
        rotation: Largest turn in degrees.
        light: Probability that gamma, and that the colour of the light, is changed.
        area: Least and greatest share of the picture that a hole takes.
        kinds: Relative frequency of each kind of hole; empty makes all alike. Silhouettes need ``silhouettes``; without
            any the other kinds share theirs.
    """

    train: tuple[Path, ...] = ()
    validation: tuple[Path, ...] = ()
    without: tuple[str, ...] = ()
    silhouettes: tuple[Path, ...] = ()
    shapes: int = 1000
    checked: int = 256
    size: int = 256
    scale: tuple[float, float] = (0.8, 1.0)
    rotation: float = 5.0
    light: float = 0.3
    area: tuple[float, float] = (0.02, 0.4)
    kinds: Mapping[str, float] = field(default_factory=dict)


def open_data(settings: Data) -> TaskData:
    """Open the shards, or draw shapes where none are given; validation has the same holes every time."""
    templates = _templates(settings.silhouettes)
    kinds = {kind: share for kind, share in settings.kinds.items() if kind != "silhouettes" or templates}
    side = settings.size
    holes = HoleGenerator((side, side), area=settings.area, kinds=kinds or None, templates=templates)
    if not settings.train:
        checked = min(settings.checked, max(1, settings.shapes // 8))
        return TaskData(_Drawn(settings.shapes, settings.size, holes), _Drawn(checked, settings.size, holes))
    still = RandomView((settings.size, settings.size), scale=(1, 1), flip=0)
    validation = SampleExamples(ShardSet(settings.validation), WithHole(still, holes))
    train = SampleExamples(
        without_sources(ShardSet(settings.train), settings.without), WithHole(moving_chain(settings), holes)
    )
    return TaskData(train, _Chosen(validation, mixed(spread(len(validation), settings.checked))))


def moving_chain(settings: Data) -> Chain:
    """Return the augmentation of training pictures."""
    view = RandomView((settings.size, settings.size), scale=settings.scale, rotation=settings.rotation)
    return Chain([(1.0, view), (settings.light, Gamma(1.4)), (settings.light, Temperature(1.3))])


class WithHole:
    """A transform: a picture as the augmentation shows it, and a hole.

    Args:
        augment: Gives the picture its size.
        holes: Draws the hole.
    """

    def __init__(self, augment: Augmentation, holes: HoleGenerator) -> None:
        self.augment, self.holes = augment, holes

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Mapping[str, NDArray[np.float32]]:
        """Return ``image``, 3 x H x W in 0..1, and ``mask``, 1 x H x W with 1 = hole."""
        picture = self.augment(sample, rng).picture
        image = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) / np.float32(255)
        return {"image": image, "mask": self.holes.draw(rng)[np.newaxis].astype(np.float32)}


class _Chosen:
    """Examples at some places of another set."""

    def __init__(self, examples: Examples, places: Sequence[int]) -> None:
        self.examples, self.places = examples, list(places)

    def __len__(self) -> int:
        return len(self.places)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        return self.examples.draw(self.places[index], rng)


class _Drawn:
    """Drawn shapes with holes, for trials without data."""

    def __init__(self, count: int, size: int, holes: HoleGenerator) -> None:
        self.shapes, self.holes = DrawnShapes(count, size=size), holes

    def __len__(self) -> int:
        return len(self.shapes)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, NDArray[np.float32]]:
        image = self.shapes.draw(index, rng)["image"]
        return {"image": image, "mask": self.holes.draw(rng)[np.newaxis].astype(np.float32)}


def _templates(paths: Sequence[Path]) -> list[NDArray[np.uint8]]:
    if not paths:
        return []
    samples = ShardSet(paths)
    return templates_of(samples[place] for place in spread(len(samples), _TEMPLATES))


def mixed(places: Sequence[int]) -> list[int]:
    """Return the places in an order that shows several kinds at the beginning, always the same."""
    return [int(place) for place in np.random.default_rng(0).permutation(places)]


def spread(length: int, count: int) -> list[int]:
    """Return at most ``count`` places from the first to the last of ``length``, evenly apart."""
    return [int(place) for place in np.linspace(0, length - 1, min(count, length)).round()]
