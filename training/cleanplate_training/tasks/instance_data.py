"""Pictures with people as a detector learns from them: several sets in fixed shares, seen at every scale."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate_training.data.augment.blur import Defocus, MotionBlur
from cleanplate_training.data.augment.chain import Chain
from cleanplate_training.data.augment.compression import Jpeg
from cleanplate_training.data.augment.geometry import flipped, warped
from cleanplate_training.data.augment.light import BackLight, Darkness, Gamma, Temperature
from cleanplate_training.data.augment.noise import SensorNoise
from cleanplate_training.data.instance_masks import groups_marked, with_instance_masks
from cleanplate_training.data.occlusion import Occlusion
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.stream import Batch


@dataclass(frozen=True)
class Pool:
    """A set of samples and how often it is drawn.

    Attributes:
        shards: Its files.
        share: Of all draws, relative to the other pools.
        include: Only samples whose key begins with what this regular expression says.
        exclude: No samples whose key begins with what this one says; "" = none.
    """

    shards: tuple[Path, ...]
    share: float = 1.0
    include: str = ""
    exclude: str = ""

    def takes(self, key: str) -> bool:
        """Whether the pool draws the sample of this key."""
        return bool(re.match(self.include, key)) and not (self.exclude and re.match(self.exclude, key))


@dataclass(frozen=True)
class View:
    """How a picture is shown.

    Attributes:
        size: Side of the square that the network sees.
        scale: Range of the picture's long side, in sides of that square (drawn evenly on a log scale).
        aspect: Greatest factor of random stretching.
        mosaic: Probability of four pictures, each in a quarter: small people without an empty rim.
        occlusion: People and things put before and behind those of the picture.
    """

    size: int = 448
    scale: tuple[float, float] = (0.8, 1.8)
    aspect: float = 1.25
    mosaic: float = 0.4
    occlusion: Occlusion = field(default_factory=Occlusion)


_Opened = tuple[ShardSet, NDArray[np.int64]]


class MixedExamples:
    """Draws a pool by its share, then any of its samples; satisfies the loop's ``Examples``.

    Args:
        pools: What is drawn from.
        view: How it is shown.
        length: What the loop calls one pass.
        cutouts: People for the view's occlusion; cut-outs with alpha.
        things: Pictures of nobody for it.
        objects: Animals and things for it; cut-outs with alpha.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        view: View,
        *,
        length: int,
        cutouts: Pool | None = None,
        things: Pool | None = None,
        objects: Pool | None = None,
    ) -> None:
        occlusion = view.occlusion
        wanted = {
            "cutouts": (occlusion.people + occlusion.statues, cutouts),
            "things": (occlusion.things, things),
            "objects": (occlusion.objects, objects),
        }
        for name, (needed, pool) in wanted.items():
            if needed and pool is None:
                raise ArgumentError("names no shards, and the view's occlusion needs them", subject=f"data.{name}")
        self.sets = [opened(pool) for pool in pools]
        more = (cutouts, things, objects)
        self.cutouts, self.things, self.objects = (None if pool is None else opened(pool) for pool in more)
        shares = np.array([pool.share for pool in pools])
        self.shares = shares / shares.sum()
        self.view, self.change = view, Chain(_CHANGES)
        self.length = length

    def __len__(self) -> int:
        """Number of draws in a pass."""
        return self.length

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return a random view of a random sample, or of four; ``index`` only numbers the draws."""
        if rng.random() < self.view.mosaic:
            quarter = replace(self.view, size=self.view.size // 2)
            shown = joined([moved(self._any(rng), quarter, rng) for _ in range(4)])
        else:
            shown = moved(self._any(rng), self.view, rng)
        person, thing, animal = (partial(_one, pool) for pool in (self.cutouts, self.things, self.objects))
        shown = self.view.occlusion(shown, person, thing, rng, animal=animal)
        return as_arrays(self.change(shown, rng))

    def _any(self, rng: np.random.Generator) -> Sample:
        chosen = self.sets[int(rng.choice(len(self.sets), p=self.shares))]
        return groups_marked(with_instance_masks(_one(chosen, rng)))


class FixedExamples:
    """Every pool's first samples as they are, each scaled to the size; satisfies the loop's ``Examples``."""

    def __init__(self, pools: Sequence[Pool], size: int, *, each: int) -> None:
        self.size = size
        self.chosen = [(shards, int(place)) for shards, places in map(opened, pools) for place in _spread(places, each)]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.chosen)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return sample ``index``; nothing is random."""
        shards, place = self.chosen[index]
        return as_arrays(fitted(with_instance_masks(shards[place]), self.size))


def opened(pool: Pool) -> _Opened:
    """Open a pool: its samples and the places of those that it takes."""
    shards = ShardSet(pool.shards)
    places = [place for place, key in enumerate(shards.keys()) if pool.takes(key)]
    return shards, np.array(places, np.int64)


def _one(opened_: _Opened | None, rng: np.random.Generator) -> Sample:
    assert opened_ is not None
    shards, places = opened_
    return shards[int(places[rng.integers(len(places))])]


def moved(sample: Sample, view: View, rng: np.random.Generator) -> Sample:
    """Show a part of the sample, or all of it with a black rim, stretched and mirrored at random."""
    height, width = sample.picture.shape[:2]
    stretch = math.exp(rng.uniform(-0.5, 0.5) * math.log(view.aspect))
    side = view.size * math.exp(rng.uniform(math.log(view.scale[0]), math.log(view.scale[1])))
    zoom = side / max(height / stretch, width * stretch)
    across, down = zoom * stretch, zoom / stretch
    left, top = _shift(width * across, view.size, rng), _shift(height * down, view.size, rng)
    matrix = np.array([[across, 0.0, left], [0.0, down, top]])
    shown = warped(sample, matrix, (view.size, view.size), border="black")
    return flipped(shown) if rng.random() < 0.5 else shown


def joined(quarters: Sequence[Sample]) -> Sample:
    """Put four square samples of one size into one square: two above, two below."""
    side = quarters[0].picture.shape[0]
    picture = np.zeros((2 * side, 2 * side, 3), np.uint8)
    instances = []
    for number, quarter in enumerate(quarters):
        top, left = side * (number // 2), side * (number % 2)
        window = slice(top, top + side), slice(left, left + side)
        picture[window] = quarter.picture
        for each in quarter.instances or ():
            box = (each.box[0] + left, each.box[1] + top, each.box[2] + left, each.box[3] + top)
            mask = None
            if each.mask is not None:
                mask = np.zeros(picture.shape[:2], bool)
                mask[window] = each.mask
            instances.append(replace(each, box=box, mask=mask))
    return replace(quarters[0], picture=picture, instances=tuple(instances), encoded=None)


def fitted(sample: Sample, size: int) -> Sample:
    """Show the whole sample in the upper left of a square, its long side as long as the square's."""
    zoom = size / max(sample.picture.shape[:2])
    return warped(sample, np.array([[zoom, 0.0, 0.0], [0.0, zoom, 0.0]]), (size, size), border="black")


def as_arrays(sample: Sample) -> Mapping[str, Any]:
    """Turn a sample into image, boxes, masks, which masks are known, and boxes of crowds, to be ignored.

    Boxes below 3 pixels are left out.
    """
    large = [i for i in sample.instances or () if min(i.box[2] - i.box[0], i.box[3] - i.box[1]) >= 3]
    instances = [i for i in large if not i.crowd]
    empty = np.zeros(sample.picture.shape[:2], bool)
    masks = [empty if i.mask is None else i.mask for i in instances]
    return {
        "image": np.ascontiguousarray(sample.picture.transpose(2, 0, 1), np.float32) / np.float32(255),
        "boxes": np.array([i.box for i in instances], np.float32).reshape(-1, 4),
        "masks": np.array(masks, bool).reshape(-1, *empty.shape),
        "known": np.array([i.mask is not None for i in instances], bool),
        "ignored": np.array([i.box for i in large if i.crowd], np.float32).reshape(-1, 4),
    }


def collate(examples: list[Mapping[str, Any]]) -> Batch:
    """Stack the images; all else stays a list with one tensor a picture."""
    batch: dict[str, Any] = {"image": torch.from_numpy(np.stack([each["image"] for each in examples]))}
    for name in ("boxes", "masks", "known", "ignored"):
        batch[name] = [torch.from_numpy(each[name]) for each in examples]
    return batch


class Grey:
    """Takes the colours away."""

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample in grey."""
        grey = cv2.cvtColor(sample.picture, cv2.COLOR_RGB2GRAY)
        return replace(sample, picture=np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8), encoded=None)


_CHANGES = (
    (0.03, BackLight()),
    (0.08, Darkness()),
    (0.30, Gamma()),
    (0.30, Temperature()),
    (0.06, Grey()),
    (0.06, MotionBlur()),
    (0.06, Defocus()),
    (0.12, SensorNoise()),
    (0.20, Jpeg()),
)


def _shift(length: float, side: int, rng: np.random.Generator) -> float:
    """Place a length in a side: anywhere inside where it is shorter, any part of it where it is longer."""
    return float(rng.uniform(min(0.0, side - length), max(0.0, side - length)))


def _spread(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return places[np.linspace(0, len(places) - 1, min(count, len(places))).astype(np.int64)]
