"""Whether it helps to go on from a segmentation: guided filter, closed-form and KNN matting on its trimap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.matting.network import MatteNetwork
from cleanplate.matting.portrait import portrait, scaled
from cleanplate.matting.refine import refine
from cleanplate.matting.solved import Solver, solved
from cleanplate.matting.trimap import trimap
from cleanplate.types import Alpha, Image
from evaluation.matting.cases import Case
from evaluation.metrics import boundary_f, gradient, iou, mad
from evaluation.metrics.bootstrap import bootstrap

Row = dict[str, Any]
Way = Callable[[Image, Alpha], Alpha]
_GREEN = np.array([0, 177, 64], np.float32)
_TILE = 220


def enlarged(image: Image, alpha: Alpha) -> Alpha:
    """What the network said, at the size of the picture."""
    return np.asarray(np.clip(scaled(alpha, image.shape[:2]), 0, 1), np.float32)


def guided(image: Image, alpha: Alpha) -> Alpha:
    """The guided filter of ``cutout``."""
    return refine(image, alpha)


def _solved(image: Image, alpha: Alpha, solver: Solver) -> Alpha:
    return solved(cast("Image", scaled(image, alpha.shape)), trimap(alpha), solver=solver)


WAYS: Mapping[str, Way] = {
    "network alone": enlarged,
    "guided filter": guided,
    "closed-form": lambda image, alpha: enlarged(image, _solved(image, alpha, "closed-form")),
    "KNN": lambda image, alpha: enlarged(image, _solved(image, alpha, "knn")),
    "closed-form, then guided": lambda image, alpha: guided(image, _solved(image, alpha, "closed-form")),
    "KNN, then guided": lambda image, alpha: guided(image, _solved(image, alpha, "knn")),
}


def measured(network: MatteNetwork, cases: Iterable[Case], sheet: Path, *, shown: int = 8) -> list[Row]:
    """Figures of every way on every picture; the first of each set also as pictures."""
    rows, strips, drawn = [], [], dict[str, int]()
    for case in cases:
        matte = portrait(case.picture, network, area=network.area)
        if matte.empty:
            continue
        found: dict[str, Alpha] = {}
        for name, way in WAYS.items():
            before = time.process_time()
            found[name] = way(case.picture, matte.alpha)
            rows.append({"way": name, **_figures(found[name], case), "seconds": time.process_time() - before})
        drawn[case.group] = drawn.get(case.group, 0) + 1
        if drawn[case.group] <= shown // 2:
            strips += _strips(case, found)
    if strips:
        cv2.imwrite(str(sheet), np.concatenate(strips)[..., ::-1])
    return rows


def table(rows: Sequence[Row]) -> list[str]:
    """Markdown: one table a set, one line a way."""
    lines: list[str] = []
    for group in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == group]
        count = len({row["picture"] for row in own})
        lines += ["", f"### Edges: {group} ({count} pictures)", ""]
        lines += [
            "| way | IoU (95 %) | boundary F | MAD x 1000 | gradient | core seconds |",
            "|---|---|---|---|---|---|",
        ]
        for way in WAYS:
            lines.append(_line(way, [row for row in own if row["way"] == way]))
    return lines


def _line(way: str, rows: Sequence[Row]) -> str:
    interval = bootstrap([row["iou"] for row in rows])

    def mean(figure: str) -> float:
        return float(np.mean([row[figure] for row in rows]))

    soft = f"{mean('gradient'):.2f}" if "gradient" in rows[0] else "-"
    cells = [f"{100 * interval.value:.1f} ({100 * interval.low:.1f}-{100 * interval.high:.1f})"]
    cells += [f"{100 * mean('boundary_f'):.1f}", f"{mean('mad'):.1f}", soft, f"{mean('seconds'):.2f}"]
    return f"| {way} | {' | '.join(cells)} |"


def _figures(alpha: Alpha, case: Case) -> Row:
    guess, truth = alpha > 0.5, case.truth > 0.5
    row: Row = {"set": case.group, "picture": case.name, "iou": iou(guess, truth)}
    row |= {"boundary_f": boundary_f(guess, truth, tolerance=2.0), "mad": 1000 * mad(alpha, case.truth)}
    return row | {"gradient": gradient(alpha, case.truth) / 1000} if case.soft else row


def _strips(case: Case, found: Mapping[str, Alpha]) -> list[NDArray[np.uint8]]:
    """Cut-outs on green of the whole picture, and of the part with most edge."""
    alphas = [case.truth, *found.values()]
    height, width = case.truth.shape
    soft = cv2.blur(np.abs(cv2.Laplacian(case.truth, cv2.CV_32F)), (81, 81))
    _, _, _, (x, y) = cv2.minMaxLoc(soft)
    side = min(height, width, 120)
    top, left = min(max(0, y - side // 2), height - side), min(max(0, x - side // 2), width - side)
    part = (slice(top, top + side), slice(left, left + side))
    whole = [case.picture, *(_on_green(case.picture, alpha) for alpha in alphas)]
    return [np.concatenate([_tile(each) for each in row], axis=1) for row in (whole, [each[part] for each in whole])]


def _on_green(picture: NDArray[np.uint8], alpha: Alpha) -> NDArray[np.uint8]:
    weight = alpha[..., np.newaxis]
    return np.asarray(np.rint(picture * weight + _GREEN * (1 - weight)), np.uint8)


def _tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = _TILE / max(picture.shape[:2])
    size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
    tile = np.full((_TILE, _TILE, 3), 255, np.uint8)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    tile[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=way)
    return tile
