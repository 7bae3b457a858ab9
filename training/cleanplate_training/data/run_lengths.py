"""Masks as COCO's uncompressed run lengths: JSON that any COCO tool reads.

Own lines because pycocotools 2.0.11 warns on every decode under NumPy 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BrokenInputError


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """``{"size": [H, W], "counts": [...]}``: lengths of runs down the columns, beginning with a run of False."""
    flat = np.concatenate([[False], mask.ravel(order="F"), [False]])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate([[0], changes, [mask.size]]))
    return {"size": list(mask.shape), "counts": counts[: counts.size - (counts[-1] == 0)].tolist()}


def mask_of(runs: dict[str, Any], *, name: str = "run lengths") -> NDArray[np.bool_]:
    """The bool H x W mask of such run lengths.

    Raises:
        BrokenInputError: the lengths do not add up to the size, or are compressed.
    """
    height, width = runs["size"]
    counts = runs["counts"]
    if not isinstance(counts, list) or sum(counts) != height * width or min(counts, default=0) < 0:
        raise BrokenInputError(f"do not add up to {height} x {width}", subject=name)
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order="F")
