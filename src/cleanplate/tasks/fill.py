"""Windows and residual: fill a hole of a photograph at full resolution.

The one place that joins window planning, shrinking, completion, residual aggregation and seam; erasing uses it, and
so can every task that fills something. Contextual residual aggregation, arXiv 2005.09704.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from cleanplate.compose.seam import feather, paste
from cleanplate.inpaint.attention import Attention, aggregate_attended
from cleanplate.inpaint.correspondence import Correspondence, search
from cleanplate.inpaint.engine import Engine
from cleanplate.inpaint.membrane import FEW_ITERATIONS, ITERATIONS, levelled, without_erased
from cleanplate.inpaint.residual import aggregate
from cleanplate.inpaint.shrink import Shrunk, shrink, touched_cells
from cleanplate.mask.windows import Chain, Window, plan_windows
from cleanplate.types import Alpha, Box, Image, Mask

_FACTOR_TO_DIVIDE = 6

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
        seconds: time by step: shrink, complete, search, finer, level, aggregate.
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
    chains: Sequence[Chain] | None = None,
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
        chains: windows of ``hole`` and ``avoid`` where they are planned already.
        seed: chooses among equally good fills.
        seam: width of the ramp at the hole's border, in pixels, inside the hole.
        threads: chains of windows filled at a time; the result does not depend on it.
        progress: told after each window.

    Returns:
        A new picture, equal to ``image`` outside ``hole`` bit for bit, and a report for each window, largest first.

    Raises:
        EngineError: the engine failed.
    """
    chains = plan_windows(hole, avoid) if chains is None else chains
    total = sum(len(chain) for chain in chains)
    result = image.copy()

    def work(chain: Chain) -> list[WindowReport]:
        return _fill_chain(image, result, chain, avoid, engine, seed, seam)

    reports: list[WindowReport] = []
    with ThreadPoolExecutor(max_workers=max(1, min(threads, len(chains)))) as pool:
        for done in pool.map(work, chains):
            reports += done
            if progress is not None:
                progress(len(reports), total)
    return result, reports


def _fill_chain(
    image: Image, result: Image, chain: Chain, avoid: Mask | None, engine: Engine, seed: int, seam: float
) -> list[WindowReport]:
    """Fill the windows of a chain in turn; each takes what those before it filled for known."""
    # Of one window nothing is known but the picture; of several, a copy of the part that they lie in.
    around = reduce(Box.union, (window.box for window in chain))
    known = image[around.slices] if len(chain) == 1 else image[around.slices].copy()
    filled = None if len(chain) == 1 else np.zeros(known.shape[:2], np.bool_)
    reports = []
    for window in chain:
        inside = window.box.shifted(-around.left, -around.top).slices
        pending = window.others if filled is None else window.others & ~filled[inside]
        excluded = pending if avoid is None else pending | (avoid[window.box.slices] & ~window.hole)
        report, box, pixels = _fill_window(known[inside], window, pending, excluded, engine, seed)
        alpha = _ramp(window, box, seam)
        paste(result[window.box.slices], pixels, alpha, box)
        if filled is not None:
            paste(known[inside], pixels, alpha, box)
            filled[inside] |= window.hole
        reports.append(report)
    return reports


def _ramp(window: Window, box: Box, seam: float) -> Alpha:
    """Weight of the fill in ``box`` of a window: ramps lie at the border of the hole, not where pieces of it meet."""
    around = box.grown(math.ceil(seam) + 2).clipped(window.box.height, window.box.width)
    hole = window.hole[around.slices] | window.others[around.slices]
    inner = box.shifted(-around.left, -around.top)
    return np.where(window.hole[box.slices], feather(hole, seam)[inner.slices], np.float32(0.0))


def _fill_window(
    view: Image, window: Window, pending: Mask, excluded: Mask, engine: Engine, seed: int
) -> tuple[WindowReport, Box, Image]:
    """Fill one window; the box around its hole and the pixels in that box."""
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal started
        now = time.perf_counter()
        seconds[step], started = now - started, now

    factor, finer = shrink_factors(window, engine.working_size)
    small = shrink(view, window.hole, excluded, factor)
    while small.hole.all():
        factor, finer = max(1, factor // 2), 1
        small = shrink(view, window.hole, excluded, factor)
    lap("shrink")
    completion = engine.complete(small.image, small.hole, avoid=small.avoid & ~small.hole, seed=seed)
    lap("complete")
    completed, detail = completion.image, completion.correspondence
    if isinstance(detail, Attention):
        levels = _known_kept(completed, small, pending, factor)
        box, pixels = aggregate_attended(view, window.hole, small.hole | small.avoid, levels, factor, detail)
        lap("aggregate")
        return _report(window, factor, detail=True, seconds=seconds), box, pixels
    if detail is None:
        detail = search(completed, small.hole, small.avoid, smooth=completion.smooth)
    lap("search")
    if finer > 1 and detail is not None:
        fine = shrink(view, window.hole, excluded, factor // finer)
        completed = _enlarge_completion(completed, small, fine, detail)
        small, factor = fine, factor // finer
        detail = search(completed, small.hole, small.avoid, start=detail, smooth=completion.smooth)
        lap("finer")
    levels = levelled(
        completed, small.mean, small.hole, small.avoid, detail, iterations=FEW_ITERATIONS if finer > 1 else ITERATIONS
    )
    if pending.any():
        levels = without_erased(levels, touched_cells(pending, factor) & ~small.hole)
    lap("level")
    box, pixels = aggregate(view, window.hole, levels, factor, detail)
    lap("aggregate")
    return _report(window, factor, detail=detail is not None, seconds=seconds), box, pixels


def _report(window: Window, factor: int, *, detail: bool, seconds: dict[str, float]) -> WindowReport:
    return WindowReport(window.box, factor, int(np.count_nonzero(window.hole)), detail, seconds)


def _known_kept(completed: NDArray[np.uint8], small: Shrunk, pending: Mask, factor: int) -> NDArray[np.float32]:
    """The completion with the unrounded known cells around it, and nothing of what is still to be erased."""
    levels = np.where(small.hole[..., None], completed, small.mean).astype(np.float32)
    return without_erased(levels, touched_cells(pending, factor) & ~small.hole) if pending.any() else levels


def _enlarge_completion(
    completed: NDArray[np.uint8], small: Shrunk, fine: Shrunk, detail: Correspondence
) -> NDArray[np.uint8]:
    """The completion of ``small`` at the size of ``fine``, with the detail of that size."""
    levels = levelled(completed, small.mean, small.hole, small.avoid, detail)
    box, pixels = aggregate(fine.image, fine.hole, levels, small.factor // fine.factor, detail)
    larger = fine.image.copy()
    inside = fine.hole[box.slices]
    larger[box.slices][inside] = pixels[inside]
    return larger


def shrink_factors(window: Window, working_size: int) -> tuple[int, int]:
    """Whole factor that brings the window's long side to at most ``working_size``, and how it is divided.

    A factor of six or more is even: sources are then searched once more at half of it, where they can be told apart
    better. Completion itself is best at the small size, where it sees structure and not texture.
    """
    factor = math.ceil(max(window.box.width, window.box.height) / working_size)
    if factor < _FACTOR_TO_DIVIDE:
        return max(1, factor), 1
    return factor + factor % 2, 2
