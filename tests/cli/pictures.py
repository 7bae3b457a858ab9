"""A small photograph, and looking at what was written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def photo_pixels(height: int = 90, width: int = 120, *, seed: int = 5) -> np.ndarray:
    """A soft texture with a dark disc at (60, 40), 8-bit RGB."""
    noise = np.random.default_rng(seed).integers(60, 200, (height, width, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 2)
    cv2.circle(image, (60, 40), 12, (10, 20, 30), -1)
    return image


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def listing(folder: Path) -> set[str]:
    """Every file below ``folder``, hidden ones too."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
