"""Silhouettes of real objects and people as holes."""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.sample import Sample


def silhouette(
    canvas: NDArray[np.uint8], rng: np.random.Generator, reach: float, templates: list[NDArray[np.uint8]]
) -> None:
    """Paint one of the templates, turned, mirrored and scaled, into a uint8 H x W canvas (in place).

    Args:
        canvas: painted with 255.
        rng: source of randomness.
        reach: wanted extent as a share of the short side.
        templates: uint8 pictures, 255 on the object.
    """
    height, width = canvas.shape
    shape = templates[int(rng.integers(len(templates)))]
    factor = min(height, width) * reach * rng.uniform(0.8, 1.6) / max(shape.shape)
    angle = rng.normal(0, 0.15)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = turn @ np.diag([factor * (-1 if rng.random() < 0.5 else 1), factor])
    centre = np.array(shape.shape[::-1]) / 2
    place = rng.uniform((0, 0), (width, height))
    matrix = np.column_stack([linear, place - linear @ centre])
    painted = cv2.warpAffine(shape, matrix, (width, height), flags=cv2.INTER_LINEAR)
    np.maximum(canvas, (painted > 127).astype(np.uint8) * np.uint8(255), out=canvas)


def largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest 8-connected part of a bool H x W mask; all False if there is none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count == 1:
        return np.zeros(mask.shape, bool)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def templates_of(samples: Iterable[Sample], *, side: int = 160, least_area: float = 0.02) -> list[NDArray[np.uint8]]:
    """Templates from the alphas, masks and instance masks of samples.

    Args:
        samples: those without any give none.
        side: long side of a template in pixels.
        least_area: smaller objects, as a share of their picture, are left out.
    """
    found = []
    for sample in samples:
        masks = [instance.mask for instance in sample.instances or () if instance.mask is not None]
        masks += [sample.mask] if sample.mask is not None else []
        masks += [sample.alpha > 127] if sample.alpha is not None else []
        for mask in masks:
            mask = largest_part(mask)
            if mask.mean() >= least_area:
                left, top, right, bottom = (int(edge) for edge in box_of(mask))
                cut = mask[top:bottom, left:right].astype(np.uint8) * 255
                factor = side / max(cut.shape)
                size = (max(1, round(cut.shape[1] * factor)), max(1, round(cut.shape[0] * factor)))
                found.append(np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8))
    return found
