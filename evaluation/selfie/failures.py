"""Why a picture went wrong: rules that sort failures into groups a person can look through.

The rules look at picture, truth and guess only. They are meant for finding pictures, not for counting to the per cent.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from cleanplate.types import Mask
from evaluation.selfie.cases import Selfie

GROUPS = (
    "eroded body",
    "cut-off limbs",
    "background taken for a person",
    "clothes like background",
    "low light",
    "animals",
    "held objects",
)

_FAILED = 0.9
"""IoU below which a picture is looked at for reasons."""
_LIMB = 0.02
"""Share of the person that a single lost piece must have to be a limb, or a piece of background to be a false one."""
_THIN = 0.04
"""Depth, in square roots of the person's area, up to which a loss is one of the rim."""
_ERODED = 0.03
_ALIKE = 12.0
"""CIELAB distance below which two places look alike; 2.3 is just noticeable side by side."""
_DARK = 60.0
"""Mean level (0..255) of a person in low light."""


def reasons(selfie: Selfie, guess: Mask, iou: float) -> tuple[str, ...]:
    """Groups of :data:`GROUPS` that a guess belongs to; none if it is right.

    Args:
        selfie: the picture with its truth.
        guess: bool H x W, what the network takes for a person.
        iou: of guess and truth.
    """
    if iou >= _FAILED:
        return ()
    truth = selfie.case.truth > 0.5
    area = max(1, int(truth.sum()))
    lost, added = truth & ~guess, guess & ~truth
    depth = cv2.distanceTransform(truth.view(np.uint8), cv2.DIST_L2, 5)
    rim = depth <= _THIN * area**0.5
    found = []
    if (lost & rim).sum() > _ERODED * area and (lost & rim).sum() >= 0.6 * lost.sum():
        found.append("eroded body")
    if _largest(lost & ~rim) > _LIMB * area:
        found.append("cut-off limbs")
    if _largest(added) > _LIMB * area:
        found.append("background taken for a person")
    if lost.sum() > _LIMB * area and _difference(selfie.case.picture, lost, ~truth) < _ALIKE:
        found.append("clothes like background")
    if _level(selfie.case.picture, truth) < _DARK:
        found.append("low light")
    return (*found, *sorted(selfie.beside))


def _largest(mask: Mask) -> int:
    """Pixels of the largest piece."""
    _, _, facts, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return int(facts[1:, cv2.CC_STAT_AREA].max()) if len(facts) > 1 else 0


def _difference(picture: Any, inside: Mask, beyond: Mask) -> float:
    """How far the mean colours of a region and of what lies beside it are apart, in CIELAB."""
    near = (cv2.dilate(inside.view(np.uint8), np.ones((31, 31), np.uint8)) > 0) & beyond
    if not near.any():
        return float("inf")
    lab = cv2.cvtColor(picture.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return float(np.linalg.norm(lab[inside].mean(axis=0) - lab[near].mean(axis=0)))


def _level(picture: Any, region: Mask) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(grey[region].mean()) if region.any() else float(grey.mean())
