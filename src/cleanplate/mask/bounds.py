"""Where the selected pixels lie."""

from __future__ import annotations

import numpy as np

from cleanplate.types import Box, Mask


def bounding_box(mask: Mask) -> Box | None:
    """The smallest box that holds every selected pixel of ``mask`` (H x W bool), or None if nothing is selected."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    return Box(int(columns[0]), top, int(columns[-1]) + 1, bottom)
