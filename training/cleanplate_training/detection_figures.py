"""How good detections are, while training: average precision at one overlap.

The evaluation proper uses pycocotools; this is quick, and good enough to compare checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def average_precision(
    overlaps: Sequence[NDArray[np.float32]], scores: Sequence[NDArray[np.float32]], *, least: float = 0.5
) -> float:
    """Return the area under precision over recall, each true object found at most once.

    Args:
        overlaps: For each picture float32 ``K x M``: intersection over union of detections and true objects.
        scores: For each picture float32 ``K``.
        least: Overlap from which an object is found.
    """
    found: list[tuple[float, bool]] = []
    for shared, surety in zip(overlaps, scores, strict=True):
        free = np.ones(shared.shape[1], bool)
        for place in np.argsort(-surety, kind="stable"):
            row = np.where(free, shared[place], -1)
            best = int(row.argmax()) if len(row) else -1
            hit = best >= 0 and row[best] >= least
            if hit:
                free[best] = False
            found.append((float(surety[place]), hit))
    total = sum(shared.shape[1] for shared in overlaps)
    if not total or not found:
        return 0.0
    hits = np.array([hit for _, hit in sorted(found, key=lambda each: -each[0])], float)
    true = hits.cumsum()
    precision = true / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((precision * hits).sum() / total)


def mask_overlaps(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the intersection over union of masks ``K x H x W`` and ``M x H x W``: float32 ``K x M``."""
    pixels = math.prod(true.shape[1:])  # -1 means nothing where there is nobody
    one, other = (each.reshape(len(each), pixels).astype(np.float32) for each in (found, true))
    shared = one @ other.T
    joined = one.sum(axis=1)[:, None] + other.sum(axis=1)[None] - shared
    return np.asarray(shared / np.maximum(joined, 1), np.float32)
