"""Ways to find people: the network alone, and everything that a user gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.coco_labels import PERSON
from cleanplate.detect.instances import detections
from cleanplate.detect.network import Detections, PeopleNetwork, open_network
from cleanplate.detect.paste import pasted
from cleanplate.tasks.segmentation import segment
from cleanplate.types import Box
from evaluation.metrics.average_precision import Objects

Detector = Callable[[NDArray[np.uint8]], Objects]
_LEAST = 0.05


def network_alone(weights: str) -> Detector:
    """One look at the whole picture; masks pasted as they are."""
    network = open_network(_named(weights), device="cpu", threads=1)
    return _pasted(network, lambda picture: network(picture, network.scale_for(*picture.shape[:2])))


def all_looks(weights: str) -> Detector:
    """All looks that users get, at small and at large people too; masks pasted as they are."""
    network = open_network(_named(weights), device="cpu", threads=1)
    return _pasted(network, lambda picture: detections(picture, network))


def _pasted(network: PeopleNetwork, look: Callable[[NDArray[np.uint8]], Detections]) -> Detector:
    def find(picture: NDArray[np.uint8]) -> Objects:
        height, width = picture.shape[:2]
        found = look(picture)
        found = found.chosen(np.array([network.name_of(int(label)) == PERSON for label in found.labels], bool))
        whole = Box(0, 0, width, height)
        masks = [
            pasted(mask, box, whole, (height, width)) >= 0.5 for mask, box in zip(found.masks, found.boxes, strict=True)
        ]
        return Objects(
            found.boxes.astype(np.float64), np.array(masks, bool).reshape(-1, height, width), scores=found.scores
        )

    return find


def as_users_get_it(weights: str) -> Detector:
    """``cleanplate.segment`` at its lowest threshold: second looks, and masks refined to the picture's edges."""

    def find(picture: NDArray[np.uint8]) -> Objects:
        found = segment(picture, labels=[PERSON], min_score=_LEAST, device="cpu", weights=_named(weights), threads=1)
        boxes = [(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in found]
        return Objects(
            np.array(boxes, np.float64).reshape(-1, 4),
            np.array([each.mask for each in found], bool).reshape(-1, *picture.shape[:2]),
            scores=np.array([each.score for each in found], np.float64),
        )

    return find


DETECTORS: dict[str, Callable[[str], Detector]] = {
    "network": network_alone,
    "looks": all_looks,
    "segment": as_users_get_it,
}
"""Maker of a detector by name, from weights (a file or the name of a record)."""


def _named(weights: str) -> str | Path:
    return Path(weights) if Path(weights).suffix == ".onnx" else weights
