"""Which photographs, at which sizes, with which holes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """A photograph at one size with one hole."""

    name: str
    level: int
    kind: str
    share: float
    picture: NDArray[np.uint8]
    hole: Mask

    @property
    def key(self) -> str:
        """Short name, good for files."""
        return f"{self.name}-{self.level}-{self.kind}-{round(100 * self.share)}"


def cases(folder: Path, *, levels: Sequence[int] = LEVELS, limit: int | None = None, seed: int = 0) -> Iterator[Case]:
    """Every photograph at every level with a hole of each share; the kinds of hole take turns.

    Args:
        folder: of photographs; files named ``*.mask.*`` are left out.
        levels: long sides in pixels.
        limit: at most so many photographs.
        seed: of the holes.

    Raises:
        MissingInputError: no photograph is there.
    """
    paths = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in _ENDINGS and ".mask" not in p.suffixes]
    if not paths:
        raise MissingInputError("holds no photograph", subject=folder)
    kinds = list(KINDS)
    for index, path in enumerate(paths[:limit]):
        with PillowImage.open(path) as opened:
            photo = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        for step, level in enumerate(levels):
            picture = _reduced(photo, level)
            if picture is None:
                continue
            for turn, share in enumerate(SHARES):
                kind = kinds[(index + step + turn) % len(kinds)]
                hole = make_hole(kind, *picture.shape[:2], share=share, seed=seed * 10_000 + index * 10 + turn)
                yield Case(path.stem, level, kind, share, picture, hole)


def _reduced(photo: NDArray[np.uint8], level: int) -> NDArray[np.uint8] | None:
    long_side = max(photo.shape[:2])
    if long_side < level:
        return None
    height, width = (round(side * level / long_side) for side in photo.shape[:2])
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
