"""Which photographs, at which sizes, with which holes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps

from cleanplate.errors import MissingInputError
from cleanplate.types import Mask
from evaluation.holes import KINDS, make_hole

LEVELS = (512, 2048, 3840)
"""Long sides, in pixels, to which photographs are reduced (means of areas); smaller ones are left out of a level."""
SHARES = (0.02, 0.10, 0.25)
"""Shares of the picture that are erased."""
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Case:
    """A photograph at one size with one hole; what it takes to make both, so that a finished case costs nothing.

    Attributes:
        path: of the photograph.
        level: long side in pixels.
        kind: of hole.
        share: of the picture that is erased.
        seed: of the hole.
    """

    path: Path
    level: int
    kind: str
    share: float
    seed: int

    @property
    def name(self) -> str:
        """Of the photograph."""
        return self.path.stem

    @property
    def key(self) -> str:
        """Short name, good for files."""
        return f"{self.name}-{self.level}-{self.kind}-{round(100 * self.share)}-{self.seed}"

    @property
    def picture(self) -> NDArray[np.uint8]:
        """The photograph at its size, H x W x 3 RGB; not to be changed."""
        return _reduced(self.path, self.level)

    @property
    def hole(self) -> Mask:
        """H x W bool."""
        return make_hole(self.kind, *self.picture.shape[:2], share=self.share, seed=self.seed)


def cases(
    folders: Sequence[Path], *, levels: Sequence[int] = LEVELS, limits: Sequence[int] = (), seed: int = 0
) -> Iterator[Case]:
    """Every photograph at every level that it reaches, with a hole of each share; the kinds of hole take turns.

    A photograph's holes depend on its name, not on what else is there.

    Args:
        folders: of photographs, which take turns; files named ``*.mask.*`` are left out.
        levels: long sides in pixels.
        limits: at most so many photographs at each level; one number for all, none for no limit.
        seed: of the holes.

    Raises:
        MissingInputError: no photograph is there.
    """
    paths = _in_turn([_photographs(folder) for folder in folders])
    kinds = list(KINDS)
    most = [None] * len(levels) if not limits else list(limits) * (len(levels) if len(limits) == 1 else 1)
    for step, (level, limit) in enumerate(zip(levels, most, strict=True)):
        for path in [path for path in paths if _long_side(path) >= level][:limit]:
            number = crc32(path.stem.encode())
            for turn, share in enumerate(SHARES):
                kind = kinds[(number + step + turn) % len(kinds)]
                yield Case(path, level, kind, share, seed=(seed * 10_000 + number % 1000 * 10 + turn))


def _photographs(folder: Path) -> list[Path]:
    paths = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in _ENDINGS and ".mask" not in p.suffixes]
    if not paths:
        raise MissingInputError("holds no photograph", subject=folder)
    return paths


def _in_turn(lists: list[list[Path]]) -> list[Path]:
    """The first of each list, then the second of each, until all are used up."""
    longest = max(map(len, lists), default=0)
    return [paths[index] for index in range(longest) for paths in lists if index < len(paths)]


@cache
def _long_side(path: Path) -> int:
    with PillowImage.open(path) as opened:
        return max(opened.size)


@lru_cache(maxsize=2)
def _reduced(path: Path, level: int) -> NDArray[np.uint8]:
    with PillowImage.open(path) as opened:
        photo = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    scale = level / max(photo.shape[:2])
    height, width = (round(side * scale) for side in photo.shape[:2])
    picture = np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    picture.flags.writeable = False
    return picture
