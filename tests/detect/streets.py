"""Streets with people of one colour each, whose pixels are known."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.detect.instance import Instance
from cleanplate.detect.network import Detections
from cleanplate.mask.bounds import bounding_box


def street(height: int = 480, width: int = 640, *, seed: int = 3, dtype: type = np.uint8) -> np.ndarray:
    """Grey ground with grain, lighter above."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(190, 130, height)[:, None]
    grain = rng.normal(0, 6, (height, width))
    levels = np.clip(slope + grain, 0, 255).astype(np.uint8)
    picture = np.repeat(levels[..., None], 3, axis=2)
    return picture if dtype == np.uint8 else picture.astype(np.uint16) * 257


def figure(height: int, width: int, left: int, top: int, tall: int) -> np.ndarray:
    """The pixels of a person: a head on a body on two legs, a third as wide as tall."""
    mask = np.zeros((height, width), np.uint8)
    across = tall // 3
    cv2.circle(mask, (left + across // 2, top + tall // 8), max(1, tall // 9), 1, -1)
    body = (left, top + tall // 4), (left + across - 1, top + 5 * tall // 8)
    cv2.rectangle(mask, *body, 1, -1)
    leg = max(1, across // 3)
    cv2.rectangle(mask, (left, body[1][1]), (left + leg, top + tall - 1), 1, -1)
    cv2.rectangle(mask, (left + across - 1 - leg, body[1][1]), (left + across - 1, top + tall - 1), 1, -1)
    neck = (left + across // 2 - tall // 20, top + tall // 8), (left + across // 2 + tall // 20, top + tall // 4)
    cv2.rectangle(mask, *neck, 1, -1)
    return mask.astype(np.bool_)


def with_person(picture: np.ndarray, colour: tuple[int, int, int], left: int, top: int, tall: int) -> np.ndarray:
    """Paint a person into the picture; returns its pixels."""
    mask = figure(*picture.shape[:2], left, top, tall)
    picture[mask] = np.array(colour, picture.dtype) * (1 if picture.dtype == np.uint8 else 257)
    return mask


def instance_of(mask: np.ndarray, *, number: int = 1, score: float = 0.9, label: str = "person") -> Instance:
    """An instance with exactly these pixels."""
    box = bounding_box(mask)
    assert box is not None
    return Instance(number, label, score, box, mask[box.slices].copy(), mask.shape)


def _ragged() -> Detections:
    """A disc with a few cells far from it."""
    mask = np.zeros((28, 28), np.float32)
    cv2.circle(mask, (14, 14), 8, 1.0, -1)
    mask[1, 1] = mask[26, 2] = 0.9
    box = np.array([[50, 50, 550, 550]], np.float32)
    return Detections(box, np.ones(1, np.int64), np.ones(1, np.float32), mask[None])


RAGGED = _ragged()
