"""Folders of small photographs and their masks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def write_photo(path: Path, *, size=(64, 48), seed: int = 1) -> Path:
    """A soft texture; the type follows the ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(60, 200, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(cv2.GaussianBlur(noise, (0, 0), 2)).save(path)
    return path


def write_mask(path: Path, *, size=(64, 48)) -> Path:
    """Selects the box 20,15,35,30."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size[1], size[0]), np.uint8)
    pixels[15:30, 20:35] = 255
    Image.fromarray(pixels).save(path)
    return path


def listing(folder: Path) -> set[str]:
    """Every file below ``folder``, hidden ones too."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
