"""Reading and writing for the other methods, which bring no file handling of their own: OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Mask


def read_photo(path: str) -> NDArray[np.uint8]:
    """RGB pixels."""
    stored = cv2.imread(path)
    if stored is None:
        raise FileNotFoundError(path)
    return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), np.uint8)


def read_selection(path: str) -> Mask:
    """True where the mask file is bright."""
    stored = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    if stored is None:
        raise FileNotFoundError(path)
    return np.asarray(stored >= 128, np.bool_)


def write_photo(path: str, picture: NDArray[np.uint8]) -> None:
    """A JPEG of quality 92."""
    cv2.imwrite(path, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
