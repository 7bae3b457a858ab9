"""The seam between what was and what was filled in."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.types import Alpha, Box, Image, Mask


def feather(hole: Mask, width: float) -> Alpha:
    """Ramp from 0 outside the hole to 1 at ``width`` pixels inside it.

    The ramp lies inside the hole, so nothing outside changes; the border of the picture is no border of the hole.

    Args:
        hole: H x W bool.
        width: pixels; 0 gives a hard edge.

    Returns:
        H x W float32, 0..1.
    """
    if width <= 0:
        return hole.astype(np.float32)
    distance = cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.asarray(np.minimum(distance / (width + 1.0), 1.0), np.float32)


def paste(target: Image, filled: Image, alpha: Alpha, box: Box) -> None:
    """Blend ``filled`` into ``target`` inside ``box``, in place; where ``alpha`` is 0 the bits stay.

    Args:
        target: H x W x 3, uint8 or uint16; a result under construction, not an input.
        filled: box-sized, same dtype.
        alpha: box-sized, weight of ``filled``.
        box: where in ``target``.
    """
    region = target[box.slices]
    inside = alpha >= 1.0
    rim = (alpha > 0.0) & ~inside
    weight = alpha[rim][:, None]
    blended = np.rint(weight * filled[rim] + (1.0 - weight) * region[rim]).astype(target.dtype)
    region[...] = cv2.copyTo(filled, inside.view(np.uint8), region.copy())
    region[rim] = blended
