"""Figures of every network on every picture, and the tables made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.types import Alpha
from evaluation.matting.methods import Method
from evaluation.matting.stills import kept_alpha
from evaluation.metrics import boundary_f, iou
from evaluation.metrics.bootstrap import bootstrap
from evaluation.selfie.cases import Selfie
from evaluation.selfie.costs import Cost
from evaluation.selfie.failures import GROUPS, reasons

Row = dict[str, Any]
Cases = Callable[[], Iterator[Selfie]]


def measured(methods: Sequence[Method], cases: Cases, kept: Path) -> list[Row]:
    """One row for each network and picture; alphas are kept in a folder, so a stopped evaluation goes on."""
    rows = []
    for selfie in cases():
        for method in methods:
            rows.append(row(selfie, method.name, kept_alpha(method, selfie.case, kept)))
    return rows


def row(selfie: Selfie, name: str, alpha: Alpha) -> Row:
    """Figures of one guess: IoU and boundary F at 0.5, and why it failed."""
    guess, truth = alpha > 0.5, selfie.case.truth > 0.5
    overlap = iou(guess, truth)
    return {
        "set": selfie.case.group,
        "picture": selfie.case.name,
        "method": name,
        "iou": overlap,
        "boundary_f": boundary_f(guess, truth),
        "reasons": " + ".join(reasons(selfie, guess, overlap)),
    }


def table(rows: Sequence[Row], methods: Sequence[str], costs: Mapping[str, Cost]) -> list[str]:
    """Markdown: one line a network, with figures of every set and what it costs."""
    sets = list(dict.fromkeys(each["set"] for each in rows))
    counts = {name: len({each["picture"] for each in rows if each["set"] == name}) for name in sets}
    heads = ["network"]
    for name in sets:
        heads += [f"{name} ({counts[name]}): IoU (95 %)", "boundary F", "below 0.8"]
    heads += ["parameters, M", "MB", "GMAC 224", "GMAC 512", "ms 224", "ms 512"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for method in methods:
        cells = [method]
        for name in sets:
            own = [each for each in rows if each["set"] == name and each["method"] == method]
            cells += _figures(own)
        cells += _costs(costs.get(method))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def failure_table(rows: Sequence[Row], methods: Sequence[str]) -> list[str]:
    """Markdown: how many pictures of all sets fall into each group of failures."""
    lines = [f"| network | failed (IoU < 0.9) | {' | '.join(GROUPS)} |", "|---" * (len(GROUPS) + 2) + "|"]
    for method in methods:
        own = [each for each in rows if each["method"] == method]
        failed = [each for each in own if each["iou"] < 0.9]
        counts = [sum(group in each["reasons"].split(" + ") for each in failed) for group in GROUPS]
        lines.append(f"| {method} | {len(failed)} of {len(own)} | {' | '.join(map(str, counts))} |")
    return lines


def _figures(rows: Iterable[Row]) -> list[str]:
    own = list(rows)
    ious = [each["iou"] for each in own]
    interval = bootstrap(ious)
    below = np.mean(np.array(ious) < 0.8)
    mean_f = np.mean([each["boundary_f"] for each in own])
    return [
        f"{100 * interval.value:.1f} ({100 * interval.low:.1f}-{100 * interval.high:.1f})",
        f"{100 * mean_f:.1f}",
        f"{100 * below:.0f} %",
    ]


def _costs(cost: Cost | None) -> list[str]:
    if cost is None:
        return ["-"] * 6
    macs = [f"{cost.macs[side] / 1e9:.2f}" if side in cost.macs else "-" for side in (224, 512)]
    times = [f"{cost.milliseconds[side]:.0f}" if side in cost.milliseconds else "-" for side in (224, 512)]
    return [f"{cost.parameters / 1e6:.2f}", f"{cost.megabytes:.1f}", *macs, *times]
