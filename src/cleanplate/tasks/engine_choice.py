"""Which engine ``auto`` means: the one place where that is decided.

The rule (``evaluation/erase/choice.py``): seams and sharpness near those of the original photographs at every size,
then the smallest kernel distance, then the shortest time; PSNR, SSIM and L1 do not count, as they reward blur. Its
figures stand in ``evaluation/reports/erase.md`` under "What --engine auto should be"; what it names stands here first.
"""

from __future__ import annotations

from pathlib import Path

from cleanplate.inpaint.engine import EngineOptions

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
        return next(name for name in PREFERENCE if name not in GENERATED or _generator_installed())
    return _engine_for(options.weights, options)


def _generator_installed() -> bool:
    from cleanplate.inpaint import cra
    from cleanplate.weights.store import whereabouts

    return any(whereabouts(record) is not None for record in cra.generators())


def _engine_for(given: Path, options: EngineOptions) -> str:
    """The engine for weights that were given."""
    # Imported here: most calls give none, and start faster without.
    from cleanplate.inpaint import cra
    from cleanplate.runtime.session_cache import SESSIONS
    from cleanplate.weights.store import resolve

    weights = resolve(given)
    if weights.record is not None:
        generator = cra.is_generator(weights.record)
    else:
        session = SESSIONS.session(weights.path, device=options.device, threads=options.threads)
        generator = cra.has_scores(session)
    return next((name for name in PREFERENCE if name in GENERATED), "cra") if generator else "onnx"
