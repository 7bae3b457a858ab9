"""Several selections as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cleanplate.errors import ArrayError
from cleanplate.types import Mask, check_mask


def union(masks: Sequence[Mask]) -> Mask:
    """Every pixel that any of ``masks`` (one or more, all H x W bool) selects, as a new array.

    Raises:
        ArrayError: no masks, or masks of different sizes.
    """
    if not masks:
        raise ArrayError("needs at least one mask", subject="union")
    together = check_mask(masks[0]).copy()
    for mask in masks[1:]:
        np.logical_or(together, check_mask(mask, like=together), out=together)
    return together
