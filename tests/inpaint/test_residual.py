"""Shrinking and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.inpaint.correspondence import STRIDE, Correspondence, search
from cleanplate.inpaint.residual import aggregate, base_of, enlarged
from cleanplate.inpaint.shrink import shrink
from cleanplate.types import Box
from tests.inpaint.pictures import disc, gravel


@settings(max_examples=40)
@given(height=st.integers(1, 50), width=st.integers(1, 50), factor=st.integers(1, 9), wide=st.booleans())
def test_cells_are_means_of_their_pixels(height: int, width: int, factor: int, wide: bool) -> None:
    image = gravel(height, width, dtype=np.uint16 if wide else np.uint8)
    none = np.zeros((height, width), np.bool_)
    small = shrink(image, none, none, factor)
    assert small.mean.shape == (-(-height // factor), -(-width // factor), 3)
    first = image[:factor, :factor].astype(np.float64) / (257 if wide else 1)
    if first.shape[:2] == (factor, factor):
        assert np.allclose(small.mean[0, 0], first.mean(axis=(0, 1)), atol=0.01)
    assert np.abs(small.image - small.mean).max() <= 0.5 + 1e-5


def test_erased_colours_do_not_reach_known_cells() -> None:
    image, hole = gravel(90, 90), disc(90, 90, (45, 45), 20)
    other = image.copy()
    other[hole] = 255 - other[hole]
    none = np.zeros_like(hole)
    one, two = shrink(image, hole, none, 4), shrink(other, hole, none, 4)
    assert (one.hole == two.hole).all()
    assert (one.mean[~one.hole] == two.mean[~two.hole]).all()


@settings(max_examples=40)
@given(height=st.integers(1, 60), width=st.integers(1, 60), factor=st.integers(1, 8), seed=st.integers(0, 9))
def test_every_touched_cell_counts_as_hole(height: int, width: int, factor: int, seed: int) -> None:
    hole = np.random.default_rng(seed).random((height, width)) < 0.05
    small = shrink(gravel(height, width), hole, np.zeros_like(hole), factor)
    expected = np.zeros_like(small.hole)
    y, x = np.nonzero(hole)
    expected[y // factor, x // factor] = True
    assert (small.hole == expected).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_enlarged_parts_equal_the_whole(dtype: type) -> None:
    small = gravel(13, 17).astype(np.float32)
    whole = enlarged(small, 6, Box(0, 0, 17 * 6, 13 * 6), np.dtype(dtype))
    for box in (Box(3, 5, 90, 40), Box(0, 0, 7, 78), Box(50, 70, 102, 78)):
        assert np.allclose(enlarged(small, 6, box, np.dtype(dtype)), whole[box.slices], atol=0.02)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint8, 1), (np.uint16, 200)])
def test_detail_of_a_repeated_texture_comes_back(dtype: type, tolerance: int) -> None:
    """Where the hole's twin exists and the completion is right, the filled pixels are those of the twin."""
    image = gravel(120, 240, dtype=dtype)
    image[:, 120:] = image[:, :120]
    hole = disc(120, 240, (180, 60), 18)
    none = np.zeros_like(hole)
    small = shrink(image, none, none, 4)
    holed = shrink(image, hole, none, 4).hole
    rows, columns = -(-holed.shape[0] // STRIDE) + 1, -(-holed.shape[1] // STRIDE) + 1
    offsets = np.zeros((rows, columns, 2), np.int32)
    offsets[..., 1] = -30
    box, filled = aggregate(image, hole, small.mean, 4, Correspondence(offsets))
    truth = image[box.slices].astype(int)
    assert np.abs(filled.astype(int) - truth)[hole[box.slices]].max() <= tolerance


def test_the_hole_is_not_read() -> None:
    image, hole = gravel(96, 96), disc(96, 96, (40, 50), 17)
    other = image.copy()
    other[hole] = 0
    none = np.zeros_like(hole)
    small = shrink(image, none, none, 3)
    holed = shrink(image, hole, none, 3).hole
    found = search(small.image, holed, np.zeros_like(holed))
    assert found is not None
    box, one = aggregate(image, hole, small.mean, 3, found)
    _, two = aggregate(other, hole, small.mean, 3, found)
    assert (one[hole[box.slices]] == two[hole[box.slices]]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_base_is_the_enlarged_small_picture(dtype: type) -> None:
    image = gravel(30, 52, dtype=dtype)
    none = np.zeros((30, 52), bool)
    small = shrink(image, none, none, 5).mean
    base = base_of(image, small, 5)
    assert base.shape == image.shape
    assert base.dtype == image.dtype
    unit = 1 if dtype == np.uint8 else 257
    assert np.abs(base - enlarged(small, 5, Box(0, 0, 52, 30), image.dtype)).max() <= 1.6 * unit
