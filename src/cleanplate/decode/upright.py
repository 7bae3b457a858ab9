"""Turn decoded pixels as the orientation tag says."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.picture import turn_upright

_ROTATIONS = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The upright picture as a contiguous array; the stored one itself if there is nothing to turn."""
    if orientation == 1:
        return np.ascontiguousarray(stored)
    if orientation in _ROTATIONS and stored.ndim == 3 and stored.shape[2] == 3:
        turned: NDArray[Any] = cv2.rotate(np.ascontiguousarray(stored), _ROTATIONS[orientation])
        return turned
    return np.ascontiguousarray(turn_upright(stored, orientation))
