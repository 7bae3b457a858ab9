"""The methods that are compared: cleanplate's engines and what others offer, all called alike."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Mask

Picture = NDArray[np.uint8]
Method = Callable[[Picture, Mask], Picture]


def cleanplate_patchmatch(picture: Picture, hole: Mask) -> Picture:
    """This project, engine ``patchmatch``."""
    return _erase(picture, hole, "patchmatch")


def cleanplate_telea(picture: Picture, hole: Mask) -> Picture:
    """This project, engine ``telea``."""
    return _erase(picture, hole, "telea")


def cleanplate_cra(picture: Picture, hole: Mask) -> Picture:
    """This project, engine ``cra``."""
    return _erase(picture, hole, "cra")


def cleanplate_hybrid(picture: Picture, hole: Mask) -> Picture:
    """This project, engine ``hybrid``."""
    return _erase(picture, hole, "hybrid")


def _erase(picture: Picture, hole: Mask, engine: str) -> Picture:
    """As the eraser works when ``hole`` is a selection with its grown rim: the ramp at the border lies in that rim."""
    from cleanplate.inpaint.engine import EngineOptions, create_engine
    from cleanplate.runtime.cpu_limits import usable_cores
    from cleanplate.tasks.eraser import SEAM_SHARE, automatic_growth
    from cleanplate.tasks.fill import fill

    ramp = SEAM_SHARE * automatic_growth(hole)
    weights = os.environ.get(WEIGHTS) if f"cleanplate {engine}" in WITH_WEIGHTS else None
    options = EngineOptions(weights=Path(weights)) if weights else EngineOptions()
    filled, _ = fill(picture, hole, create_engine(engine, options), seam=ramp, threads=usable_cores())
    return np.asarray(filled, np.uint8)


def completion_only(picture: Picture, hole: Mask) -> Picture:
    """The low-resolution completion of engine ``patchmatch``, enlarged: this project without levelling and residual."""
    from cleanplate.inpaint.engine import create_engine
    from cleanplate.inpaint.residual import aggregate
    from cleanplate.inpaint.shrink import shrink
    from cleanplate.mask.windows import plan_windows
    from cleanplate.tasks.fill import shrink_factors

    engine = create_engine("patchmatch")
    result = picture.copy()
    left = hole.copy()
    for window in (window for chain in plan_windows(hole, None) for window in chain):
        view, others = result[window.box.slices], left[window.box.slices] & ~window.hole
        factor, _ = shrink_factors(window, engine.working_size)
        small = shrink(view, window.hole, others, factor)
        completion = engine.complete(small.image, small.hole, avoid=small.avoid & ~small.hole, seed=0)
        box, pixels = aggregate(view, window.hole, completion.image.astype(np.float32), factor, None)
        inside = window.hole[box.slices]
        view[box.slices][inside] = pixels[inside]
        left[window.box.slices] &= ~window.hole
    return result


def pypatchmatch(picture: Picture, hole: Mask) -> Picture:
    """PyPatchMatch on the whole picture, with its default patch."""
    import patchmatch

    patchmatch.set_random_seed(0)
    return np.asarray(patchmatch.inpaint(picture, hole.view(np.uint8)), np.uint8)


def opencv_telea(picture: Picture, hole: Mask) -> Picture:
    """OpenCV's Telea, radius 3."""
    return np.asarray(cv2.inpaint(picture, hole.view(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)


def opencv_navier_stokes(picture: Picture, hole: Mask) -> Picture:
    """OpenCV's Navier-Stokes, radius 3."""
    return np.asarray(cv2.inpaint(picture, hole.view(np.uint8), 3, cv2.INPAINT_NS), np.uint8)


def biharmonic(picture: Picture, hole: Mask) -> Picture:
    """scikit-image's biharmonic equations."""
    from skimage.restoration import inpaint_biharmonic

    filled: NDArray[Any] = inpaint_biharmonic(picture, hole, channel_axis=-1)
    return np.asarray(np.clip(np.rint(filled * 255), 0, 255), np.uint8)


METHODS: dict[str, Method] = {
    "cleanplate patchmatch": cleanplate_patchmatch,
    "cleanplate cra": cleanplate_cra,
    "cleanplate hybrid": cleanplate_hybrid,
    "cleanplate telea": cleanplate_telea,
    "completion only": completion_only,
    "PyPatchMatch, whole picture": pypatchmatch,
    "OpenCV Telea": opencv_telea,
    "OpenCV Navier-Stokes": opencv_navier_stokes,
    "scikit-image biharmonic": biharmonic,
}
"""Name in reports to the method; each returns a new picture."""

WITH_WEIGHTS = ("cleanplate cra", "cleanplate hybrid")
"""Methods that run a network, whose weights are chosen by :data:`WEIGHTS`."""

WEIGHTS = "CLEANPLATE_EVALUATED_WEIGHTS"
"""Environment variable with the file of a generator; what is installed if it is not set."""
