"""Clips whose people are known: DAVIS sequences, and cut-outs moving before moving photographs with exact alpha."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import MissingInputError
from cleanplate.types import Alpha
from cleanplate_training.data.augment.geometry import RandomView, resized
from cleanplate_training.data.matting.framing import portrait
from cleanplate_training.data.pixels import decode_grey, decode_rgb, file_bytes
from cleanplate_training.data.sample import Sample

PEOPLE = ("dance-twirl", "breakdance", "parkour")
"""Sequences of DAVIS-2016 that show people only. Of several people the main actor alone is masked."""


@dataclass(frozen=True)
class Clip:
    """Successive frames and what is known about them.

    Attributes:
        group: ``davis`` or ``composited``.
        name: of the clip.
        frames: uint8 RGB, H x W x 3 each.
        truth: float32 H x W each.
    """

    group: str
    name: str
    frames: list[NDArray[np.uint8]]
    truth: list[Alpha]


def davis(folder: Path, *, height: int, names: Sequence[str] = PEOPLE, limit: int = 1000) -> Iterator[Clip]:
    """Sequences in DAVIS's layout, scaled to a height; at most ``limit`` frames each.

    Raises:
        MissingInputError: a sequence is not there.
    """
    for name in names:
        frames: list[NDArray[np.uint8]] = []
        truth: list[Alpha] = []
        paths = sorted((folder / "JPEGImages/480p" / name).glob("*.jpg"))[:limit]
        if not paths:
            raise MissingInputError("holds no frames", subject=folder / "JPEGImages/480p" / name)
        for path in paths:
            picture = decode_rgb(file_bytes(path), name=str(path))
            mask = folder / "Annotations/480p" / name / f"{path.stem}.png"
            known = (decode_grey(file_bytes(mask), name=str(mask)) > 127).astype(np.float32)
            size = round(picture.shape[1] * height / picture.shape[0]), height
            frames.append(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8))
            truth.append((cv2.resize(known, size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.float32))
        yield Clip("davis", name, frames, truth)


def composited(
    cutouts: Sequence[Sample], photos: Sequence[Sample], *, count: int, frames: int, side: int
) -> Iterator[Clip]:
    """People who sway before a slowly panned photograph, with sensor noise and a flickering light: exact alpha.

    Args:
        cutouts: people with alpha.
        photos: photographs without people.
        count: number of clips.
        frames: frames in each.
        side: height and width.
    """
    for number in range(count):
        rng = np.random.default_rng((1999, number))
        person = portrait(cutouts[int(rng.integers(len(cutouts)))], rng)
        wide = RandomView((side + side // 4, side + side // 4), scale=(0.8, 1.0))
        ground = wide(photos[int(rng.integers(len(photos)))], rng).picture
        yield _moving(f"{number:02d}", person, ground, frames, side, rng)


def joined(first: Clip, second: Clip) -> Clip:
    """Two clips of one size one after the other: a cut."""
    return Clip(
        first.group, f"{first.name}|{second.name}", [*first.frames, *second.frames], [*first.truth, *second.truth]
    )


def _moving(
    name: str, person: Sample, ground: NDArray[np.uint8], count: int, side: int, rng: np.random.Generator
) -> Clip:
    factor = 0.9 * side / max(person.picture.shape[:2])
    person = resized(person, *(max(8, round(length * factor)) for length in person.picture.shape[:2]))
    assert person.alpha is not None
    speed, phase = rng.uniform(0.1, 0.35, 3), rng.uniform(0, 2 * math.pi, 3)
    reach = rng.uniform(0.01, 0.05) * side
    pan = rng.uniform(-1, 1, 2) * (len(ground) - side) / 2 / count
    frames: list[NDArray[np.uint8]] = []
    truth: list[Alpha] = []
    for at in range(count):
        sway = np.sin(speed * at + phase)
        angle, zoom = math.radians(2.5 * sway[0]), 1 + 0.03 * sway[1]
        turn = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        half = np.array([person.alpha.shape[1], person.alpha.shape[0]]) / 2
        foot = np.array([side / 2 + reach * sway[2], side - half[1] * 0.97])
        matrix = np.column_stack([turn, foot - turn @ half])
        alpha = np.asarray(cv2.warpAffine(person.alpha, matrix, (side, side)) / 255, np.float32)
        colours = cv2.warpAffine(person.picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        middle = (len(ground) - side) / 2
        shift = np.array([[1, 0, -middle - pan[0] * at], [0, 1, -middle - pan[1] * at]])
        behind = cv2.warpAffine(ground, shift, (side, side), borderMode=cv2.BORDER_REFLECT)
        weight = alpha[..., np.newaxis]
        frame = (colours * weight + behind * (1 - weight)) * (1 + 0.02 * rng.normal())
        frames.append(np.clip(np.rint(frame + rng.normal(0, 3, frame.shape)), 0, 255).astype(np.uint8))
        truth.append(alpha)
    return Clip("composited", name, frames, truth)
