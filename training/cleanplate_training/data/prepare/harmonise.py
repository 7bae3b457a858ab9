"""Colours of a cut-out brought nearer to those of the place where it is put."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def harmonised(
    colours: NDArray[np.uint8], alpha: NDArray[np.uint8], surroundings: NDArray[np.uint8], *, strength: float
) -> NDArray[np.uint8]:
    """Shift mean and contrast in CIE Lab towards those of the surroundings, uint8 RGB.

    Reinhard et al., "Color Transfer between Images" (IEEE CG&A 21(5), 2001), on Lab, in part only: a person in white
    stays lighter than a dark street.

    Args:
        colours: uint8 RGB of the cut-out.
        alpha: uint8 H x W; only pixels above one half are measured.
        surroundings: uint8 RGB, any size.
        strength: 0 = unchanged .. 1 = the surroundings' mean and contrast.
    """
    own = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).astype(np.float32)
    there = cv2.cvtColor(surroundings, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    measured = own[alpha > 127]
    if measured.size == 0:
        return colours
    mean, deviation = measured.mean(axis=0), measured.std(axis=0) + 1
    contrast = np.clip((there.std(axis=0) + 1) / deviation, 0.6, 1.5)
    # Lightness follows half as far as colour: it belongs to clothes and skin as much as to the light.
    follow = strength * np.array([0.5, 1.0, 1.0], np.float32)
    shifted = (own - mean) * (1 + follow * (contrast - 1)) + mean + follow * (there.mean(axis=0) - mean)
    lab = np.clip(np.rint(shifted), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
