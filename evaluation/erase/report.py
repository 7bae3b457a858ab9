"""From rows to tables: one Markdown file and one CSV with every single measurement beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.erase.choice import Summary, chosen, faults
from evaluation.metrics.bootstrap import Interval, bootstrap

ORIGINAL = "(original photograph)"
ENGINE = "cleanplate "
"""Methods whose name begins with it are engines of this project, between which ``auto`` chooses."""
NOTES = "<!-- below this line: written by hand, kept when the figures are renewed -->"

Row = dict[str, Any]
Farther = Callable[[str, str], Sequence[Interval]]
"""For two methods, how much farther the first is from the originals than the second, at each size."""

Distances = Mapping[tuple[int, float | None, str], Interval]
"""Level, share of the hole (None for all) and method to the kernel distance."""

_RATIOS = ("seam", "coarse_seam", "sharpness")
_MEANS = ("l1", "psnr", "ssim")
_HEAD = (
    "| method | holes | seam | coarse seam | sharpness | kernel distance x 1000 | L1 % | PSNR dB | SSIM | median s |"
)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Every measurement, one a line."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def write_report(path: Path, rows: Sequence[Row], distances: Distances, farther: Farther, facts: list[str]) -> None:
    """Tables by size and by share of the hole; what was written by hand below :data:`NOTES` is kept."""
    notes = path.read_text(encoding="utf-8").partition(NOTES)[2] if path.exists() else "\n"
    parts = ["# Erase: quality", "", *facts, ""]
    levels = sorted({row["level"] for row in rows})
    for level in levels:
        own = [row for row in rows if row["level"] == level]
        parts += [f"## {level} px", "", *_table(own, distances, level, None), ""]
        for share in sorted({row["share"] for row in own}):
            chosen_rows = [row for row in own if row["share"] == share]
            parts += [f"### {level} px, holes of {100 * share:.0f} %", ""]
            parts += [*_table(chosen_rows, distances, level, share), ""]
    parts += ["## What `--engine auto` should be", "", *_choice(rows, distances, farther, levels), ""]
    path.write_text("\n".join(parts) + NOTES + notes, encoding="utf-8")


def _table(rows: Sequence[Row], distances: Distances, level: int, share: float | None) -> list[str]:
    lines = [_HEAD, "|---" * (_HEAD.count("|") - 1) + "|"]
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        distance = distances.get((level, share, method))
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


def _choice(rows: Sequence[Row], distances: Distances, farther: Farther, levels: Sequence[int]) -> list[str]:
    """The rule's answer, with each engine's figures that it looks at."""
    engines = {row["method"]: None for row in rows if row["method"].startswith(ENGINE)}
    summaries = {name: summaries_of(name, rows, distances, levels) for name in engines}
    named = chosen({name: own for name, own in summaries.items() if own is not None}, farther)
    head = "| engine | seam | coarse seam | sharpness | mean kernel distance x 1000 | may be chosen |"
    lines = [
        "The rule is that of `evaluation/erase/choice.py`. Seams and sharpness are relative to the original",
        "photographs; of several sizes the worst is shown.",
        "",
        head,
        "|---" * (head.count("|") - 1) + "|",
    ]
    for name, own in summaries.items():
        if own is None:
            lines.append(f"| {name} | | | | | not measured on the same holes |")
            continue
        worst = [max((getattr(each, key) for each in own), key=_off) for key in _RATIOS]
        known = [each.distance.value for each in own if each.distance is not None]
        mean = f"{1000 * np.mean(known):.1f}" if len(known) == len(own) else ""
        lines.append(
            f"| {name} | {' | '.join(f'{v:.2f}' for v in worst)} | {mean} | {'; '.join(faults(own)) or 'yes'} |"
        )
    return [*lines, "", f"**{named.removeprefix(ENGINE) if named else 'No engine'}**"]


def summaries_of(method: str, rows: Sequence[Row], distances: Distances, levels: Sequence[int]) -> list[Summary] | None:
    """Figures of a method at each level, relative to the originals; None where it lacks holes."""
    found = []
    for level in levels:
        own, originals = (
            [row for row in rows if row["level"] == level and row["method"] == name] for name in (method, ORIGINAL)
        )
        if not own or len(own) != len(originals):
            return None
        seam, coarse_seam, sharpness = (
            _centre([row[key] for row in own]) / _centre([row[key] for row in originals]) for key in _RATIOS
        )
        seconds = float(np.median([row["seconds"] for row in own]))
        found.append(Summary(seam, coarse_seam, sharpness, distances.get((level, None, method)), seconds))
    return found


def _off(ratio: float) -> float:
    return abs(float(np.log(ratio)))


def _centre(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


def _ratio(values: list[float]) -> str:
    logs = bootstrap(np.log(values))
    return _interval(Interval(*(float(np.exp(bound)) for bound in logs)), 1, ".2f")


def _mean(values: list[float]) -> str:
    finite = [value for value in values if np.isfinite(value)]
    return f"{np.mean(finite):.3g}" if finite else ""


def _interval(interval: Interval, scale: float, form: str) -> str:
    value, low, high = (format(scale * bound, form) for bound in interval)
    return f"{value} ({low}..{high})"
