"""Engine ``hybrid``: structure from the generator, texture from the photo.

The generator (:mod:`cleanplate.inpaint.cra`) paints what the hole should show, softly; patch search
(:mod:`cleanplate.inpaint.patchmatch`) then builds the hole anew from patches of the photo, charging each patch also for
the difference between the generator's colour at its old and at its new place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint import cra, patchmatch
from cleanplate.inpaint.cra import Cra
from cleanplate.inpaint.engine import Completion, EngineOptions, SmallImage
from cleanplate.inpaint.patchmatch import Guide, PatchMatch
from cleanplate.types import Mask

_BLUR = 2.0
"""Standard deviation, in pixels of the small picture, below which the generator's detail is not asked for."""


@dataclass(frozen=True)
class Hybrid:
    """A generator whose fill guides patch search.

    Attributes:
        generator: paints the guide.
        search: finds the patches.
        weight: of the guide, against the difference of patches.
        device: that the generator really runs on.
        notes: remarks for the user.
    """

    generator: Cra
    search: PatchMatch
    weight: float = 0.05
    device: str = "cpu"
    notes: tuple[str, ...] = ()
    name: str = "hybrid"
    working_size: int = 192

    def complete(self, image: SmallImage, hole: Mask, *, avoid: Mask, seed: int) -> Completion:
        """Fill the hole; see :class:`cleanplate.inpaint.engine.Engine`."""
        made = self.generator.generate(image, hole, avoid=avoid)
        guide = Guide(guide_map(made.image, hole | avoid), self.weight)
        return self.search.complete(image, hole, avoid=avoid, seed=seed, guide=guide)


def guide_map(picture: NDArray[np.float32], unknown: Mask) -> NDArray[np.float32]:
    """The two colour axes along which the known picture varies most, blurred, each within 0..0.5.

    Args:
        picture: h x w x 3 float32 in 8-bit levels, completed.
        unknown: h x w bool, what does not count for the axes.

    Returns:
        h x w x 2 float32.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), _BLUR)
    known = soft[~unknown] if not unknown.all() else soft.reshape(-1, 3)
    mean = known.mean(axis=0)
    _, _, axes = np.linalg.svd(np.cov((known - mean).T.astype(np.float64)) + 1e-6 * np.eye(3))
    values = (soft - mean) @ axes[:2].T.astype(np.float32)
    return np.asarray(np.clip(values / np.float32(1024.0) + 0.25, 0.0, 0.5), np.float32)


def create(options: EngineOptions) -> Hybrid:
    """Build the engine; its weights are those of engine ``cra``.

    Raises:
        EngineError: no weights, a network that is no generator, or PyPatchMatch did not load.
        WeightsError: the weights are missing, damaged or refused by their terms.
        DeviceError: the device is not there.
    """
    generator = cra.create(options)
    search = patchmatch.create(replace(options, device="auto", weights=None))
    return Hybrid(generator, search, device=generator.device, notes=generator.notes)
