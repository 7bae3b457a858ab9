"""How many people are found at the threshold that users see, and how much else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.instances import MIN_SCORE
from evaluation.metrics.average_precision import Objects


@dataclass(frozen=True)
class Found:
    """Counts over all pictures.

    Attributes:
        people: true people, crowds left out.
        found: those with a detection whose mask overlaps theirs by half.
        false: detections that are nobody, those inside crowds left out.
        recall_by_picture: mean over the pictures of the share of people found.
        complete: share of the pictures in which everybody is found.
    """

    people: int
    found: int
    false: int
    recall_by_picture: float
    complete: float


def recall(truth: Sequence[Objects], found: Sequence[Objects], *, score: float = MIN_SCORE) -> Found:
    """Count at a threshold; each person is found by one detection at most, the surest first."""
    people = hits = false = 0
    shares = []
    for true, guess in zip(truth, found, strict=True):
        assert true.masks is not None
        assert guess.masks is not None
        assert guess.scores is not None
        crowd = np.zeros(len(true.boxes), bool) if true.crowd is None else true.crowd
        sure = np.flatnonzero(guess.scores >= score)
        sure = sure[np.argsort(-guess.scores[sure], kind="stable")]
        own, matched = true.masks[~crowd], 0
        free = np.ones(len(own), bool)
        for mask in guess.masks[sure]:
            overlaps = np.where(free, _overlaps(mask, own), 0)
            best = int(overlaps.argmax()) if len(overlaps) else -1
            if best >= 0 and overlaps[best] >= 0.5:
                free[best] = False
                matched += 1
            elif not _inside(mask, true.masks[crowd]):
                false += 1
        people, hits = people + len(own), hits + matched
        if len(own):
            shares.append(matched / len(own))
    complete = float(np.mean([share == 1 for share in shares])) if shares else float("nan")
    return Found(people, hits, false, float(np.mean(shares)) if shares else float("nan"), complete)


def _overlaps(mask: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.float64]:
    shared = np.count_nonzero(others & mask, axis=(1, 2))
    joined = np.count_nonzero(others | mask, axis=(1, 2))
    return np.asarray(shared / np.maximum(joined, 1), np.float64)


def _inside(mask: NDArray[np.bool_], crowds: NDArray[np.bool_]) -> bool:
    area = np.count_nonzero(mask)
    return any(np.count_nonzero(mask & crowd) > 0.5 * area for crowd in crowds)
