"""The rule by which ``--engine auto`` is chosen, applied to the figures of a report.

1. An engine may be chosen if at every size its seam and its coarse seam are at most :data:`MOST_SEAM` times those of
   the original photographs (in the same places), and its sharpness is at least :data:`LEAST_SHARPNESS` and at most
   :data:`MOST_SHARPNESS` times theirs.
2. Of those the one with the smallest kernel distance, averaged over the sizes, is the best. One whose distance on the
   same crops is not larger beyond doubt (95 % interval of the difference) is as good; of equals the quickest is chosen.

PSNR, SSIM and L1 do not count: they reward blur. The runtime holds the outcome (``cleanplate.tasks.engine_choice``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.metrics.bootstrap import Interval

MOST_SEAM = 1.25
LEAST_SHARPNESS = 0.5
"""Blurred fills have less than a fifth. At 4096 px much of the sharpness is grain, of which no fill has all."""
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


def chosen(engines: Mapping[str, Sequence[Summary]], farther: Callable[[str, str], Sequence[Interval]]) -> str | None:
    """The engine that the rule names; None if none may be chosen.

    Args:
        engines: name to figures, one a size.
        farther: for two engines, how much farther the first is from the originals than the second, at each size.
    """
    allowed = {name: own for name, own in engines.items() if own and not faults(own)}
    if not allowed:
        return None
    best = min(allowed, key=lambda name: np.mean([each.distance.value for each in allowed[name] if each.distance]))
    as_good = [name for name in allowed if name == best or not _beyond_doubt(farther(name, best))]
    return min(as_good, key=lambda name: float(np.mean([each.seconds for each in allowed[name]])))


def _beyond_doubt(differences: Sequence[Interval]) -> bool:
    """Whether the mean of independent differences lies above 0 by more than its uncertainty."""
    # Half-widths of independent intervals add up as variances do.
    lower = np.sqrt(np.sum(np.square([each.value - each.low for each in differences])))
    return bool(np.sum([each.value for each in differences]) > lower)
