"""The methods that are compared: cleanplate's engines and what others offer, all called alike."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
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


def _erase(picture: Picture, hole: Mask, engine: str) -> Picture:
    """As the eraser works when ``hole`` is a selection with its grown rim: the ramp at the border lies in that rim."""
    from cleanplate.inpaint.engine import create_engine
    from cleanplate.runtime.cpu_limits import usable_cores
    from cleanplate.tasks.eraser import SEAM_SHARE, automatic_growth
    from cleanplate.tasks.fill import fill

    ramp = SEAM_SHARE * automatic_growth(hole)
    filled, _ = fill(picture, hole, create_engine(engine), seam=ramp, threads=usable_cores())
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
    "cleanplate telea": cleanplate_telea,
    "completion only": completion_only,
    "PyPatchMatch, whole picture": pypatchmatch,
    "OpenCV Telea": opencv_telea,
    "OpenCV Navier-Stokes": opencv_navier_stokes,
    "scikit-image biharmonic": biharmonic,
}
"""Name in reports to the method; each returns a new picture."""


@dataclass
class TimeLimit:
    """Runs methods in processes of their own that are ended after ``seconds``.

    A method that did not finish a hole is not tried on holes that are no smaller in a picture that is no smaller.
    """

    seconds: float
    gave_up: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def run(self, name: str, picture: Picture, hole: Mask) -> tuple[Picture, float] | None:
        """The filled picture and the seconds it took inside its process, or None if that is too long."""
        work = picture.shape[0] * picture.shape[1], int(np.count_nonzero(hole))
        if any(work[0] >= pixels and work[1] >= holes for pixels, holes in self.gave_up.get(name, [])):
            return None
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, name, picture, hole), daemon=True)
        process.start()
        theirs.close()
        try:
            if ours.poll(self.seconds + _STARTING_SECONDS):
                answer: tuple[Picture, float] = ours.recv()
                if answer[1] <= self.seconds:
                    return answer
            self.gave_up.setdefault(name, []).append(work)
            return None
        finally:
            process.terminate()
            process.join()


_STARTING_SECONDS = 5.0


def _serve(answer_to: Connection, name: str, picture: Picture, hole: Mask) -> None:
    started = time.perf_counter()
    filled = METHODS[name](picture, hole)
    answer_to.send((filled, time.perf_counter() - started))
