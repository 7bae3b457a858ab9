"""Alpha of the unknown band of a trimap, solved from the colours: closed-form and KNN matting.

Closed form: in small windows alpha is a linear function of colour (Levin, Lischinski, Weiss, TPAMI 2008). KNN: pixels
of like colour and place have like alpha (Chen, Li, Tang, TPAMI 2013). Both are sparse linear systems; the library
pymatting sets them up and solves them. It compiles its inner loops when it is imported for the first time (about a
minute, kept on disk from then on), so it is an extra and is imported only when it is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, ArrayError, EngineError, MissingExtraError
from cleanplate.matting.trimap import unknown
from cleanplate.types import Alpha, Box, Image, check_image

Solver = Literal["closed-form", "knn"]
SOLVERS: tuple[Solver, ...] = get_args(Solver)

_MARGIN = 8
"""Pixels of known ground around the band that the system sees."""


def solved(image: Image, known: NDArray[np.float32], *, solver: Solver = "closed-form") -> Alpha:
    """Solve for alpha where a trimap leaves it open.

    Args:
        image: H x W x 3 RGB, uint8 or uint16; not changed. Time grows with the pixels of the band: about a second and a
            half for 20,000 of them, so give it pictures of half a megapixel and enlarge the result.
        known: H x W float32 trimap, see :func:`cleanplate.matting.trimap.trimap`; not changed.
        solver: which method.

    Returns:
        H x W float32 0..1, equal to the trimap outside its band. Without known people, or without known background,
        colours say nothing: the trimap itself, its band at one half.

    Raises:
        ArrayError: the arrays break their contracts or differ in size.
        ArgumentError: an unknown solver.
        MissingExtraError: pymatting is not installed.
        EngineError: the system could not be solved.
    """
    check_image(image)
    if known.shape != image.shape[:2] or known.dtype != np.float32:
        raise ArrayError("must be float32 of the size of the picture", subject="trimap")
    if solver not in SOLVERS:
        raise ArgumentError(f"must be one of {', '.join(SOLVERS)}, not {solver!r}", subject="solver")
    band = unknown(known)
    alpha = known.copy()
    if not band.any() or not (known == 0).any() or not (known == 1).any():
        return alpha
    estimate, preconditioner = _estimator(solver)
    box = _around(band)
    if not ((known[box.slices] == 0).any() and (known[box.slices] == 1).any()):
        box = Box(0, 0, known.shape[1], known.shape[0])
    colours = image[box.slices].astype(np.float64) / np.iinfo(image.dtype).max
    try:
        found: Any = estimate(colours, known[box.slices].astype(np.float64), preconditioner=preconditioner)
    except (ValueError, RuntimeError) as error:
        raise EngineError(f"could not be solved: {error}", subject=f"{solver} matting") from error
    inside = np.clip(found, 0.0, 1.0).astype(np.float32)
    alpha[box.slices] = np.where(band[box.slices], inside, known[box.slices])
    return alpha


def _estimator(solver: Solver) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The method, and what speeds up its solver: the library's first choice for that prints into standard output."""
    # The compiler of pymatting tells every pass of its work to whoever logs everything.
    logging.getLogger("numba").setLevel(logging.WARNING)
    try:
        if solver == "closed-form":
            from pymatting.alpha.estimate_alpha_cf import estimate_alpha_cf as estimate
        else:
            from pymatting.alpha.estimate_alpha_knn import estimate_alpha_knn as estimate
        from pymatting.preconditioner.jacobi import jacobi
    except ImportError:
        fix = "pip install 'cleanplate[trimap]'"
        raise MissingExtraError("needs pymatting", subject=f"{solver} matting", fix=fix) from None
    return cast("Callable[..., Any]", estimate), cast("Callable[..., Any]", jacobi)


def _around(band: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(band.any(axis=1)), np.flatnonzero(band.any(axis=0))
    box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return box.grown(_MARGIN).clipped(*band.shape)
