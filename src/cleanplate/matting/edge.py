"""Alpha moved and softened at its edge, as a retoucher would by hand."""

from __future__ import annotations

import math

import cv2
import numpy as np

from cleanplate.errors import ArgumentError
from cleanplate.types import Alpha, check_alpha

LARGEST = 200.0
"""Pixels beyond which nobody means an edge."""


def shifted(alpha: Alpha, pixels: float) -> Alpha:
    """Move the edge: outwards by ``pixels``, or inwards if negative; its softness stays.

    Args:
        alpha: H x W float32 0..1; not changed.
        pixels: up to 200 either way; parts of a pixel count.

    Raises:
        ArgumentError: too far.
    """
    check_alpha(alpha)
    if not abs(pixels) <= LARGEST:
        raise ArgumentError(f"is {pixels:g}", subject="shift-edge", fix=f"use -{LARGEST:g} to {LARGEST:g} pixels")
    whole, rest = math.floor(abs(pixels)), abs(pixels) % 1.0
    near = _moved(alpha, whole, outwards=pixels > 0)
    if not rest:
        return near
    far = _moved(alpha, whole + 1, outwards=pixels > 0)
    return np.asarray((1.0 - rest) * near + rest * far, np.float32)


def feathered(alpha: Alpha, pixels: float) -> Alpha:
    """Soften the edge over about ``pixels`` on either side of it (a Gaussian of half that deviation).

    Args:
        alpha: H x W float32 0..1; not changed.
        pixels: 0 to 200.

    Raises:
        ArgumentError: negative or too far.
    """
    check_alpha(alpha)
    if not 0.0 <= pixels <= LARGEST:
        raise ArgumentError(f"is {pixels:g}", subject="feather", fix=f"use 0 to {LARGEST:g} pixels")
    if pixels == 0.0:
        return alpha.copy()
    soft = cv2.GaussianBlur(alpha, (0, 0), pixels / 2.0, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(soft, 0.0, 1.0), np.float32)


def _moved(alpha: Alpha, pixels: int, *, outwards: bool) -> Alpha:
    if pixels == 0:
        return alpha.copy()
    # Cut at the frame, people go on beyond it: the frame is no edge of theirs.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    move = cv2.dilate if outwards else cv2.erode
    return np.asarray(move(alpha, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)
