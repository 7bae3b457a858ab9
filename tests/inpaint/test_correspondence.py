"""The search for sources: right, allowed, coherent."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.inpaint.correspondence import STRIDE, search
from cleanplate.inpaint.engine import create_engine
from tests.inpaint.pictures import disc, gravel


def _sources(offsets: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres that patches with an offset come from."""
    rows, columns = np.nonzero(offsets.any(axis=2))
    found = offsets[rows, columns]
    y = np.minimum(rows * STRIDE, height - 1) + found[:, 0]
    return y, np.minimum(columns * STRIDE, width - 1) + found[:, 1]


def test_finds_the_place_a_patch_was_copied_from() -> None:
    image, hole = gravel(80, 120), disc(80, 120, (80, 40), 10)
    image[:, 60:] = image[:, :60]  # the right half repeats the left: the hole's twin is 60 columns to the left
    found = search(image, hole, np.zeros_like(hole))
    assert found is not None
    rows, columns = np.nonzero(found.offsets.any(axis=2))
    assert (found.offsets[rows, columns] == (0, -60)).all(axis=1).mean() > 0.95


@settings(max_examples=25)
@given(
    height=st.integers(24, 70),
    width=st.integers(24, 70),
    x=st.integers(0, 69),
    y=st.integers(0, 69),
    radius=st.integers(1, 14),
    forbidden=st.integers(0, 69),
)
def test_sources_are_known_and_allowed(height: int, width: int, x: int, y: int, radius: int, forbidden: int) -> None:
    image, hole = gravel(height, width), disc(height, width, (x % width, y % height), radius)
    avoid = np.zeros_like(hole)
    avoid[:, forbidden % width : forbidden % width + 6] = True
    found = search(image, hole, avoid)
    if found is None:
        return
    source_y, source_x = _sources(found.offsets, height, width)
    unknown = hole | avoid
    for down in range(-STRIDE, STRIDE):  # all cells that are copied with the patch
        for right in range(-STRIDE, STRIDE):
            assert not unknown[source_y + down, source_x + right].any()


def test_every_cell_of_the_hole_is_covered() -> None:
    image, hole = gravel(64, 64), disc(64, 64, (2, 61), 9)
    found = search(image, hole, np.zeros_like(hole))
    assert found is not None
    y, x = np.nonzero(hole)
    for down in (0, 1):
        for right in (0, 1):
            assert found.offsets[y // STRIDE + down, x // STRIDE + right].any(axis=1).all()


def test_nothing_known_is_said() -> None:
    image, hole = gravel(12, 12), disc(12, 12, (6, 6), 5)
    assert search(image, hole, np.zeros_like(hole)) is None


def test_neighbours_mostly_share_a_source() -> None:
    image, hole = gravel(96, 96, seed=3), disc(96, 96, (48, 48), 16)
    none = np.zeros_like(hole)
    found = search(create_engine("patchmatch").complete(image, hole, avoid=none, seed=0).image, hole, none)
    assert found is not None
    wanted = found.offsets.any(axis=2)
    beside = wanted[:, 1:] & wanted[:, :-1]
    same = (found.offsets[:, 1:] == found.offsets[:, :-1]).all(axis=2)
    assert same[beside].mean() > 0.6


def test_a_smooth_completion_does_not_repeat_the_smoothest_place() -> None:
    """An even disc in grain: compared as a whole, most of its patches would come from a few places."""
    rng = np.random.default_rng(3)
    image = np.clip(150 + rng.normal(0, 9, (96, 96, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    hole = disc(96, 96, (48, 48), 20)
    image[hole] = 150

    def repeated(*, smooth: bool) -> float:
        """Share of grid points that take their detail from the same place as the next but one."""
        found = search(image, hole, np.zeros_like(hole), smooth=smooth)
        assert found is not None
        place = np.stack(np.indices(found.offsets.shape[:2]), axis=2) * STRIDE + found.offsets
        wanted = found.offsets.any(axis=2)
        apart = np.abs(place[:, 2:] - place[:, :-2]).max(axis=2)[wanted[:, 2:] & wanted[:, :-2]]
        return float((apart <= 1).mean())

    assert repeated(smooth=False) > 0.3
    assert repeated(smooth=True) < 0.02
    assert (image[hole] == 150).all()
