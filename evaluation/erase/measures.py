"""What is measured on one filled picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.mask.bounds import bounding_box
from cleanplate.types import Mask
from evaluation.metrics.l1 import l1
from evaluation.metrics.ms_ssim import SMALLEST_SIDE, ms_ssim
from evaluation.metrics.psnr import psnr
from evaluation.metrics.ssim import ssim
from evaluation.seam import seam
from evaluation.sharpness import sharpness

COARSE = 8
"""Cell side, in pixels, of the second seam measure."""


def measure(original: NDArray[np.uint8], filled: NDArray[np.uint8], hole: Mask) -> dict[str, float]:
    """Seam at both scales and sharpness; L1 in the hole, in per cent; PSNR, SSIM and MS-SSIM in the hole's box.

    The box is grown to the size that MS-SSIM needs; both kinds of SSIM are taken on luminance.
    """
    box = bounding_box(hole)
    if box is None:
        raise ValueError("the hole is empty")
    needed = SMALLEST_SIDE + 1
    box = box.grown(max(0, -(-(needed - min(box.width, box.height)) // 2))).clipped(*hole.shape)
    a, b = original[box.slices], filled[box.slices]
    grey_a, grey_b = (cv2.cvtColor(part, cv2.COLOR_RGB2GRAY) for part in (a, b))
    return {
        "seam": seam(filled, hole),
        "coarse_seam": seam(filled, hole, scale=COARSE),
        "sharpness": sharpness(filled, hole),
        "l1": 100 * l1(a, b, mask=hole[box.slices]),
        "psnr": min(psnr(a, b), 99.0),
        "ssim": ssim(grey_a, grey_b),
        "ms_ssim": ms_ssim(grey_a, grey_b) if min(a.shape[:2]) >= SMALLEST_SIDE else float("nan"),
    }


def crops(filled: NDArray[np.uint8], hole: Mask, *, side: int, count: int, seed: int) -> list[NDArray[np.uint8]]:
    """Square crops at 100 % around random pixels of the hole, for distances on deep features.

    Never larger than the picture; the same seed gives the same places.
    """
    side = min(side, *hole.shape)
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(hole)
    found = []
    for index in rng.integers(0, len(rows), count):
        top = int(np.clip(rows[index] - side // 2, 0, hole.shape[0] - side))
        left = int(np.clip(columns[index] - side // 2, 0, hole.shape[1] - side))
        found.append(filled[top : top + side, left : left + side].copy())
    return found
