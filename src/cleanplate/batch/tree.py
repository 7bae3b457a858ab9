"""Finding the pictures of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cleanplate.encode.options import SUFFIXES

_RAW = (".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw")
PICTURE_ENDINGS = frozenset((*SUFFIXES, *_RAW))
"""Endings of files that are taken for pictures, lower case."""


@dataclass
class Found:
    """What a folder holds.

    Attributes:
        pictures: paths relative to the folder, sorted.
        others: how many other files there are (hidden ones are not counted).
        unreadable: folders that could not be listed, and why.
    """

    pictures: list[Path] = field(default_factory=list)
    others: int = 0
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


def find_pictures(folder: Path, *, recursive: bool, without: Sequence[Path] = ()) -> Found:
    """List the pictures of ``folder``.

    Hidden files and folders are passed over. Links to folders are followed, each real folder is visited once, so that
    a link to a parent ends there.

    Args:
        folder: where to look.
        recursive: look into sub-folders too.
        without: folders that are passed over (outputs and masks that lie inside).
    """
    found = Found()
    visited = {os.path.realpath(path) for path in without}
    for entry in _files(folder, recursive, visited, found):
        if Path(entry).suffix.lower() in PICTURE_ENDINGS:
            found.pictures.append(Path(entry).relative_to(folder))
        else:
            found.others += 1
    found.pictures.sort()
    return found


def _files(folder: Path, recursive: bool, visited: set[str], found: Found) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in visited:
        return
    visited.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.unreadable.append((folder, error.strerror or type(error).__name__))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if entry.is_dir():
            if recursive:
                yield from _files(path, recursive, visited, found)
        elif entry.is_file() or entry.is_symlink():  # a broken link is reported as a picture that cannot be read
            yield path
