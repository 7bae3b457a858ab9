"""Test pictures whose people are known one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import InputError
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.sample import Entry, Instance
from cleanplate_training.data.sources.coco import coco
from cleanplate_training.data.sources.instance_maps import instance_maps
from evaluation.metrics.average_precision import Objects

_PERSON = 1
"""COCO's number of the class."""


@dataclass(frozen=True)
class Case:
    """A picture.

    Attributes:
        name: of the file.
        picture: uint8 RGB, H x W x 3.
        people: boxes and masks; crowds that are not told apart are marked.
    """

    name: str
    picture: NDArray[np.uint8]
    people: Objects


def penn_fudan(folder: Path) -> Iterator[Case]:
    """Penn-Fudan pedestrians: 170 street pictures; people in the distance are not annotated."""
    root = folder / "data/PennFudanPed"
    entries = instance_maps(root / "PNGImages", maps=root / "PedMasks", source="penn-fudan", licence="citation asked")
    yield from _cases(entries)


def tiny_coco(folder: Path, *, nobody: bool = False) -> Iterator[Case]:
    """COCO instances in the layout of tiny_coco: pictures with people, or those with ``nobody``."""
    root = folder / "tiny_coco"
    for part in ("train2017", "val2017"):
        annotations = root / f"annotations/instances_{part}.json"
        yield from _cases(coco(annotations, pictures=root / part, source="tiny-coco", licence="COCO"), nobody=nobody)


def coco128(folder: Path, *, nobody: bool = False) -> Iterator[Case]:
    """COCO panoptic maps in the layout of coco128_yolo: each person is a segment of its own.

    Pictures with people, or those with ``nobody``.
    """
    pictures = {path.stem: path for path in sorted(folder.glob("**/*.jpg"))}
    for part in ("train2017", "val2017"):
        maps = folder / "panoptic_segmentation/annotations" / f"panoptic_{part}"
        for row in json.loads(file_bytes(maps.with_suffix(".json")))["annotations"]:
            segments = [each for each in row["segments_info"] if each["category_id"] == _PERSON]
            path = pictures.get(Path(row["file_name"]).stem)
            if bool(segments) != nobody and path is not None and (maps / row["file_name"]).is_file():
                yield _panoptic(path, maps / row["file_name"], segments)


SETS = {"penn-fudan": penn_fudan, "tiny-coco": tiny_coco, "coco128": coco128}
"""Set by name."""


def _cases(entries: list[Entry], *, nobody: bool = False) -> Iterator[Case]:
    for entry in entries:
        sample = entry.read()
        people = [each for each in sample.instances or () if each.label == "person"]
        if bool(people) != nobody:
            yield Case(entry.key, sample.picture, _objects(people, sample.picture.shape[:2]))


def _objects(people: list[Instance], size: tuple[int, int]) -> Objects:
    masks = [np.zeros(size, bool) if each.mask is None else each.mask for each in people]
    boxes = np.array([each.box for each in people], np.float64).reshape(-1, 4)
    return Objects(
        boxes, np.array(masks, bool).reshape(-1, *size), crowd=np.array([each.crowd for each in people], bool)
    )


def _panoptic(picture: Path, map_: Path, segments: list[dict[str, int]]) -> Case:
    image = decode_rgb(file_bytes(picture), name=str(picture))
    numbers = decode_rgb(file_bytes(map_), name=str(map_)).astype(np.int64) @ np.array([1, 256, 65536])
    if numbers.shape != image.shape[:2]:
        raise InputError("has a map of another size", subject=picture)
    known = [(numbers == each["id"], bool(each.get("iscrowd", 0))) for each in segments]
    people = [Instance("person", box_of(mask), mask, crowd) for mask, crowd in known if mask.any()]
    return Case(picture.name, image, _objects(people, image.shape[:2]))
