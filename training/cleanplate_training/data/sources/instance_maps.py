"""Pictures with maps of instance numbers (Penn-Fudan's layout)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cleanplate.errors import BrokenInputError, MissingInputError
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.naming import key_of
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.sample import Entry, Instance, Sample
from cleanplate_training.data.sources.folder import pictures_below


def instance_maps(
    pictures: Path, *, maps: Path, source: str, licence: str, suffix: str = "_mask", label: str = "person"
) -> list[Entry]:
    """Pictures with ``maps/NAME<suffix>.png``: pixel value 0 = background, n = instance n.

    Args:
        pictures: folder of the pictures.
        maps: folder of the maps.
        source: name of the set.
        licence: its terms.
        suffix: what a map's name has after the picture's.
        label: class of all instances.

    Raises:
        MissingInputError: no such folder, or no pair in it.
    """
    listed = []
    for path in pictures_below(pictures):
        numbered = maps / f"{path.stem}{suffix}.png"
        if numbered.is_file():
            key = key_of(source, path.stem)
            read = partial(_read, path, numbered, label, key=key, source=source, licence=licence)
            listed.append(Entry(key=key, source=source, licence=licence, group=key, read=read))
    if not listed:
        raise MissingInputError("holds no picture with a map", subject=pictures, fix=f"look in {maps}")
    return listed


def _read(path: Path, numbered: Path, label: str, *, key: str, source: str, licence: str) -> Sample:
    data = file_bytes(path)
    picture = decode_rgb(data, name=str(path))
    numbers = _numbers(numbered)
    if numbers.shape != picture.shape[:2]:
        raise BrokenInputError(f"is {numbers.shape} for a picture of {picture.shape[:2]}", subject=numbered)
    masks = [numbers == number for number in np.unique(numbers) if number > 0]
    instances = tuple(Instance(label, box_of(mask), mask) for mask in masks)
    return Sample(key, picture, source, licence, instances=instances, group=key, encoded=data)


def _numbers(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Pixel values as stored: for a palette picture the indices, which OpenCV would turn into colours."""
    import io

    import PIL.Image

    with PIL.Image.open(io.BytesIO(file_bytes(path))) as image:
        return np.asarray(image, np.uint8)
