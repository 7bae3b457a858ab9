"""Pictures whose people are known: masks of test sets, mattes held out of training, composites, and nobody at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import MissingInputError
from cleanplate.types import Alpha
from cleanplate_training.data.matting.scenes import Scenes, Sources
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.sample import Entry, Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.data.sources.coco import coco
from cleanplate_training.data.sources.instance_maps import instance_maps

_T = TypeVar("_T")
_WALL, _ABOVE_CLOTHES = (255, 0, 0), 0.65
_PERSON = 1
"""COCO's number of the class."""


@dataclass(frozen=True)
class Case:
    """A picture and what is known about it.

    Attributes:
        group: the set it belongs to.
        name: unique within the set.
        picture: uint8 RGB, H x W x 3.
        truth: float32 H x W; 0 and 1 only where a mask is known and not a matte.
        soft: the truth is a matte, so that figures of edges mean something.
        counted: share of the rows, from the top, on which figures are taken.
    """

    group: str
    name: str
    picture: NDArray[np.uint8]
    truth: Alpha
    soft: bool
    counted: float = 1.0


def penn_fudan(folder: Path, limit: int) -> Iterator[Case]:
    """Penn-Fudan pedestrians: people of a street, seen whole. Bystanders in the distance are not masked."""
    entries = instance_maps(
        folder / "data/PennFudanPed/PNGImages",
        maps=folder / "data/PennFudanPed/PedMasks",
        source="penn-fudan",
        licence="citation asked",
    )
    yield from _masked("penn-fudan", spread(entries, limit))


def tiny_coco(folder: Path, limit: int, least: float) -> Iterator[Case]:
    """COCO instances in the layout of tiny_coco: pictures in which people cover at least ``least`` of the area."""
    root = folder / "tiny_coco"
    entries = [
        entry
        for part in ("train2017", "val2017")
        for entry in coco(
            root / f"annotations/instances_{part}.json", pictures=root / part, source="tiny-coco", licence="COCO"
        )
    ]
    large = (case for case in _masked("tiny-coco", entries) if case.truth.mean() >= least)
    yield from _first(large, limit)


def coco_panoptic(folder: Path, limit: int, least: float) -> Iterator[Case]:
    """COCO panoptic maps in the layout of coco128_yolo, likewise."""
    found = []
    for part in ("train2017", "val2017"):
        maps = folder / "panoptic_segmentation/annotations" / f"panoptic_{part}"
        listed = json.loads(file_bytes(maps.with_suffix(".json")))
        for row in listed["annotations"]:
            people = [each["id"] for each in row["segments_info"] if each["category_id"] == _PERSON]
            pictures = sorted(folder.glob(f"**/{Path(row['file_name']).stem}.jpg"))
            if people and pictures:
                found.append((pictures[0], maps / row["file_name"], people))
    cases = (_panoptic(*each) for each in found)
    yield from _first((case for case in cases if case.truth.mean() >= least), limit)


def fasseg(folder: Path, limit: int) -> Iterator[Case]:
    """FASSEG V2: heads and shoulders before a studio wall, hair and skin parsed by hand.

    Clothes count as background there, so that only the upper :data:`_ABOVE_CLOTHES` of the rows is compared.
    """
    pictures = sorted(path for part in ("Test", "Train") for path in (folder / f"V2/{part}_RGB").glob("*.bmp"))
    for path in spread(pictures, limit):
        labels = path.parent.with_name(path.parent.name.replace("RGB", "Labels")) / path.name
        picture = decode_rgb(file_bytes(path), name=str(path))
        colours = decode_rgb(file_bytes(labels), name=str(labels)).astype(int)
        wall = np.abs(colours - _WALL).sum(axis=2) < 60
        name = f"{path.parent.name}-{path.stem}"
        yield Case("fasseg", name, picture, (~wall).astype(np.float32), soft=False, counted=_ABOVE_CLOTHES)


def held_mattes(shards: Sequence[Path], limit: int) -> Iterator[Case]:
    """Mattes of the validation split; they were made by the ISNet network, so its figures on them are flattered."""
    samples = ShardSet(shards)
    for place in spread(range(len(samples)), limit):
        sample = samples[place]
        if sample.alpha is not None:
            yield _case("held-out mattes", sample, _unit(sample.alpha), soft=True)


def composites(sources: Sources, limit: int, *, kind: str, side: int = 512) -> Iterator[Case]:
    """Composites of held-out cut-outs on held-out photographs, whose alpha is exact; ``empty`` for nobody."""
    scenes = Scenes(sources, (side, side), {kind: 1.0})
    group = {"hair": "drawn hair", "empty": "nobody", "composite": "composites", "close-up": "close-ups"}[kind]
    for number in range(limit):
        scene = scenes.draw(np.random.default_rng((2011, number)))
        assert scene.alpha is not None
        yield _case(group, Sample(f"{number:03d}", scene.picture, "", ""), _unit(scene.alpha), soft=True)


def spread(items: Sequence[_T], limit: int) -> list[_T]:
    """At most ``limit`` of the items, evenly spread."""
    count = min(limit, len(items))
    return [items[place] for place in np.linspace(0, len(items) - 1, count).round().astype(int)]


def _masked(group: str, entries: Sequence[Entry]) -> Iterator[Case]:
    for entry in entries:
        sample = entry.read()
        masks = [each.mask for each in sample.instances or () if each.mask is not None]
        if masks:
            union = np.logical_or.reduce(masks)
            yield _case(group, sample, union.astype(np.float32), soft=False)


def _panoptic(picture: Path, map_: Path, people: Sequence[int]) -> Case:
    image = decode_rgb(file_bytes(picture), name=str(picture))
    colours = decode_rgb(file_bytes(map_), name=str(map_)).astype(np.int64)
    if colours.shape != image.shape:
        raise MissingInputError("has a map of another size", subject=picture)
    numbers = colours @ np.array([1, 256, 65536])
    return Case("coco128", picture.stem, image, np.isin(numbers, people).astype(np.float32), soft=False)


def _case(group: str, sample: Sample, truth: NDArray[np.float32], *, soft: bool) -> Case:
    return Case(group, sample.key, sample.picture, np.ascontiguousarray(truth, np.float32), soft)


def _unit(alpha: NDArray[np.uint8]) -> Alpha:
    return np.asarray(alpha / np.float32(255), np.float32)


def _first(cases: Iterator[Case], limit: int) -> Iterator[Case]:
    for number, case in enumerate(cases):
        if number >= limit:
            return
        yield case


Open = Callable[[], Iterator[Case]]
"""Opens a group of cases anew for each method, so that no more than one picture is in memory."""


def shrunk(case: Case, longest: int) -> Case:
    """The case with its long side at most ``longest``, so that pictures of all sets cost about the same."""
    height, width = case.picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return case
    size = round(width * factor), round(height * factor)
    picture = cv2.resize(case.picture, size, interpolation=cv2.INTER_AREA)
    truth = cv2.resize(case.truth, size, interpolation=cv2.INTER_AREA)
    truth = truth if case.soft else (truth > 0.5).astype(np.float32)
    return Case(case.group, case.name, np.asarray(picture), np.clip(truth, 0, 1), case.soft, case.counted)
