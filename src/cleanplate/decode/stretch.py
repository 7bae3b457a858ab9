"""Samples of 10 or 12 bits over the full range of 16, and back without a loss."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray


def full_range(samples: NDArray[Any], depth: int) -> NDArray[Any]:
    """``samples`` of ``depth`` bits (9..16) with the top bits repeated below, so that white is 65535."""
    return (samples << (16 - depth)) | (samples >> (2 * depth - 16))
