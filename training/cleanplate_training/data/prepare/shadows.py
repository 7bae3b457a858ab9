"""Shadows that a cut-out throws on the ground where it is put."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def contact_shadow(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Darkness 0..1 under the lowest parts of an object (feet, chair legs), float32 H x W.

    Args:
        alpha: float32 H x W, 0..1, the object in the whole picture.
    """
    height, width = alpha.shape
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    if rows.size == 0:
        return np.zeros_like(alpha)
    foot, tall = int(rows[-1]), int(rows[-1] - rows[0] + 1)
    reach = max(2, round(0.06 * tall))
    feet = np.zeros_like(alpha)
    feet[max(0, foot - reach) : foot + 1] = alpha[max(0, foot - reach) : foot + 1]
    drop = np.array([[1, 0, 0], [0, 1, 0.35 * reach]], np.float32)
    moved = cv2.warpAffine(feet, drop, (width, height))
    blurred = cv2.GaussianBlur(moved, (0, 0), sigmaX=max(1.0, 0.9 * reach), sigmaY=max(0.7, 0.35 * reach))
    return np.asarray(np.clip(blurred * 1.4, 0, 1), np.float32)


def cast_shadow(alpha: NDArray[np.float32], *, lean: float, length: float, softness: float) -> NDArray[np.float32]:
    """Darkness 0..1 of the silhouette laid on the ground from its feet, float32 H x W.

    Args:
        alpha: float32 H x W, 0..1, the object in the whole picture.
        lean: sideways shift of the shadow's head, in heights of the object.
        length: extent of the shadow up the picture, in heights of the object; below 0 it falls towards the viewer.
        softness: standard deviation of the penumbra at the far end, in heights of the object.
    """
    height, width = alpha.shape
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    if rows.size == 0:
        return np.zeros_like(alpha)
    foot, tall = float(rows[-1]), float(rows[-1] - rows[0] + 1)
    # A point h above the feet goes to lean * h sideways and length * h up.
    matrix = np.array([[1, -lean, lean * foot], [0, length, foot * (1 - length)]], np.float32)
    laid = cv2.warpAffine(alpha, matrix, (width, height))
    near = cv2.GaussianBlur(laid, (0, 0), max(0.6, 0.15 * softness * tall))
    far = cv2.GaussianBlur(laid, (0, 0), max(0.8, softness * tall))
    reach = np.clip(np.abs(foot - np.arange(height)) / max(1.0, abs(length) * tall), 0, 1).astype(np.float32)
    return np.asarray(near + (far - near) * reach[:, np.newaxis], np.float32)
