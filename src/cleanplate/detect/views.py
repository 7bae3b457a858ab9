"""Small views of parts of a picture, as networks and filters take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image

_GREY = 6


def eight_bit(picture: Image) -> NDArray[np.uint8]:
    """The picture with 8 bits a channel."""
    return np.asarray(picture if picture.dtype == np.uint8 else picture >> 8, np.uint8)


def is_grey(view: NDArray[np.uint8]) -> bool:
    """Whether a view (h x w x 3) has no colours to speak of: networks that learned from colours see less there."""
    picture = view.astype(np.int16)
    return bool(np.percentile(picture.max(axis=2) - picture.min(axis=2), 99) <= _GREY)
