"""Engine ``telea``: fast marching (A. Telea, An Image Inpainting Technique Based on the Fast Marching Method, 2004).

Smooth continuation of the border, from OpenCV. Right for slivers and where nothing is known but a thin rim; larger
holes come out blurred.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.inpaint.engine import Completion, EngineOptions, SmallImage, check_no_network
from cleanplate.types import Mask

_RADIUS = 3.0


@dataclass(frozen=True)
class Telea:
    """Fast-marching engine; ``avoid`` is filled along with the hole and then put back, so it is never a source."""

    name: str = "telea"
    device: str = "cpu"
    working_size: int = 512
    notes: tuple[str, ...] = ()

    def complete(self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill the hole; see :class:`cleanplate.inpaint.engine.Engine`. ``seed`` changes nothing."""
        unknown = hole | avoid
        if unknown.all():
            unknown = hole
        filled = cv2.inpaint(image, unknown.astype(np.uint8), _RADIUS, cv2.INPAINT_TELEA)
        return Completion(np.where(hole[..., None], filled, image))


def create(options: EngineOptions) -> Telea:
    """Build the engine; it has no options.

    Raises:
        DeviceError: another device than the CPU was asked for.
        ArgumentError: weights were given.
    """
    check_no_network(options, "telea")
    return Telea()
