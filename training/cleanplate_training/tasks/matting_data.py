"""Scenes of people as the matting network learns from them, and those it is checked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate_training.data.augment.blur import Defocus, MotionBlur
from cleanplate_training.data.augment.chain import Chain
from cleanplate_training.data.augment.compression import Jpeg
from cleanplate_training.data.augment.light import BackLight, Darkness, Gamma, LineLight, PointLight, Temperature
from cleanplate_training.data.augment.noise import SensorNoise
from cleanplate_training.data.matting.previous import PreviousAlpha
from cleanplate_training.data.matting.scenes import KINDS, Scenes, Sources
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.task import TaskData
from cleanplate_training.tasks.drawn_shapes import DrawnShapes

_SHARES = {"matte": 0.35, "portrait": 0.2, "composite": 0.15, "close-up": 0.1, "hair": 0.12, "empty": 0.08}
_CHECKED = ("matte", "portrait", "composite", "matte", "close-up", "matte", "hair", "empty")
"""Kinds of the validation scenes, again and again."""


@dataclass(frozen=True)
class Data:
    """Where scenes come from and how they are varied.

    Attributes:
        mattes: shards of pictures with alpha; without any, drawn shapes stand in for people (for trials).
        cutouts: shards of cut-out people.
        photos: shards of photographs without people.
        photos_without: how the keys of ``photos`` that do show people begin (a source, or a picture); left out.
        validation_mattes: the same, for the figures.
        validation_cutouts: likewise.
        validation_photos: likewise.
        shares: relative frequency of each kind of scene.
        length: scenes in a pass; each is drawn anew in every pass.
        checked: validation scenes.
        size: side of the squares that are drawn. Batches are shrunk from it to one of ``sizes``.
        sizes: sides that training batches take in turn, multiples of 32, none above ``size``.
        augment: vary light, sharpness, noise and compression.
        drawn_previous: how the previous alpha is simulated, for networks with four channels.
    """

    mattes: tuple[Path, ...] = ()
    cutouts: tuple[Path, ...] = ()
    photos: tuple[Path, ...] = ()
    photos_without: tuple[str, ...] = ()
    validation_mattes: tuple[Path, ...] = ()
    validation_cutouts: tuple[Path, ...] = ()
    validation_photos: tuple[Path, ...] = ()
    shares: Mapping[str, float] = field(default_factory=lambda: dict(_SHARES))
    length: int = 20000
    checked: int = 64
    size: int = 384
    sizes: tuple[int, ...] = (256, 320, 384)
    augment: bool = True
    drawn_previous: PreviousAlpha = field(default_factory=PreviousAlpha)

    def __post_init__(self) -> None:
        """Refuse sizes and kinds that do not fit."""
        if not self.sizes or any(side % 32 or not 32 <= side <= self.size for side in self.sizes):
            raise ArgumentError(f"must be multiples of 32 up to {self.size}, not {self.sizes}", subject="data.sizes")
        if unknown := set(self.shares) - set(KINDS):
            raise ArgumentError(
                f"unknown kind {sorted(unknown)[0]!r}", subject="data.shares", fix=f"valid: {', '.join(KINDS)}"
            )


def open_data(settings: Data, *, previous: bool) -> TaskData:
    """Open the shards; ``previous`` adds the simulated alpha of the frame before to every example."""
    simulated = settings.drawn_previous if previous else None
    if not settings.mattes:
        checked = min(settings.checked, 8)
        return TaskData(
            _Drawn(min(settings.length, 512), settings.size, simulated), _Drawn(checked, settings.size, simulated)
        )
    side = (settings.size, settings.size)
    without = settings.photos_without
    train = Scenes(_sources(settings.mattes, settings.cutouts, settings.photos, without), side, settings.shares)
    held = Scenes(
        _sources(settings.validation_mattes, settings.validation_cutouts, settings.validation_photos, without),
        side,
        settings.shares,
    )
    return TaskData(
        SceneExamples(train, settings.length, augment=settings.augment, previous=simulated),
        SceneExamples(held, settings.checked, augment=False, previous=simulated, kinds=_CHECKED),
    )


class SceneExamples:
    """Scenes as arrays: ``image`` 3 x H x W, ``alpha`` 1 x H x W, and ``previous`` 1 x H x W where it is simulated.

    Args:
        scenes: what is drawn.
        length: examples in a pass.
        augment: vary light, sharpness, noise and compression.
        previous: simulates the alpha of the frame before.
        kinds: kinds of scene by place, again and again; empty draws them by their shares.
    """

    def __init__(
        self,
        scenes: Scenes,
        length: int,
        *,
        augment: bool,
        previous: PreviousAlpha | None = None,
        kinds: Sequence[str] = (),
    ) -> None:
        self.scenes, self.length, self.previous, self.kinds = scenes, length, previous, tuple(kinds)
        self.change = Chain([*_LIGHT, *_CAMERA]) if augment else None

    def __len__(self) -> int:
        """Examples in a pass."""
        return self.length

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Draw one scene; ``index`` chooses nothing but the kind of validation scenes."""
        sample = (
            self.scenes.draw_kind(self.kinds[index % len(self.kinds)], rng) if self.kinds else self.scenes.draw(rng)
        )
        if self.change is not None:
            sample = self.change(sample, rng)
        return arrays_of(sample, self.previous, rng)


_LIGHT = (
    (0.15, BackLight()),
    (0.15, Darkness()),
    (0.10, PointLight()),
    (0.10, LineLight()),
    (0.35, Gamma()),
    (0.35, Temperature()),
)
_CAMERA = (
    (0.08, MotionBlur()),
    (0.08, Defocus()),
    (0.25, SensorNoise()),
    (0.30, Jpeg()),
)


def arrays_of(
    sample: Sample, previous: PreviousAlpha | None, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Return the arrays of one example."""
    assert sample.alpha is not None
    image = np.ascontiguousarray(sample.picture.transpose(2, 0, 1), np.float32) / np.float32(255)
    alpha = sample.alpha.astype(np.float32) / np.float32(255)
    arrays = {"image": image, "alpha": alpha[np.newaxis]}
    if previous is not None:
        arrays["previous"] = np.ascontiguousarray(previous(alpha, rng)[np.newaxis])
    return arrays


def _sources(
    mattes: Sequence[Path], cutouts: Sequence[Path], photos: Sequence[Path], without: Sequence[str]
) -> Sources:
    return Sources(ShardSet(mattes), ShardSet(cutouts), _Without(ShardSet(photos), without))


class _Without(Sequence[Sample]):
    """The samples of a set, but for those whose keys begin as given."""

    def __init__(self, samples: ShardSet, without: Sequence[str]) -> None:
        self.samples = samples
        self.places = [place for place, key in enumerate(samples.keys()) if not key.startswith(tuple(without))]
        if not self.places:
            raise ArgumentError("leaves no photograph", subject="data.photos_without")

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # only single places are asked for
        return self.samples[self.places[index]]


class _Drawn:
    """Drawn shapes with soft edges for trials without data."""

    def __init__(self, count: int, size: int, previous: PreviousAlpha | None) -> None:
        self.shapes, self.previous = DrawnShapes(count, size=size), previous

    def __len__(self) -> int:
        return len(self.shapes)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        drawn = self.shapes.draw(index, rng)
        alpha = np.asarray(cv2.GaussianBlur(np.asarray(drawn["mask"][0], np.float32), (0, 0), 1.0), np.float32)
        arrays = {"image": drawn["image"], "alpha": alpha[np.newaxis]}
        if self.previous is not None:
            arrays["previous"] = np.ascontiguousarray(self.previous(alpha, rng)[np.newaxis])
        return arrays
