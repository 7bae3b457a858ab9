"""Pictures with YOLO label files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cleanplate.errors import BrokenInputError, MissingInputError
from cleanplate_training.data.naming import group_of, key_of
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.sample import Entry, Instance, Sample
from cleanplate_training.data.sources.folder import pictures_below


def yolo(
    root: Path,
    *,
    source: str,
    licence: str,
    names: Sequence[str] = ("person",),
    include: str = "",
    exclude: str = "",
) -> list[Entry]:
    """Pictures under ``.../images/`` with ``.../labels/NAME.txt`` (boxes), or with the text file beside them.

    A picture without a label file, or with an empty one, has no instance: it is a negative example.

    Args:
        root: searched with its subfolders.
        source: name of the set.
        licence: its terms.
        names: class names by number.
        include: regular expression that must be found in the relative path; "" = all.
        exclude: regular expression that must not be found in it; "" = none.

    Raises:
        MissingInputError: no such folder, or no picture in it that passes.
    """
    listed = []
    for path in pictures_below(root, include=include, exclude=exclude):
        name = path.relative_to(root).with_suffix("").as_posix()
        key, group = key_of(source, name), key_of(source, group_of(path.stem))
        read = partial(
            _read, path, _labels_of(path), tuple(names), key=key, group=group, source=source, licence=licence
        )
        listed.append(Entry(key=key, source=source, licence=licence, group=group, read=read))
    if not listed:
        raise MissingInputError("holds no picture that passes", subject=root)
    return listed


def instances_of(labels: Path, size: tuple[int, int], *, names: Sequence[str]) -> tuple[Instance, ...]:
    """Instances of one label file: lines of class number, centre x, centre y, width, height as shares of the picture.

    Args:
        labels: the file.
        size: height and width of the picture.
        names: class names by number.

    Raises:
        BrokenInputError: a line with other content.
    """
    height, width = size
    instances = []
    for line in file_bytes(labels).decode("utf-8", "replace").split("\n"):
        if not line.strip():
            continue
        try:
            number, *shares = line.split()
            x, y, w, h = (float(share) for share in shares[:4])
            label = names[int(number)]
        except (ValueError, IndexError) as error:
            raise BrokenInputError(f"has a line that is no box of a known class: {line!r}", subject=labels) from error
        left, right = max(0.0, (x - w / 2) * width), min(float(width), (x + w / 2) * width)
        top, bottom = max(0.0, (y - h / 2) * height), min(float(height), (y + h / 2) * height)
        if right > left and bottom > top:
            instances.append(Instance(label, (left, top, right, bottom)))
    return tuple(instances)


def _labels_of(picture: Path) -> Path:
    name = f"{picture.stem}.txt"
    if picture.parent.name == "images":
        return picture.parent.with_name("labels") / name
    return picture.with_name(name)


def _read(
    path: Path, labels: Path, names: tuple[str, ...], *, key: str, group: str, source: str, licence: str
) -> Sample:
    data = file_bytes(path)
    picture = decode_rgb(data, name=str(path))
    instances = instances_of(labels, picture.shape[:2], names=names) if labels.is_file() else ()
    return Sample(key, picture, source, licence, instances=instances, group=group, encoded=data)
