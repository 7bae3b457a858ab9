"""Average precision of detected objects, by pycocotools (the COCO authors' own evaluation)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, ArrayError, MissingExtraError

_FIGURES = {
    "AP": 0, "AP50": 1, "AP75": 2, "AP_small": 3, "AP_medium": 4, "AP_large": 5,
    "AR1": 6, "AR10": 7, "AR100": 8, "AR_small": 9, "AR_medium": 10, "AR_large": 11,
}  # fmt: skip


@dataclass(frozen=True)
class Objects:
    """The objects of one picture, true or detected.

    Attributes:
        boxes: float N x 4: left, top, right, bottom in pixels, end exclusive.
        masks: bool N x H x W, or None where only boxes are known.
        labels: int N, or None when all are of one class.
        scores: float N, higher = surer; needed for detections.
        crowd: bool N; detections inside such a true region count neither for nor against. None = none.
    """

    boxes: NDArray[Any]
    masks: NDArray[np.bool_] | None = None
    labels: NDArray[Any] | None = None
    scores: NDArray[Any] | None = None
    crowd: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 4:
            raise ArrayError(f"must have shape N x 4, not {self.boxes.shape}", subject="boxes")
        for name in ("masks", "labels", "scores", "crowd"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.boxes):
                raise ArrayError(f"has {len(column)} rows for {len(self.boxes)} boxes", subject=name)


def average_precision(
    truth: Sequence[Objects], found: Sequence[Objects], *, kind: Literal["box", "mask"] = "box"
) -> dict[str, float]:
    """COCO's twelve figures: AP (mean over IoU 0.50 to 0.95), AP50, AP75, AP and AR by size, AR at 1, 10, 100.

    Lin et al., "Microsoft COCO: Common Objects in Context" (ECCV 2014). Sizes are by true area: small under 32 x 32,
    large over 96 x 96 pixels. A figure that no true object bears on is nan. A true area is the
    mask's where there is one.

    Args:
        truth: the true objects, one entry a picture.
        found: the detected objects of the same pictures, with scores.
        kind: compare "box"es or "mask"s.

    Raises:
        MissingExtraError: pycocotools is not installed.
        ArgumentError: different numbers of pictures, detections without scores, masks missing, or an unknown kind.
    """
    if kind not in ("box", "mask"):
        raise ArgumentError(f"must be box or mask, not {kind!r}", subject="kind")
    if len(truth) != len(found):
        raise ArgumentError(f"cover {len(found)} pictures, the truth {len(truth)}", subject="detections")
    annotations = [row for index, objects in enumerate(truth) for row in _rows(index, objects, kind=kind)]
    detections = [row for index, objects in enumerate(found) for row in _rows(index, objects, kind=kind, scored=True)]
    stats = _evaluated(len(truth), annotations, detections, "bbox" if kind == "box" else "segm")
    return {name: float(stats[index]) if stats[index] >= 0 else float("nan") for name, index in _FIGURES.items()}


def _rows(picture: int, objects: Objects, *, kind: str, scored: bool = False) -> list[dict[str, Any]]:
    if scored and objects.scores is None:
        raise ArgumentError("need scores", subject="detections")
    if kind == "mask" and objects.masks is None:
        raise ArgumentError("are missing, so masks cannot be compared", subject="masks", fix="use kind='box'")
    rows = []
    for index, (left, top, right, bottom) in enumerate(objects.boxes.tolist()):
        row: dict[str, Any] = {
            "image_id": picture + 1,
            "category_id": int(objects.labels[index]) if objects.labels is not None else 1,
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": int(objects.crowd[index]) if objects.crowd is not None else 0,
        }
        if objects.masks is not None:
            if kind == "mask" or not scored:
                row["area"] = float(np.count_nonzero(objects.masks[index]))
            if kind == "mask":
                row["segmentation"] = _run_lengths(objects.masks[index])
        if scored and objects.scores is not None:
            row["score"] = float(objects.scores[index])
        rows.append(row)
    return rows


def _evaluated(
    pictures: int, annotations: list[dict[str, Any]], detections: list[dict[str, Any]], kind: str
) -> NDArray[np.float64]:
    COCO, COCOeval = _pycocotools()
    labels = sorted({row["category_id"] for row in annotations + detections})
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools reports its progress by print
        tables = []
        for rows in (annotations, detections):
            table = COCO()
            table.dataset = {
                "info": {},
                # Sizes must be there but are never used: run lengths carry their own.
                "images": [{"id": index + 1, "height": 0, "width": 0} for index in range(pictures)],
                "categories": [{"id": label} for label in labels],
                "annotations": [row | {"id": index + 1} for index, row in enumerate(rows)],
            }
            table.createIndex()
            tables.append(table)
        evaluation = COCOeval(*tables, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return np.asarray(evaluation.stats)


def _run_lengths(mask: NDArray[np.bool_]) -> Any:
    from pycocotools import mask as coder

    return coder.encode(np.asfortranarray(mask.astype(np.uint8)))


def _pycocotools() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingExtraError(
            "pycocotools is not installed", subject="average precision", fix='install "cleanplate[train]"'
        ) from error
    return COCO, COCOeval
