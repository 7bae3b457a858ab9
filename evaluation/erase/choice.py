"""The rule by which ``--engine auto`` is chosen, applied to the figures of a report.

1. An engine may be chosen if at every size its seam and its coarse seam are at most :data:`MOST_SEAM` times those of
   the original photographs (in the same places), and its sharpness is at least :data:`LEAST_SHARPNESS` and at most
   :data:`MOST_SHARPNESS` times theirs.
2. Of those the one with the smallest kernel distance, averaged over the sizes, is chosen; one whose distance lies
   within the interval of the best, on average, is as good, and of equally good ones the quickest is chosen.

PSNR, SSIM and L1 do not count: they reward blur. The runtime holds the outcome (``cleanplate.tasks.engine_choice``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.metrics.bootstrap import Interval

MOST_SEAM = 1.25
LEAST_SHARPNESS = 0.6
MOST_SHARPNESS = 1.5


@dataclass(frozen=True)
class Summary:
    """An engine's figures at one size.

    Attributes:
        seam: geometric mean over holes, divided by that of the originals.
        coarse_seam: likewise.
        sharpness: likewise.
        distance: kernel distance to the originals; None where it was not measured.
        seconds: median.
    """

    seam: float
    coarse_seam: float
    sharpness: float
    distance: Interval | None
    seconds: float


def faults(summaries: Sequence[Summary]) -> list[str]:
    """Why an engine may not be chosen, given its figures at all sizes; empty if it may."""
    found = []
    if (worst := max(max(each.seam, each.coarse_seam) for each in summaries)) > MOST_SEAM:
        found.append(f"seam {worst:.2f} times the original's")
    if (least := min(each.sharpness for each in summaries)) < LEAST_SHARPNESS:
        found.append(f"sharpness {least:.2f} of the original's")
    if (most := max(each.sharpness for each in summaries)) > MOST_SHARPNESS:
        found.append(f"sharpness {most:.2f} times the original's")
    if any(each.distance is None for each in summaries):
        found.append("kernel distance not measured at all sizes")
    return found


def chosen(engines: Mapping[str, Sequence[Summary]]) -> str | None:
    """The engine that the rule names; None if none may be chosen."""
    allowed = {name: own for name, own in engines.items() if own and not faults(own)}
    if not allowed:
        return None
    distances = {name: _mean_distance(own) for name, own in allowed.items()}
    best = min(distances.values(), key=lambda interval: interval.value)
    as_good = [name for name, interval in distances.items() if interval.value <= best.high]
    return min(as_good, key=lambda name: float(np.mean([each.seconds for each in allowed[name]])))


def _mean_distance(summaries: Sequence[Summary]) -> Interval:
    measured = [each.distance for each in summaries if each.distance is not None]
    value = float(np.mean([interval.value for interval in measured]))
    # Sizes are independent: the half-widths of their intervals add up as variances do.
    upper = _together([interval.high - interval.value for interval in measured])
    lower = _together([interval.value - interval.low for interval in measured])
    return Interval(value, value - lower, value + upper)


def _together(widths: Sequence[float]) -> float:
    return float(np.sqrt(np.sum(np.square(widths)))) / len(widths)
