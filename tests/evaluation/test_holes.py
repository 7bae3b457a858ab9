from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import ArgumentError
from evaluation.holes import KINDS, TOLERANCE, make_hole


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("share", [0.02, 0.10, 0.25])
@pytest.mark.parametrize(("height", "width"), [(300, 512), (512, 300), (2160, 3840)])
def test_a_hole_has_the_wanted_area(kind: str, share: float, height: int, width: int) -> None:
    for seed in range(3):
        hole = make_hole(kind, height, width, share=share, seed=seed)
        assert hole.shape == (height, width)
        assert hole.dtype == np.bool_
        assert hole.mean() == pytest.approx(share, rel=TOLERANCE)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_seed_decides(kind: str) -> None:
    first, again, other = (make_hole(kind, 200, 300, share=0.1, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="silhouette"):
        make_hole("star", 100, 100, share=0.1, seed=0)
    with pytest.raises(ArgumentError, match="share"):
        make_hole("box", 100, 100, share=0.9, seed=0)
