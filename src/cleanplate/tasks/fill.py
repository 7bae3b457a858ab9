"""Windows and residual: fill a hole of a photograph at full resolution.

The one place that joins window planning, shrinking, completion, residual aggregation and seam; erasing uses it, and
so can every task that fills something. Contextual residual aggregation, arXiv 2005.09704.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from cleanplate.compose.seam import feather, paste
from cleanplate.inpaint.correspondence import search
from cleanplate.inpaint.engine import Engine
from cleanplate.inpaint.membrane import levelled
from cleanplate.inpaint.residual import aggregate
from cleanplate.inpaint.shrink import shrink
from cleanplate.mask.windows import Window, plan_windows
from cleanplate.types import Box, Image, Mask

Progress = Callable[[int, int], None]
"""Called with the number of windows done and their total."""


@dataclass(frozen=True)
class WindowReport:
    """What was done in one window.

    Attributes:
        box: the window, in pixels of the picture.
        factor: how many pixels a cell of the small picture spans.
        hole_pixels: pixels filled.
        detail: whether detail could be carried over (False where nothing known was near).
        seconds: time by step: shrink, complete, search, level, aggregate.
    """

    box: Box
    factor: int
    hole_pixels: int
    detail: bool
    seconds: dict[str, float] = field(default_factory=dict)


def fill(
    image: Image,
    hole: Mask,
    engine: Engine,
    *,
    avoid: Mask | None = None,
    seed: int = 0,
    seam: float = 2.0,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Image, list[WindowReport]]:
    """Fill ``hole``.

    Args:
        image: H x W x 3 uint8 or uint16; not changed.
        hole: H x W bool; every pixel that may change.
        engine: completes the small pictures.
        avoid: H x W bool, never a source.
        seed: chooses among equally good fills.
        seam: width of the ramp at the hole's border, in pixels, inside the hole.
        threads: windows filled at a time; the result does not depend on it.
        progress: told after each window.

    Returns:
        A new picture, equal to ``image`` outside ``hole`` bit for bit, and a report for each window, largest first.

    Raises:
        EngineError: the engine failed.
    """
    windows = plan_windows(hole, avoid)
    result = image.copy()

    def work(window: Window) -> WindowReport:
        excluded = window.others if avoid is None else window.others | (avoid[window.box.slices] & ~window.hole)
        return _fill_window(image, result, window, excluded, engine, seed, seam)

    reports: list[WindowReport] = []
    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(windows)))) as pool:
        for report in pool.map(work, windows):
            reports.append(report)
            if progress is not None:
                progress(len(reports), len(windows))
    return result, reports


def _fill_window(
    image: Image, result: Image, window: Window, avoid: Mask, engine: Engine, seed: int, seam: float
) -> WindowReport:
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal started
        now = time.perf_counter()
        seconds[step], started = now - started, now

    view = image[window.box.slices]
    factor = shrink_factor(window, engine.working_size)
    small = shrink(view, window.hole, avoid, factor)
    lap("shrink")
    completion = engine.complete(small.image, small.hole, avoid=small.avoid & ~small.hole, seed=seed)
    lap("complete")
    detail = completion.correspondence
    if detail is None:
        detail = search(completion.image, small.hole, small.avoid)
    lap("search")
    completed = levelled(completion.image, small.mean, small.hole, small.avoid, detail)
    lap("level")
    box, filled = aggregate(view, window.hole, completed, factor, detail)
    alpha = feather(window.hole, seam)[box.slices]
    paste(result[window.box.slices], filled, alpha, box)
    lap("aggregate")
    return WindowReport(window.box, factor, int(np.count_nonzero(window.hole)), detail is not None, seconds)


def shrink_factor(window: Window, working_size: int) -> int:
    """Whole factor that brings the window's long side to at most ``working_size``."""
    return max(1, math.ceil(max(window.box.width, window.box.height) / working_size))
