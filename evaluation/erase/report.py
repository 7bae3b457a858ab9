"""From rows to tables: one Markdown file and one CSV with every single measurement beside it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.metrics.bootstrap import Interval, bootstrap

ORIGINAL = "(original photograph)"
NOTES = "<!-- below this line: written by hand, kept when the figures are renewed -->"

Row = dict[str, Any]
_RATIOS = ("seam", "coarse_seam", "sharpness")
_MEANS = ("psnr", "ssim", "ms_ssim")
_HEAD = (
    "| method | holes | seam | coarse seam | sharpness | kernel distance x 1000 | PSNR dB | SSIM | MS-SSIM | median s |"
)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Every measurement, one a line."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def write_report(path: Path, rows: Sequence[Row], distances: dict[tuple[int, str], Interval], facts: list[str]) -> None:
    """Tables by size and by share of the hole; what was written by hand below :data:`NOTES` is kept."""
    notes = path.read_text(encoding="utf-8").partition(NOTES)[2] if path.exists() else "\n"
    parts = ["# Erase: quality", "", *facts, ""]
    for level in sorted({row["level"] for row in rows}):
        parts += [f"## {level} px", "", *_table([row for row in rows if row["level"] == level], distances, level), ""]
    parts += ["## By size of the hole (all picture sizes)", ""]
    for share in sorted({row["share"] for row in rows}):
        chosen = [row for row in rows if row["share"] == share]
        parts += [f"### {100 * share:.0f} %", "", *_table(chosen, {}, 0), ""]
    path.write_text("\n".join(parts) + NOTES + notes, encoding="utf-8")


def _table(rows: Sequence[Row], distances: dict[tuple[int, str], Interval], level: int) -> list[str]:
    lines = [_HEAD, "|---" * (_HEAD.count("|") - 1) + "|"]
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        distance = distances.get((level, method))
        cells = [method, str(len(own))]
        cells += [_ratio([row[name] for row in own]) for name in _RATIOS]
        cells.append("" if distance is None else _interval(distance, 1000, ".1f"))
        if method == ORIGINAL:
            cells += [""] * (len(_MEANS) + 1)
        else:
            cells += [_mean([row[name] for row in own]) for name in _MEANS]
            cells.append(f"{np.median([row['seconds'] for row in own]):.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _ratio(values: list[float]) -> str:
    logs = bootstrap(np.log(values))
    return _interval(Interval(*(float(np.exp(bound)) for bound in logs)), 1, ".2f")


def _mean(values: list[float]) -> str:
    finite = [value for value in values if np.isfinite(value)]
    return f"{np.mean(finite):.3g}" if finite else ""


def _interval(interval: Interval, scale: float, form: str) -> str:
    value, low, high = (format(scale * bound, form) for bound in interval)
    return f"{value} ({low}..{high})"
