"""Confidence intervals by resampling pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError


class Interval(NamedTuple):
    """A figure and the bounds between which it lies at the stated level of confidence."""

    value: float
    low: float
    high: float


def bootstrap(
    values: Sequence[float] | NDArray[np.float64],
    *,
    statistic: Callable[..., Any] = np.mean,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of a statistic of one value a picture (Efron, Annals of Statistics 7(1), 1979).

    To compare two methods on the same pictures, pass the differences picture by picture: that interval is much
    tighter than two separate ones, and the methods differ at this level if it leaves out 0.

    Args:
        values: one figure a picture, finite.
        statistic: maps an array along ``axis`` (``np.mean``, ``np.median`` ...).
        level: confidence, in (0, 1).
        resamples: number of draws with replacement.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        ArgumentError: no values, values that are not finite, or a level outside (0, 1).
    """
    data = np.asarray(values, np.float64)
    if data.ndim != 1 or data.size == 0 or not np.isfinite(data).all():
        raise ArgumentError("must be a flat list of finite numbers with at least one", subject="values")
    low, high = tail_shares(level)
    drawn = np.random.default_rng(seed).integers(0, data.size, (resamples, data.size))
    estimates = statistic(data[drawn], axis=1)
    bounds = np.quantile(estimates, (low, high))
    return Interval(float(statistic(data, axis=0)), float(bounds[0]), float(bounds[1]))


def tail_shares(level: float) -> tuple[float, float]:
    """The two quantiles that enclose ``level`` of a distribution.

    Raises:
        ArgumentError: a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ArgumentError(f"must lie between 0 and 1, not {level}", subject="level")
    return (1 - level) / 2, (1 + level) / 2
