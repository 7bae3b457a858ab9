"""Pictures with a COCO annotation file."""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, BrokenInputError
from cleanplate_training.data.naming import key_of
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.run_lengths import mask_of
from cleanplate_training.data.sample import Entry, Instance, Sample


def coco(
    annotations: Path, *, pictures: Path, source: str, licence: str, labels: Sequence[str] = ("person",)
) -> list[Entry]:
    """Pictures of a COCO instances file, with boxes and masks of the wanted classes.

    Pictures without such an object are listed too (negatives); files that are missing from ``pictures`` are not. The
    terms of a picture are those that the file gives for it, else ``licence``.

    Args:
        annotations: the JSON file.
        pictures: folder of the files that it names.
        source: name of the set.
        licence: terms of pictures for which the file gives none.
        labels: class names; others are dropped.

    Raises:
        MissingInputError: the JSON file cannot be read.
        BrokenInputError: it is not a COCO instances file, or none of its pictures is in the folder.
        ArgumentError: a class that the file does not know.
    """
    try:
        tables = json.loads(file_bytes(annotations))
        names = {row["id"]: row["name"] for row in tables["categories"]}
        rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in tables["annotations"]:
            if names.get(row["category_id"]) in labels:
                rows[row["image_id"]].append(row | {"label": names[row["category_id"]]})
        listed = tables["images"]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenInputError(f"is not a COCO instances file ({error!r})", subject=annotations) from error
    unknown = set(labels) - set(names.values())
    if unknown:
        raise ArgumentError(
            f"not in {annotations.name}: {', '.join(sorted(unknown))}",
            subject="labels",
            fix=f"valid: {', '.join(sorted(names.values()))}",
        )
    terms = {row["id"]: row.get("name") or row.get("url") or licence for row in tables.get("licenses", [])}
    entries = []
    for image in listed:
        path = pictures / image["file_name"]
        if path.is_file():
            key = key_of(source, Path(image["file_name"]).with_suffix("").as_posix())
            own = terms.get(image.get("license"), licence)
            read = partial(_read, path, rows[image["id"]], key=key, source=source, licence=own)
            entries.append(Entry(key=key, source=source, licence=own, group=key, read=read))
    if not entries:
        raise BrokenInputError("names no picture that is in the folder", subject=annotations, fix=f"look in {pictures}")
    return entries


def _read(path: Path, rows: list[dict[str, Any]], *, key: str, source: str, licence: str) -> Sample:
    data = file_bytes(path)
    picture = decode_rgb(data, name=str(path))
    instances = tuple(_instance(row, picture.shape[:2], name=str(path)) for row in rows)
    return Sample(key, picture, source, licence, instances=instances, group=key, encoded=data)


def _instance(row: dict[str, Any], size: tuple[int, int], *, name: str) -> Instance:
    left, top, width, height = (float(number) for number in row["bbox"])
    mask = _mask(row["segmentation"], size, name=name) if row.get("segmentation") else None
    return Instance(row["label"], (left, top, left + width, top + height), mask, bool(row.get("iscrowd", 0)))


def _mask(segmentation: Any, size: tuple[int, int], *, name: str) -> NDArray[np.bool_]:
    if isinstance(segmentation, dict) and isinstance(segmentation["counts"], list):
        return mask_of(segmentation, name=name)
    from pycocotools import mask as coder

    runs = segmentation if isinstance(segmentation, dict) else coder.merge(coder.frPyObjects(segmentation, *size))
    with warnings.catch_warnings():
        # pycocotools 2.0.11 has not followed NumPy 2's __array__ signature; the result is right.
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.asarray(coder.decode(runs), bool)
