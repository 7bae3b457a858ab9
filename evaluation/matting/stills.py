"""Figures of mattes of stills."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.types import Alpha
from cleanplate_training.data.pixels import decode_grey, encode_png, file_bytes
from evaluation.matting.cases import Case
from evaluation.matting.methods import Method
from evaluation.metrics import connectivity, gradient, iou, mad, mse
from evaluation.metrics.bootstrap import bootstrap

Row = dict[str, Any]


def measured(method: Method, cases: Iterable[Case], kept: Path | None = None) -> list[Row]:
    """One row of figures for each case.

    Args:
        method: the network.
        cases: pictures with their truth.
        kept: folder for the alphas (8-bit PNG, one a case): what lies there is read instead of computed again.
    """
    rows = []
    for case in cases:
        alpha = method.alpha(case.picture) if kept is None else kept_alpha(method, case, kept)
        row: Row = {"set": case.group, "picture": case.name, "method": method.name}
        rows.append({**row, **figures(alpha, case)})
    return rows


def figures(alpha: Alpha, case: Case) -> dict[str, float]:
    """Figures of one matte.

    IoU is that of the areas above 0.5 (1 where both are empty). MAD and MSE are means over all pixels, the gradient
    error its sum in thousands, the connectivity error likewise; these two only where the truth is a matte.
    """
    rows = round(case.counted * len(alpha))
    alpha, truth = alpha[:rows], case.truth[:rows]
    found = {
        "iou": iou(alpha > 0.5, truth > 0.5),
        "mad": 1000 * mad(alpha, truth),
        "mse": 1000 * mse(alpha, truth, data_range=1.0),
        "covered": float((alpha > 0.5).mean()),
    }
    if case.soft:
        found["gradient"] = gradient(alpha, truth) / 1000
        found["connectivity"] = connectivity(alpha, truth) / 1000
    return found


def table(rows: Sequence[Row], methods: Sequence[Method]) -> list[str]:
    """Markdown: one table a set, one line a method."""
    lines: list[str] = []
    for group in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == group]
        number = len({row["picture"] for row in own})
        soft = "gradient" in own[0]
        heads = ["method", "IoU mean (95 %)", "IoU median", "MAD x 1000", "MSE x 1000"]
        heads += ["gradient", "connectivity"] if soft else []
        if group == "nobody":
            heads = ["method", "share taken for a person", "pictures above 1 %", "MAD x 1000"]
        lines += ["", f"### {group} ({number} pictures)", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        for method in methods:
            lines.append(_line(method.name, [row for row in own if row["method"] == method.name], group, soft))
    return lines


def speeds(methods: Sequence[Method], megabytes: Mapping[str, float]) -> list[str]:
    """Markdown: size and time of each network in this run."""
    lines = ["| method | MB | network, median ms |", "|---|---|---|"]
    for method in methods:
        time = f"{1000 * float(np.median(method.seconds)):.0f}" if method.seconds else "(kept alphas)"
        lines.append(f"| {method.name} | {megabytes[method.name]:.1f} | {time} |")
    return lines


def _line(name: str, rows: Sequence[Row], group: str, soft: bool) -> str:
    def mean(figure: str) -> float:
        return float(np.mean([row[figure] for row in rows]))

    if group == "nobody":
        taken = [row["covered"] for row in rows]
        false = sum(share > 0.01 for share in taken)
        return f"| {name} | {100 * np.mean(taken):.2f} % | {false} of {len(taken)} | {mean('mad'):.1f} |"
    ious = [row["iou"] for row in rows]
    interval = bootstrap(ious)
    cells = [f"{interval.value:.3f} ({interval.low:.3f}-{interval.high:.3f})", f"{np.median(ious):.3f}"]
    cells += [f"{mean('mad'):.1f}", f"{mean('mse'):.1f}"]
    cells += [f"{mean('gradient'):.2f}", f"{mean('connectivity'):.2f}"] if soft else []
    return f"| {name} | {' | '.join(cells)} |"


def kept_alpha(method: Method, case: Case, kept: Path) -> Alpha:
    """The alpha of a case, read from its file in ``kept`` or computed and put there.

    The folder's name has the hash of the network's file and its working size, so no result of another is ever read.
    """
    folder = kept / f"{method.stamp}-{_plain(method.name)}" / _plain(case.group)
    path = folder / f"{case.name}.png"
    if path.is_file():
        return np.asarray(decode_grey(file_bytes(path), name=str(path)) / np.float32(255), np.float32)
    alpha = np.asarray(np.rint(255 * method.alpha(case.picture)), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_bytes(encode_png(alpha))
    beside.replace(path)
    return np.asarray(alpha / np.float32(255), np.float32)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
