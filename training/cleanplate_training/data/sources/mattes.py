"""Pictures with alpha mattes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from cleanplate.errors import BrokenInputError, MissingInputError
from cleanplate_training.data.naming import group_of, key_of
from cleanplate_training.data.pixels import PICTURE_SUFFIXES, decode_grey, decode_rgb, file_bytes
from cleanplate_training.data.sample import Entry, Sample
from cleanplate_training.data.sources.folder import pictures_below
from cleanplate_training.data.sources.yolo import instances_of


def mattes(
    root: Path,
    *,
    source: str,
    licence: str,
    matte_root: Path | None = None,
    include: str = "",
    exclude: str = "",
    clips: bool = False,
) -> list[Entry]:
    """Pictures and their mattes: ``KEY.jpg`` with ``KEY.png`` beside it, or under ``matte_root`` by the same path.

    A ``KEY.txt`` beside the picture gives YOLO boxes of people. Pictures without a matte are left out.

    Args:
        root: searched with its subfolders.
        source: name of the set.
        licence: its terms.
        matte_root: where the mattes are (any picture type), if not beside the pictures.
        include: regular expression that must be found in the relative path; "" = all.
        exclude: regular expression that must not be found in it; "" = none.
        clips: each folder is a clip, whose frames share a group and so fall into one split.

    Raises:
        MissingInputError: no such folder, or no pair in it that passes.
    """
    listed = []
    for path in pictures_below(root, include=include, exclude=exclude):
        name = path.relative_to(root).with_suffix("")
        matte = _matte_of(path, name, matte_root)
        if matte is not None:
            entry = matte_entry(path, matte, name=name.as_posix(), source=source, licence=licence, clip=clips)
            listed.append(entry)
    if not listed:
        raise MissingInputError("holds no picture with a matte that passes", subject=root)
    return listed


def matte_entry(picture: Path, matte: Path, *, name: str, source: str, licence: str, clip: bool = False) -> Entry:
    """The entry of one pair of files; with ``clip`` its group is its folder."""
    key = key_of(source, name)
    group = key_of(source, (name.rpartition("/")[0] or name) if clip else group_of(name))
    read = partial(_read, picture, matte, key=key, group=group, source=source, licence=licence)
    return Entry(key=key, source=source, licence=licence, group=group, read=read)


def _matte_of(picture: Path, name: Path, matte_root: Path | None) -> Path | None:
    if matte_root is None:
        beside = picture.with_name(f"{picture.stem}.png")
        return beside if beside != picture and beside.is_file() else None
    candidates = (matte_root / name.parent / f"{name.name}{suffix}" for suffix in PICTURE_SUFFIXES)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _read(picture_file: Path, matte_file: Path, *, key: str, group: str, source: str, licence: str) -> Sample:
    data = file_bytes(picture_file)
    picture = decode_rgb(data, name=str(picture_file))
    alpha = decode_grey(file_bytes(matte_file), name=str(matte_file))
    height, width = picture.shape[:2]
    if abs(alpha.shape[0] * width - alpha.shape[1] * height) > 0.02 * height * width:
        raise BrokenInputError(f"has another aspect ratio than {picture_file.name}", subject=matte_file)
    if alpha.shape != picture.shape[:2]:
        alpha = np.asarray(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    boxes = picture_file.with_suffix(".txt")
    instances = instances_of(boxes, picture.shape[:2], names=("person",)) if boxes.is_file() else None
    return Sample(key, picture, source, licence, alpha=alpha, instances=instances, group=group, encoded=data)
