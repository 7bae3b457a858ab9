"""Holes in people, such as a patterned coat that the matting network lost, closed where a detector is sure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cleanplate.types import Alpha

_BODY = 0.5
_SHARED = 0.6
"""Share of a body that the matte must show already: somebody it hardly sees is a decision, not a hole."""
_DOUBT, _CERTAIN = 0.8, 0.97
"""How sure the detector must be of a place for alpha to rise there at all, and to rise to 1. The masks are coarse, so
boundaries, where a cell is never certain, stay those of the matte."""


def filled(alpha: Alpha, bodies: Iterable[Alpha]) -> Alpha:
    """``alpha`` raised to where a detector is certain of the inside of somebody whom it shows in the main.

    Args:
        alpha: h x w float32, 0..1; not changed.
        bodies: of each person found, how likely each place belongs to them, h x w float32, 0..1.

    Returns:
        A new alpha, nowhere below the old one.
    """
    result = alpha.copy()
    seen = alpha > _BODY
    for body in bodies:
        inside = body > _BODY
        area = np.count_nonzero(inside)
        if area and np.count_nonzero(seen & inside) >= _SHARED * area:
            np.maximum(result, np.clip((body - _DOUBT) / (_CERTAIN - _DOUBT), 0.0, 1.0), out=result)
    return result
