"""Is the filled area as sharp as what surrounds it?

High-frequency energy is the mean square of the luminance minus its Gaussian blur (sigma 1 pixel). *Sharpness* is that
energy inside the hole divided by that in a ring of known ground around it; 1 = as sharp as the surroundings, near 0 =
blurred away. What was under the hole may rightly differ from its ring, so compare with the figure of the original
photograph.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from cleanplate.types import Image, Mask, check_image, check_mask

_MARGIN = 3
_LEAST_RING = 16
_QUANTISATION = 1 / 12
"""Energy of rounding to 8-bit levels, added to both sides so that flat skies stay near 1."""


def sharpness(picture: Image, hole: Mask) -> float:
    """High-frequency energy in ``hole`` against its ring; see the module for the definition.

    Args:
        picture: H x W x 3 uint8 or uint16, filled.
        hole: H x W bool, what was filled.

    Returns:
        The ratio of energies.

    Raises:
        ArrayError: a contract is broken, or hole or ring are too thin to measure (within 3 pixels of the border).
    """
    check_image(picture)
    check_mask(hole, like=picture, name="hole")
    detail = _high_frequencies(picture)
    outside = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    reach = max(_LEAST_RING, 0.25 * np.sqrt(np.count_nonzero(hole)))
    ring = (outside > _MARGIN) & (outside <= _MARGIN + reach)
    core = inside > _MARGIN
    if not core.any() or not ring.any():
        raise ArrayError("is too thin, or its surroundings are", subject="hole")
    energies = [float(np.mean(np.square(detail[where]))) + _QUANTISATION for where in (core, ring)]
    return energies[0] / energies[1]


def _high_frequencies(picture: Image) -> NDArray[np.float32]:
    levels = np.asarray(picture, np.float32) / (1 if picture.dtype == np.uint8 else 257)
    luminance = np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY), np.float32)
    return np.asarray(luminance - cv2.GaussianBlur(luminance, (0, 0), 1.0), np.float32)
