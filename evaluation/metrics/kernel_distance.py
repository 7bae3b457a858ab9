"""Kernel distance between two sets of pictures, on EfficientNet-lite features."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.types import Image
from evaluation.metrics.bootstrap import Interval, tail_shares
from evaluation.metrics.deep_features import lite_features


def kernel_distance(
    a: NDArray[np.float32], b: NDArray[np.float32], *, level: float = 0.95, resamples: int = 500, seed: int = 0
) -> Interval:
    """Unbiased squared maximum mean discrepancy with the cubic kernel ``(x.y / d + 1)^3``, and its interval.

    Binkowski et al., "Demystifying MMD GANs" (ICLR 2018), over all pairs instead of random blocks. Being unbiased it
    may be slightly negative for equal distributions. The interval comes from resampling rows of both sets; pairs of a
    row with its own copy are left out of every resample, since they would raise all of them.

    Args:
        a: features, N x d.
        b: features, M x d.
        level: confidence of the interval.
        resamples: number of draws; 0 gives the value alone (bounds nan).
        seed: of the draws.

    Raises:
        ArgumentError: fewer than two rows, different d, or a level outside (0, 1).
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ArgumentError(
            f"must be N x d and M x d with two rows or more, not {a.shape} and {b.shape}", subject="features"
        )
    low, high = tail_shares(level)
    kernels = _cubic(a, a), _cubic(b, b), _cubic(a, b)
    value = float(_weighted_mmd(*kernels, np.ones((1, len(a))), np.ones((1, len(b))))[0])
    if resamples == 0:
        return Interval(value, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    draws = [rng.multinomial(n, np.full(n, 1 / n), resamples).astype(np.float64) for n in (len(a), len(b))]
    bounds = np.quantile(_weighted_mmd(*kernels, *draws), (low, high))
    return Interval(value, float(bounds[0]), float(bounds[1]))


def kernel_distance_difference(
    truth: NDArray[np.float32],
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    *,
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """How much farther ``one`` is from ``truth`` than ``other`` is, by :func:`kernel_distance`, and its interval.

    Row ``i`` of all three belongs to the same place of the same picture; the same rows are drawn of all three, so what
    the places have in common does not widen the interval. ``one`` is farther if the interval lies above 0.

    Args:
        truth: features, N x d.
        one: features, N x d.
        other: features, N x d.
        level: confidence of the interval.
        resamples: number of draws, at least 1.
        seed: of the draws.

    Raises:
        ArgumentError: fewer than two rows, different shapes, or a level outside (0, 1).
    """
    if truth.ndim != 2 or not truth.shape == one.shape == other.shape or len(truth) < 2:
        shapes = f"{truth.shape}, {one.shape} and {other.shape}"
        raise ArgumentError(f"must be three times N x d with two rows or more, not {shapes}", subject="features")
    low, high = tail_shares(level)
    count = len(truth)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples).astype(np.float64)
    weights = np.concatenate([np.ones((1, count)), drawn])
    within = _cubic(truth, truth)
    first, second = (
        _weighted_mmd(within, _cubic(each, each), _cubic(truth, each), weights, weights) for each in (one, other)
    )
    differences = first - second
    bounds = np.quantile(differences[1:], (low, high))
    return Interval(float(differences[0]), float(bounds[0]), float(bounds[1]))


def kernel_distance_lite0(
    a: Iterable[Image], b: Iterable[Image], *, side: int | None = 224, level: float = 0.95, seed: int = 0
) -> Interval:
    """:func:`kernel_distance` of two sets of uint8 RGB pictures on EfficientNet-lite0 features.

    Args:
        a: pictures of the first set.
        b: pictures of the second set.
        side: see :func:`~evaluation.metrics.deep_features.lite_features`.
        level: confidence of the interval.
        seed: of the interval's draws.

    Raises:
        MissingExtraError: the training half or the network's weights are not installed.
        ArgumentError: fewer than two pictures in a set, or ``side=None`` with several sizes.
    """
    return kernel_distance(lite_features(a, side=side), lite_features(b, side=side), level=level, seed=seed)


def _cubic(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray((a.astype(np.float64) @ b.astype(np.float64).T / a.shape[1] + 1) ** 3)


def _weighted_mmd(
    within_a: NDArray[np.float64],
    within_b: NDArray[np.float64],
    between: NDArray[np.float64],
    weights_a: NDArray[np.float64],
    weights_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Squared discrepancy for each row of weights (R x N and R x M)."""
    cross = np.sum(weights_a @ between * weights_b, axis=1) / (weights_a.sum(axis=1) * weights_b.sum(axis=1))
    return np.asarray(_mean_off_diagonal(within_a, weights_a) + _mean_off_diagonal(within_b, weights_b) - 2 * cross)


def _mean_off_diagonal(kernel: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    own = np.square(weights)
    total = np.sum(weights @ kernel * weights, axis=1) - own @ np.diagonal(kernel)
    return np.asarray(total / (np.square(weights.sum(axis=1)) - own.sum(axis=1)))
