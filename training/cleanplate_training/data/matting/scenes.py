"""Pictures of people with alpha as matting networks learn from them: found, put together, or empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from cleanplate_training.data.augment.geometry import RandomView
from cleanplate_training.data.matting.framing import portrait
from cleanplate_training.data.matting.hair import Hair
from cleanplate_training.data.prepare.composite import CompositePlan, composite
from cleanplate_training.data.sample import Sample

KINDS = ("matte", "portrait", "composite", "close-up", "hair", "empty")
"""Found picture; head and shoulders of one; people on a photo; one large person on a photo; such a one with drawn
hair; a photo without people."""
_LEAST_LABELLED = 0.2
"""A box of a person of which less is in the matte tells that the matte leaves people out."""


@dataclass(frozen=True)
class Sources:
    """Where scenes take their parts from.

    Attributes:
        mattes: pictures of people with alpha.
        cutouts: people with alpha and clean edge colours.
        photos: photographs without people.
    """

    mattes: Sequence[Sample]
    cutouts: Sequence[Sample]
    photos: Sequence[Sample]


class Scenes:
    """Draws scenes of one size.

    Args:
        sources: see :class:`Sources`.
        size: height and width.
        shares: relative frequency of each of :data:`KINDS`; those not named never come.
    """

    def __init__(self, sources: Sources, size: tuple[int, int], shares: Mapping[str, float]) -> None:
        self.sources, self.size = sources, size
        self.kinds = tuple(kind for kind in KINDS if shares.get(kind, 0) > 0)
        weights = np.array([shares[kind] for kind in self.kinds], np.float64)
        self.weights = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> Sample:
        """A scene with alpha (and without instances); all randomness from ``rng``."""
        kind = self.kinds[int(rng.choice(len(self.kinds), p=self.weights))]
        return self.draw_kind(kind, rng)

    def draw_kind(self, kind: str, rng: np.random.Generator) -> Sample:
        """A scene of one kind."""
        makers: Mapping[str, Callable[[np.random.Generator], Sample]] = {
            "matte": self._matte,
            "portrait": self._portrait,
            "composite": self._composite,
            "close-up": self._close_up,
            "hair": self._hair,
            "empty": self._empty,
        }
        return replace(makers[kind](rng), instances=None, encoded=None)

    def _matte(self, rng: np.random.Generator) -> Sample:
        view = RandomView(self.size, scale=(0.55, 1.0), aspect=(0.8, 1.25), rotation=8)
        return view(replace(self._labelled(rng), instances=None), rng)

    def _portrait(self, rng: np.random.Generator) -> Sample:
        near = portrait(replace(self._labelled(rng), instances=None), rng)
        return RandomView(self.size, scale=(0.85, 1.0), aspect=(0.9, 1.1), rotation=10)(near, rng)

    def _composite(self, rng: np.random.Generator) -> Sample:
        people = [_one(self.sources.cutouts, rng) for _ in range(int(rng.integers(1, 4)))]
        plan = CompositePlan(self.size, height=(0.3, 1.1), edge=(0.0, 0.7))
        return composite(self._background(rng), people, plan, rng)

    def _close_up(self, rng: np.random.Generator) -> Sample:
        return self._large(portrait(_one(self.sources.cutouts, rng), rng), rng)

    def _hair(self, rng: np.random.Generator) -> Sample:
        person = portrait(_one(self.sources.cutouts, rng), rng)
        return self._large(Hair()(_with_margin(person), rng), rng)

    def _large(self, person: Sample, rng: np.random.Generator) -> Sample:
        plan = CompositePlan(self.size, height=(0.55, 1.0), harmony=(0.0, 0.5), shadows=0, edge=(0.0, 0.4))
        return composite(self._background(rng), [person], plan, rng)

    def _empty(self, rng: np.random.Generator) -> Sample:
        scene = RandomView(self.size, scale=(0.4, 1.0))(self._background(rng), rng)
        return replace(scene, alpha=np.zeros(self.size, np.uint8), mask=None)

    def _labelled(self, rng: np.random.Generator) -> Sample:
        """A picture in whose matte no person is missing (as far as its boxes tell), after a few tries any."""
        for _ in range(4):
            sample = _one(self.sources.mattes, rng)
            if fully_labelled(sample):
                return sample
        return sample

    def _background(self, rng: np.random.Generator) -> Sample:
        """A photo, sometimes with a piece of another stuck on, so that a stuck-on edge alone means no person."""
        photo = replace(_one(self.sources.photos, rng), alpha=None, mask=None, instances=None)
        if rng.random() < 0.35:
            photo = with_patch(photo, _one(self.sources.photos, rng), rng)
        return photo


def fully_labelled(sample: Sample) -> bool:
    """Tell whether the matte covers a part of every box that is not very small."""
    if sample.alpha is None or not sample.instances:
        return sample.alpha is not None
    height, width = sample.alpha.shape
    for left, top, right, bottom in sample.boxes.round().astype(int).tolist():
        inside = sample.alpha[max(0, top) : bottom, max(0, left) : right]
        if inside.size > 0.003 * height * width and inside.mean() < 255 * _LEAST_LABELLED:
            return False
    return True


def with_patch(photo: Sample, other: Sample, rng: np.random.Generator) -> Sample:
    """The photo with a blob of another photo on it, soft or sharp at its edge."""
    height, width = photo.picture.shape[:2]
    corners = int(rng.integers(4, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(0.1, 0.35) * min(height, width) * rng.uniform(0.4, 1.0, corners)
    centre = rng.uniform(0.1, 0.9, 2) * (width, height)
    points = centre + np.column_stack([np.cos(angles), np.sin(angles)]) * reach[:, np.newaxis]
    blob = np.zeros((height, width), np.uint8)
    cv2.fillPoly(blob, [points.round().astype(np.int32)], 255)
    soft = cv2.GaussianBlur(blob, (0, 0), rng.uniform(0.5, 4)).astype(np.float32) / np.float32(255)
    patch = cv2.resize(other.picture, (width, height), interpolation=cv2.INTER_AREA)
    mixed = photo.picture + (patch.astype(np.float32) - photo.picture) * soft[..., np.newaxis]
    return replace(photo, picture=np.asarray(np.rint(mixed), np.uint8), encoded=None)


def _with_margin(person: Sample) -> Sample:
    """The cut-out with room for hair above it and beside it."""
    assert person.alpha is not None
    rim = round(0.2 * max(person.alpha.shape))
    picture = cv2.copyMakeBorder(person.picture, rim, 0, rim, rim, cv2.BORDER_REPLICATE)
    alpha = cv2.copyMakeBorder(person.alpha, rim, 0, rim, rim, cv2.BORDER_CONSTANT, value=0)
    return replace(
        person,
        picture=np.asarray(picture, np.uint8),
        alpha=np.asarray(alpha, np.uint8),
        mask=None,
        instances=None,
        encoded=None,
    )


def _one(samples: Sequence[Sample], rng: np.random.Generator) -> Sample:
    return samples[int(rng.integers(len(samples)))]
