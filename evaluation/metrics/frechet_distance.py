"""Frechet distance between two sets of pictures, on EfficientNet-lite features."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.types import Image
from evaluation.metrics.deep_features import lite_features


def frechet_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets of features.

    ``|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))``: Dowson and Landau (1982), used for pictures by Heusel et
    al., "GANs Trained by a Two Time-Scale Update Rule" (NIPS 2017). It is biased upwards for few pictures, so compare
    only figures made from equal numbers of them; under some thousands prefer the kernel distance.

    Args:
        a: features, N x d.
        b: features, M x d.

    Raises:
        ArgumentError: fewer than two rows, or different d.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ArgumentError(
            f"must be N x d and M x d with two rows or more, not {a.shape} and {b.shape}", subject="features"
        )
    first, second = a.astype(np.float64), b.astype(np.float64)
    offset = np.sum(np.square(first.mean(axis=0) - second.mean(axis=0)))
    root_a, root_b = _scatter_root(first), _scatter_root(second)
    # With S = R'R, tr (S_a S_b)^(1/2) is the sum of the singular values of R_a R_b': no square root of a matrix that
    # is singular whenever there are fewer pictures than features.
    overlap = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    return float(offset + np.sum(np.square(root_a)) + np.sum(np.square(root_b)) - 2 * overlap)


def frechet_distance_lite0(a: Iterable[Image], b: Iterable[Image], *, side: int | None = 224) -> float:
    """:func:`frechet_distance` of two sets of uint8 RGB pictures on EfficientNet-lite0 features.

    Args:
        a: pictures of the first set.
        b: pictures of the second set.
        side: see :func:`~evaluation.metrics.deep_features.lite_features`.

    Raises:
        MissingExtraError: the training half or the network's weights are not installed.
        ArgumentError: fewer than two pictures in a set, or ``side=None`` with several sizes.
    """
    return frechet_distance(lite_features(a, side=side), lite_features(b, side=side))


def _scatter_root(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix R with R'R = the unbiased covariance, of at most d rows."""
    centred: NDArray[np.float64] = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    if len(features) <= features.shape[1]:
        return centred
    return np.asarray(np.linalg.qr(centred, mode="r"), np.float64)
