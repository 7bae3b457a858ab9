"""A folder of pictures."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate_training.data.naming import group_of, key_of
from cleanplate_training.data.pixels import PICTURE_SUFFIXES, decode_rgba, file_bytes
from cleanplate_training.data.sample import Entry, Sample


def folder(root: Path, *, source: str, licence: str, include: str = "", exclude: str = "") -> list[Entry]:
    """All pictures below a folder, by relative path; the alpha of RGBA files becomes the sample's alpha.

    Args:
        root: searched with its subfolders; names that start with a dot are skipped.
        source: name of the set.
        licence: its terms.
        include: regular expression that must be found in the relative path; "" = all.
        exclude: regular expression that must not be found in it; "" = none.

    Raises:
        MissingInputError: no such folder, or no picture in it that passes.
        ArgumentError: an expression that does not compile.
    """
    listed = [
        entry_of(path, name=path.relative_to(root).with_suffix("").as_posix(), source=source, licence=licence)
        for path in pictures_below(root, include=include, exclude=exclude)
    ]
    if not listed:
        raise MissingInputError("holds no picture that passes", subject=root, fix="check the path and the filters")
    return listed


def pictures_below(root: Path, *, include: str = "", exclude: str = "") -> list[Path]:
    """Picture files below a folder, sorted.

    Raises:
        MissingInputError: no such folder.
        ArgumentError: an expression that does not compile.
    """
    if not root.is_dir():
        raise MissingInputError("is no folder", subject=root)
    try:
        wanted, unwanted = re.compile(include), re.compile(exclude)
    except re.error as error:
        raise ArgumentError(f"is no regular expression: {error}", subject="include or exclude") from error
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.suffix.lower() not in PICTURE_SUFFIXES or any(part.startswith(".") for part in name.parts):
            continue
        if wanted.search(name.as_posix()) and not (exclude and unwanted.search(name.as_posix())):
            found.append(path)
    return found


def entry_of(path: Path, *, name: str, source: str, licence: str) -> Entry:
    """The entry of one picture file."""
    key, group = key_of(source, name), key_of(source, group_of(name))
    read = partial(_read, path, key=key, group=group, source=source, licence=licence)
    return Entry(key=key, source=source, licence=licence, group=group, read=read)


def _read(path: Path, *, key: str, group: str, source: str, licence: str) -> Sample:
    data = file_bytes(path)
    picture, alpha = decode_rgba(data, name=str(path))
    return Sample(
        key=key,
        picture=picture,
        source=source,
        licence=licence,
        alpha=alpha,
        group=group,
        encoded=None if alpha is not None else data,
    )
