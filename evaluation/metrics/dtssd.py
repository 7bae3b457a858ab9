"""Temporal error of video mattes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cleanplate.errors import ArgumentError
from cleanplate.types import Alpha
from evaluation.metrics.mattes import band_of


def dtssd(predicted: Iterable[Alpha], truth: Iterable[Alpha]) -> float:
    """Mean over frame pairs of the root mean square difference between the two mattes' changes in time (0 = equal).

    Erofeev et al., "Perceptually Motivated Benchmark for Video Matting" (BMVC 2015), normalised by the number of
    pixels; published tables often give it times 100. A matte that is wrong but steady scores well: read it beside
    :func:`~evaluation.metrics.mad.mad`. Frames are taken one by one, so a long clip may come from generators.

    Args:
        predicted: alphas of successive frames, float32 H x W each.
        truth: alphas of the same frames.

    Raises:
        ArrayError: an array breaks the Alpha contract, or sizes differ.
        ArgumentError: fewer than two frames, or clips of different lengths.
    """
    changes: list[float] = []
    before: tuple[Alpha, Alpha] | None = None
    try:
        for frame, true_frame in zip(predicted, truth, strict=True):
            band_of(frame, true_frame, None)
            if before is not None:
                band_of(frame, before[0], None)
                change = (frame.astype(np.float64) - before[0]) - (true_frame.astype(np.float64) - before[1])
                changes.append(float(np.sqrt(np.mean(np.square(change)))))
            before = (frame, true_frame)
    except ValueError as error:
        raise ArgumentError("has another number of frames than the truth", subject="clip") from error
    if not changes:
        raise ArgumentError("needs at least two frames", subject="clip")
    return float(np.mean(changes))
