"""Mean absolute difference of mattes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha
from evaluation.metrics.mattes import band_of


def mad(predicted: Alpha, truth: Alpha, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Mean of ``|predicted - truth|`` of two alphas, 0..1.

    Times the number of pixels it is the SAD of Rhemann et al., "A Perceptually Motivated Online Benchmark for Image
    Matting" (CVPR 2009); published tables often give it times 1000.

    Args:
        predicted: float32 H x W, 0..1.
        truth: the same.
        mask: bool H x W, True = pixels that count (for example a trimap's unknown band); None = all.

    Raises:
        ArrayError: an array breaks the Alpha contract, sizes differ, or the mask selects nothing.
    """
    band = band_of(predicted, truth, mask)
    return float(np.mean(np.abs(predicted.astype(np.float64) - truth)[band]))
