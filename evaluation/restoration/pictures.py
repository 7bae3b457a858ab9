"""Test photographs at one size, and damage that the training data does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.damage.stamps import Stamps, open_stamps
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from cleanplate_training.data.sources.folder import pictures_below
from evaluation.restoration.labels import LabelledCrop

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def photographs(folders: Sequence[Path], *, long_side: int, limit: int) -> Iterator[tuple[str, Picture]]:
    """Yield at most ``limit`` pictures of each folder, evenly spread, scaled down to a long side."""
    for root in folders:
        paths = pictures_below(root)
        for place in np.linspace(0, len(paths) - 1, min(limit, len(paths))).round().astype(int):
            picture = decode_rgb(file_bytes(paths[place]), name=str(paths[place]))
            zoom = min(1.0, long_side / max(picture.shape[:2]))
            size = (max(64, round(picture.shape[1] * zoom)), max(64, round(picture.shape[0] * zoom)))
            yield (
                f"{root.name}/{paths[place].stem}",
                np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)),
            )


def unseen_stamps(folder: Path) -> Stamps:
    """Open the stamps whose files were neither trained on nor validated with."""
    return open_stamps(folder, "test")


def sepia(picture: Picture, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the picture in grey or brown, with even grain: float32 H x W x 3 in 0..1.

    Simpler than the ageing that the networks learn from, and written apart from it.
    """
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., np.newaxis] / np.float32(255)
    tone = np.array([1.0, 0.93, 0.8] if rng.random() < 0.5 else [1.0, 1.0, 1.0], np.float32)
    noise = rng.normal(0, 0.015, light.shape).astype(np.float32)
    return np.asarray(np.clip(0.08 + 0.84 * light * tone + noise, 0, 1), np.float32)


def scan_shapes(crops: Sequence[LabelledCrop], rng: np.random.Generator, height: int, width: int) -> Mask:
    """Return the shape of real damage, marked by hand on a scan, mirrored and scaled to a picture; bool H x W."""
    crop = crops[int(rng.integers(len(crops)))]
    shape = crop.damage[:: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))].astype(np.uint8)
    return np.asarray(cv2.resize(shape, (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def hairlines(rng: np.random.Generator, height: int, width: int, thickness: int) -> Mask:
    """Return three bent lines of a thickness in pixels, bool H x W."""
    canvas = np.zeros((height, width), np.uint8)
    at = np.linspace(0, 1, 60)[:, None]
    for _ in range(3):
        a, b, c = rng.uniform((0, 0), (width, height), (3, 2))
        curve = (1 - at) ** 2 * a + 2 * at * (1 - at) * b + at**2 * c
        cv2.polylines(canvas, [np.rint(curve).astype(np.int32)], False, 1, thickness)
    return canvas > 0


def painted(picture: NDArray[np.float32], opacity: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """Return a picture covered with paper of a level 0..1, softened as a scanner does."""
    soft = cv2.GaussianBlur(opacity, (0, 0), 0.5)[..., np.newaxis]
    return np.asarray(picture + soft * (np.float32(level) - picture), np.float32)
