"""Which engine ``auto`` means: the one place where that is decided.

The rule (``evaluation/erase/choice.py``): seams and sharpness near those of the original photographs at every size,
then the smallest kernel distance, then the shortest time; PSNR, SSIM and L1 do not count, as they reward blur. Its
figures stand in ``evaluation/reports/erase.md`` under "What --engine auto should be"; what it names stands here first.
"""

from __future__ import annotations

from cleanplate.inpaint import cra
from cleanplate.inpaint.engine import EngineOptions
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.weights.store import resolve, whereabouts

GENERATED = ("cra", "hybrid")
"""Engines that need a generator."""

PREFERENCE = ("patchmatch",)
"""Engines in the order of the rule. The first whose weights are installed is taken; the last needs none."""


def automatic_engine(options: EngineOptions) -> str:
    """The engine that ``auto`` means for these options.

    Weights that were given decide: a generator with attention scores runs in engine ``cra`` (or ``hybrid``, where that
    is preferred), every other network in ``onnx``. Without weights it is the first of :data:`PREFERENCE` that can run.

    Raises:
        WeightsError: the weights are missing, damaged or refused by their terms.
        DeviceError: the device is not there.
    """
    if options.weights is None:
        ready = any(whereabouts(record) is not None for record in cra.generators())
        return next(name for name in PREFERENCE if ready or name not in GENERATED)
    preferred = next((name for name in PREFERENCE if name in GENERATED), "cra")
    weights = resolve(options.weights)
    if weights.record is not None:
        return preferred if cra.is_generator(weights.record) else "onnx"
    session = SESSIONS.session(weights.path, device=options.device, threads=options.threads)
    return preferred if cra.has_scores(session) else "onnx"
