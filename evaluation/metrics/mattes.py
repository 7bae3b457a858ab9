"""The check that all matting metrics share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Alpha, check_alpha
from evaluation.metrics.pairs import scored_pixels


def band_of(predicted: Alpha, truth: Alpha, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """The bool H x W pixels that count: ``mask``, or all if it is None.

    Raises:
        ArrayError: an array breaks the Alpha contract, sizes differ, or the mask selects nothing.
    """
    check_alpha(predicted, name="predicted alpha")
    check_alpha(truth, like=predicted, name="true alpha")
    return scored_pixels(mask, truth)
