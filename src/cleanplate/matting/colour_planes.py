"""The colours of pixels as planes, on which arithmetic of whole arrays is faster than on interleaved pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def planes(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Pixels, h x w x 3 uint8 or uint16, as 3 x h x w float32 in 0..1; not changed."""
    scale = np.float32(1.0 / np.iinfo(pixels.dtype).max)
    return np.asarray(np.multiply(pixels.transpose(2, 0, 1), scale, dtype=np.float32, order="C"))
