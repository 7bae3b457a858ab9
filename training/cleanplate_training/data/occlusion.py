"""People, statues and things put beside the people of a picture: a detector learns where one person ends.

Photographs with a matte show only where *people* are, so the persons in them whose masks are known stand apart from all
others; a network that has seen no others paints everybody inside a box. Copied and pasted instances have exact masks
where they meet (Ghiasi et al., arXiv 2012.07177). Figures of one material are nobody, and so are animals and things,
which photographs of people alone show too seldom: without them anything that stands out passes for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.views import is_grey
from cleanplate_training.data.augment.geometry import flipped, resized, set_at
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.sample import Instance, Sample

_Draw = Callable[[np.random.Generator], Sample]
_LEAST_VISIBLE = 0.12
"""A person of whom less than this share can still be seen is nobody any more."""
_MOST_COVERED = 0.6
"""A person known by the box alone is dropped when more of the box than this is covered."""


@dataclass(frozen=True)
class _Material:
    """What a statue is made of: ranges of its brightness, of the depth of its relief and of red, green and blue."""

    shade: tuple[float, float]
    contrast: tuple[float, float]
    tint: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    gloss: float = 0.0


_MATERIALS = (
    _Material((0.25, 0.75), (0.08, 0.2), ((0.94, 1.18), (0.95, 1.1), (0.82, 1.06))),  # stone
    _Material((0.7, 0.95), (0.05, 0.12), ((0.98, 1.06), (0.96, 1.02), (0.88, 1.0)), 0.1),  # marble
    _Material((0.12, 0.35), (0.06, 0.14), ((1.05, 1.3), (0.9, 1.02), (0.6, 0.9)), 0.3),  # bronze
    _Material((0.25, 0.6), (0.07, 0.16), ((0.6, 0.85), (1.0, 1.1), (0.85, 1.05))),  # verdigris
    _Material((0.4, 0.7), (0.1, 0.2), ((1.15, 1.35), (0.9, 1.05), (0.3, 0.6)), 0.3),  # gilded
)


@dataclass(frozen=True)
class Occlusion:
    """How often, and how, people and things are put beside the people of a picture.

    Attributes:
        people: probability of one or two more people, each beside somebody.
        things: probability of a thing before somebody: a piece of another picture.
        objects: probability of one to three animals or things cut out of other pictures, anywhere.
        statues: probability of a figure of stone or metal, which is no person: a cut-out without its colours.
        behind: probability of a person behind the other, where the other's mask is known.
        height: range of the height against that of the neighbour (drawn evenly on a log scale).
        apart: largest distance of the two middles, in half the sum of both widths.
    """

    people: float = 0.0
    things: float = 0.0
    objects: float = 0.0
    statues: float = 0.0
    behind: float = 0.4
    height: tuple[float, float] = (0.6, 1.5)
    apart: float = 0.8

    def __call__(
        self, sample: Sample, person: _Draw, thing: _Draw, rng: np.random.Generator, *, animal: _Draw | None = None
    ) -> Sample:
        """Return the sample with what the dice say.

        Args:
            sample: a picture, with people or without.
            person: draws a cut-out, a sample with alpha.
            thing: draws a picture of nobody.
            rng: source of randomness.
            animal: draws a cut-out of an animal or a thing; needed where ``objects`` is not 0.
        """
        if animal is not None and rng.random() < self.objects:
            for _ in range(int(rng.integers(1, 4))):
                sample = _with_animal(sample, animal(rng), rng)
        if rng.random() < self.people:
            for _ in range(int(rng.integers(1, 3))):
                sample = self._beside(sample, person(rng), rng)
        if rng.random() < self.things:
            sample = _covered(sample, thing(rng), rng)
        if rng.random() < self.statues and not is_grey(sample.picture):  # people there have no colours either
            sample = _with_statue(sample, person(rng), rng)
        return sample

    def _beside(self, sample: Sample, person: Sample, rng: np.random.Generator) -> Sample:
        neighbour = _anybody(sample, rng)
        if neighbour is None or person.alpha is None:
            return sample
        if rng.random() < 0.5:
            person = flipped(person)
        left, top, right, bottom = neighbour.box
        tall = (bottom - top) * float(np.exp(rng.uniform(*np.log(self.height))))
        wide = tall * person.picture.shape[1] / person.picture.shape[0]
        if min(tall, wide) < 6 or max(tall, wide) > 2 * max(sample.picture.shape):
            return sample
        person = resized(person, round(tall), round(wide))
        assert person.alpha is not None
        middle = (left + right) / 2 + rng.uniform(-self.apart, self.apart) * (right - left + wide) / 2
        foot = bottom + rng.uniform(-0.1, 0.15) * (bottom - top)
        alpha, colours = _placed(person, _size(sample), round(foot - tall), round(middle - wide / 2))
        if neighbour.mask is not None and rng.random() < self.behind:
            alpha[neighbour.mask] = 0
            kept = float((alpha > 127).sum()) / max(1.0, float((person.alpha > 127).sum()))
            if kept < 2 * _LEAST_VISIBLE:
                return sample
        return _over(sample, colours, alpha, label="person")


def _covered(sample: Sample, thing: Sample, rng: np.random.Generator) -> Sample:
    """Hide a part of somebody behind a round or square thing, or behind something as wide as a table."""
    neighbour = _anybody(sample, rng)
    if neighbour is None:
        return sample
    left, top, right, bottom = neighbour.box
    size = _size(sample)
    alpha = np.zeros(size, np.uint8)
    wide, tall = right - left, bottom - top
    centre = (left + rng.uniform(0, 1) * wide, top + rng.uniform(0.3, 1) * tall)
    sides = (wide * rng.uniform(0.2, 0.7), tall * rng.uniform(0.1, 0.4))
    turn = float(rng.uniform(-30, 30))
    kind = int(rng.integers(3))
    if kind == 0:
        middle = (round(centre[0]), round(centre[1]))
        cv2.ellipse(alpha, middle, (round(sides[0] / 2), round(sides[1] / 2)), turn, 0, 360, 255, -1, cv2.LINE_AA)
    else:
        if kind == 2:  # from side to side and to the ground
            centre, sides, turn = (centre[0], bottom), (wide * 2.5, tall * rng.uniform(0.3, 1.0)), turn / 6
        corners = cv2.boxPoints((centre, sides, turn))
        cv2.fillConvexPoly(alpha, np.rint(corners).astype(np.int32), 255, cv2.LINE_AA)
    return _over(sample, _piece(thing.picture, size, rng), alpha)


def _with_animal(sample: Sample, animal: Sample, rng: np.random.Generator) -> Sample:
    """Put a cut-out anywhere, at most four times as large as it is, half of them standing below the middle."""
    height, width = sample.picture.shape[:2]
    long = max(animal.picture.shape[:2])
    side = min(4.0 * long, min(height, width) * float(np.exp(rng.uniform(np.log(0.08), np.log(0.9)))))
    tall, wide = (edge * side / long for edge in animal.picture.shape[:2])
    if animal.alpha is None or min(tall, wide) < 4:
        return sample
    if rng.random() < 0.5:
        animal = flipped(animal)
    animal = resized(animal, round(tall), round(wide))
    least = 0.5 * height - tall if rng.random() < 0.5 else -0.2 * tall
    top, left = rng.uniform(least, height - 0.8 * tall), rng.uniform(-0.2 * wide, width - 0.8 * wide)
    alpha, colours = _placed(animal, (height, width), round(top), round(left))
    if is_grey(sample.picture):
        colours = np.asarray(cv2.cvtColor(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    return _over(sample, colours, alpha)


def _with_statue(sample: Sample, person: Sample, rng: np.random.Generator) -> Sample:
    height, width = sample.picture.shape[:2]
    tall = height * float(np.exp(rng.uniform(np.log(0.12), np.log(0.9))))
    wide = tall * person.picture.shape[1] / person.picture.shape[0]
    if person.alpha is None or min(tall, wide) < 6:
        return sample
    person = resized(person, round(tall), round(wide))
    person = replace(person, picture=statue(person.picture, rng), encoded=None)
    left = rng.uniform(*sorted((-0.2 * wide, width - 0.8 * wide)))  # a wide one reaches over both sides
    top = rng.uniform(0, max(1.0, height - tall))
    alpha, colours = _placed(person, (height, width), round(top), round(left))
    return _over(sample, colours, alpha)


def statue(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a figure as if made of stone or metal: one colour, shaded by the light on it, uint8 ``H x W x 3``.

    Clothes and skin lose the differences that are wider than folds are; the grain of the material comes on top, and
    polished ones shine where the light meets them.
    """
    material = _MATERIALS[int(rng.integers(len(_MATERIALS)))]
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    wide = cv2.GaussianBlur(light, (0, 0), max(2.0, 0.08 * max(light.shape)))
    relief = light - wide * rng.uniform(0.5, 0.95)
    relief = (relief - relief.mean()) / (relief.std() + 0.02)
    grain = cv2.GaussianBlur(rng.standard_normal(light.shape).astype(np.float32), (0, 0), rng.uniform(0.5, 2))
    shade = rng.uniform(*material.shade) + rng.uniform(*material.contrast) * relief + rng.uniform(0, 0.08) * grain
    shade += rng.uniform(0, material.gloss) * np.maximum(relief - 1, 0)
    tint = np.array([rng.uniform(*ends) for ends in material.tint], np.float32)
    return np.asarray(np.clip(255 * shade[..., np.newaxis] * tint, 0, 255), np.uint8)


def _anybody(sample: Sample, rng: np.random.Generator) -> Instance | None:
    """Draw a person, of those with a mask where there are some: their masks are what is learnt from."""
    people = [each for each in sample.instances or () if not each.crowd]
    masked = [each for each in people if each.mask is not None]
    chosen = masked or people
    return chosen[int(rng.integers(len(chosen)))] if chosen else None


def _over(sample: Sample, colours: NDArray[np.uint8], alpha: NDArray[np.uint8], *, label: str = "") -> Sample:
    """Lay colours over the picture: masks lose what is hidden, and a newcomer with a label becomes an instance."""
    solid = alpha > 127
    share = alpha[..., np.newaxis].astype(np.float32) / 255
    picture = np.rint(share * colours + (1 - share) * sample.picture).astype(np.uint8)
    people = [left for each in sample.instances or () if (left := _hidden(each, solid)) is not None]
    if label and solid.any():
        people.append(Instance(label, box_of(solid), solid))
    return replace(sample, picture=picture, instances=tuple(people), encoded=None)


def _hidden(person: Instance, solid: NDArray[np.bool_]) -> Instance | None:
    if person.mask is None:
        left, top, right, bottom = (max(0, round(side)) for side in person.box)
        part = solid[top:bottom, left:right]
        return None if part.size and part.mean() > _MOST_COVERED else person
    seen = person.mask & ~solid
    before, after = np.count_nonzero(person.mask), np.count_nonzero(seen)
    if after == before:
        return person
    return replace(person, box=box_of(seen), mask=seen) if after > _LEAST_VISIBLE * before else None


def _placed(person: Sample, size: tuple[int, int], top: int, left: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return alpha and colours of a cut-out at its place in a picture of zeros."""
    assert person.alpha is not None
    return set_at(person.alpha, size, top, left), set_at(person.picture, size, top, left)


def _size(sample: Sample) -> tuple[int, int]:
    return sample.picture.shape[0], sample.picture.shape[1]


def _piece(picture: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a random part of another picture, as large as this one."""
    height, width = (max(8, round(side * rng.uniform(0.3, 1))) for side in picture.shape[:2])
    top, left = int(rng.integers(picture.shape[0] - height + 1)), int(rng.integers(picture.shape[1] - width + 1))
    part = picture[top : top + height, left : left + width]
    return np.asarray(cv2.resize(part, (size[1], size[0]), interpolation=cv2.INTER_AREA), np.uint8)
