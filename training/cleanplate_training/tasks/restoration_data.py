"""Where the pictures of the restoration tasks come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.damage.old_photograph import OldPhotograph
from cleanplate_training.data.damage.stamps import Split, open_stamps
from cleanplate_training.data.picked import without_sources
from cleanplate_training.data.scenes import Scenes
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.stream import Examples


@dataclass(frozen=True)
class Data:
    """Pictures and stamps.

    Attributes:
        train: Shards of photographs to learn from.
        cutouts: Shards of people with alpha that are put on them; empty for none.
        validation: Shards of photographs for the figures.
        validation_cutouts: Likewise of people.
        stamps: Folder of ``KIND/*.png`` with alpha; None for generated damage only.
        size: Side of the square pictures.
        scale: Range of the side of the part of a photograph that is seen, as a share of its short side.
        portraits: Share of pictures that show people put on a photograph.
        uniforms: Share of those people who wear a uniform with insignia.
        checked: Validation pictures used at most.
        without: Sources of photographs left out of training, by the name that the shards give them (for terms that
            leave the use of the weights open).
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    cutouts: tuple[Path, ...] = ()
    validation_cutouts: tuple[Path, ...] = ()
    stamps: Path | None = None
    size: int = 256
    scale: tuple[float, float] = (0.4, 1.0)
    portraits: float = 0.45
    uniforms: float = 0.1
    checked: int = 48
    without: tuple[str, ...] = ()


def open_scenes(settings: Data, split: Split) -> Scenes:
    """Open the photographs and people of training (``train``) or of the figures (``val``)."""
    training = split == "train"
    photographs = settings.train if training else settings.validation
    people = settings.cutouts if training else settings.validation_cutouts
    return Scenes(
        without_sources(ShardSet(photographs), settings.without if training else ()),
        ShardSet(people) if people else (),
        size=settings.size,
        portraits=settings.portraits,
        scale=settings.scale,
        uniforms=settings.uniforms,
    )


def open_age(settings: Data, split: Split, age: OldPhotograph) -> OldPhotograph:
    """Return ``age`` with the stamps of a split."""
    return age if settings.stamps is None else replace(age, stamps=open_stamps(settings.stamps, split))


class OldPhotographs:
    """Old photographs with their damage, as named arrays.

    Args:
        scenes: What is on them.
        age: What happened to them.
    """

    def __init__(self, scenes: Scenes, age: OldPhotograph) -> None:
        self.scenes, self.age = scenes, age

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self.scenes)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return ``image`` and ``undamaged`` (3 x H x W in 0..1) and ``mask`` (1 x H x W, 1 = damaged), float32."""
        made = self.age(self.scenes.picture(index, rng), rng)
        return {
            "image": planes(made.picture),
            "undamaged": planes(made.undamaged),
            "mask": np.ascontiguousarray(made.mask[np.newaxis], np.float32),
        }


class Spread:
    """At most ``count`` examples, evenly spread over those of another set, in a fixed mixed order."""

    def __init__(self, examples: Examples, count: int) -> None:
        places = np.linspace(0, len(examples) - 1, min(count, len(examples))).round().astype(int)
        self.examples, self.places = examples, np.random.default_rng(0).permutation(places).tolist()

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.places)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Draw one of them."""
        return self.examples.draw(self.places[index], rng)


def planes(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return uint8 H x W x C as float32 C x H x W in 0..1."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) / np.float32(255)
