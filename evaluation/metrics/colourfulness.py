"""Colourfulness of one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.types import check_image


def colourfulness(image: NDArray[Any]) -> float:
    """Metric M3 of Hasler and Suesstrunk, "Measuring colorfulness in natural images" (SPIE 5007, 2003).

    0 for grey pictures; by the authors' survey about 15 is slightly, 33 moderately, 59 quite and 109 extremely
    colourful. 16-bit pictures are measured on the 8-bit scale.

    Args:
        image: RGB, uint8 or uint16, H x W x 3.

    Raises:
        ArrayError: not such a picture.
    """
    check_image(image)
    red, green, blue = np.moveaxis(image.astype(np.float64) * (255 / np.iinfo(image.dtype).max), -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    spread, offset = (np.linalg.norm(v) for v in (opponents.std(axis=1), opponents.mean(axis=1)))
    return float(spread + 0.3 * offset)
