"""What the networks make of the same pictures, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.matting.cases import Case
from evaluation.matting.methods import Method
from evaluation.matting.stills import kept_alpha

_GREEN = np.array([0, 177, 64], np.float32)
_TILE, _PER_SET = 200, 5


def sheet(
    path: Path, methods: Sequence[Method], cases: Iterable[Case], kept: Path, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write picture, truth and each method's cut-out on green, the first method's worst and typical cases of a set."""
    first = methods[0].name
    chosen: set[tuple[str, str]] = set()
    for group in dict.fromkeys(row["set"] for row in rows):
        own = sorted((row for row in rows if row["set"] == group and row["method"] == first), key=lambda r: r["iou"])
        places = np.unique(np.linspace(0, len(own) - 1, min(_PER_SET, len(own))).round().astype(int))
        chosen |= {(group, own[place]["picture"]) for place in places}
    strips = []
    for case in cases:
        if (case.group, case.name) in chosen:
            alphas = [case.truth] + [kept_alpha(method, case, kept) for method in methods]
            strips.append(np.concatenate([_tile(case.picture), *(_cut(case, alpha) for alpha in alphas)], axis=1))
    if strips:
        cv2.imwrite(str(path), np.concatenate(strips)[..., ::-1])


def _cut(case: Case, alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    weight = alpha[..., np.newaxis]
    return _tile(np.asarray(np.rint(case.picture * weight + _GREEN * (1 - weight)), np.uint8))


def _tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = _TILE / max(picture.shape[:2])
    size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
    tile = np.full((_TILE, _TILE, 3), 255, np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return tile
