"""Dirt, hairs, lint, scratches and spots from pictures of them: PNG files with alpha, such as FilmDamageSimulator's."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.pixels import decode_rgba, file_bytes

Split = Literal["train", "val", "test"]


def split_of(name: str) -> Split:
    """Return where a stamp belongs, by a hash of its file name: four fifths are trained on."""
    place = hashlib.sha256(name.encode()).digest()[0] % 10
    return "train" if place < 8 else "val" if place == 8 else "test"


@dataclass(frozen=True)
class Stamps:
    """Stamps of one split by kind.

    Attributes:
        files: The files of each kind; a kind is a folder's name.
    """

    files: tuple[tuple[str, tuple[Path, ...]], ...]

    def draw(self, rng: np.random.Generator, height: int, width: int) -> Mark:
        """Draw one stamp, turned, mirrored and scaled, light on most prints (dust on the negative) and dark on some.

        Raises:
            BrokenInputError: the file is no picture.
            ArgumentError: the file has no alpha.
        """
        kind, files = self.files[int(rng.integers(len(self.files)))]
        path = files[int(rng.integers(len(files)))]
        _, alpha = decode_rgba(file_bytes(path), name=str(path))
        if alpha is None:
            raise ArgumentError("has no alpha, so it is no stamp", subject=path)
        size = np.array(alpha.shape[::-1])
        zoom = min(height, width) / 400 * np.exp(rng.uniform(np.log(0.4), np.log(1.6)))
        turn = cv2.getRotationMatrix2D((0.0, 0.0), float(rng.uniform(0, 360)), float(zoom))
        turn[:, 0] *= rng.choice([-1, 1])
        turn[:, 2] = rng.uniform((0, 0), (width, height)) - turn[:, :2] @ (size / 2)
        if zoom < 0.7:  # linear interpolation would skip pixels of hairs
            alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 0.35 / zoom))
        opacity = cv2.warpAffine(alpha, turn, (width, height)).astype(np.float32) / np.float32(255)
        if zoom < 0.7:  # and blurring would fade them
            opacity = np.clip(opacity * np.float32(min(2.5, 0.8 / zoom)), 0, 1)
        opacity *= np.float32(rng.uniform(0.55, 1.0))
        level = rng.uniform(0.8, 1.0) if rng.random() < 0.7 else rng.uniform(0.0, 0.3)
        return Mark(f"stamp {kind}", opacity, np.full((height, width), np.float32(level)))


def open_stamps(folder: Path, split: Split, *, kinds: Sequence[str] | None = None) -> Stamps:
    """Find the stamps of one split below a folder that has a folder a kind.

    Args:
        folder: holds ``KIND/*.png``.
        split: see :func:`split_of`.
        kinds: only these; None for all.

    Raises:
        MissingInputError: there are none.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*/*.png")):
        if split_of(path.name) == split and (kinds is None or path.parent.name in kinds):
            found[path.parent.name].append(path)
    if not found:
        raise MissingInputError(f"holds no stamps of the split {split} (KIND/*.png)", subject=folder)
    return Stamps(tuple((kind, tuple(files)) for kind, files in sorted(found.items())))
