"""Growth, connected parts, boxes of groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cleanplate.errors import ArrayError
from cleanplate.mask.bounds import bounding_box
from cleanplate.mask.components import components, group_boxes
from cleanplate.mask.growth import grow
from cleanplate.types import Box

MASKS = st.tuples(st.integers(1, 70), st.integers(1, 70)).flatmap(
    lambda shape: st.one_of(
        arrays(np.bool_, shape, elements=st.booleans(), fill=st.just(False)),
        st.floats(0, 1).map(lambda share: np.random.default_rng(int(share * 1e6)).random(shape) < share**3),
    )
)


def grown_slowly(mask, by):
    rows, columns = np.nonzero(mask)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    near = np.zeros(mask.shape, bool)
    for row, column in zip(rows, columns, strict=True):
        near |= (y - row) ** 2 + (x - column) ** 2 <= by * by
    return near


@given(MASKS, st.integers(0, 12))
def test_growth_is_the_exact_disc(mask, by):
    before = mask.copy()
    assert np.array_equal(grow(mask, by), grown_slowly(mask, by))
    assert np.array_equal(mask, before)


@given(MASKS, st.integers(1, 12))
def test_shrinking_is_growth_of_the_rest(mask, by):
    assert np.array_equal(grow(mask, -by), ~grown_slowly(~mask, by))


def test_both_ways_to_grow_agree_on_a_large_noisy_mask():
    noise = np.random.default_rng(3).random((300, 260)) < 0.3  # long border: by distance
    blob = np.zeros((300, 260), bool)
    blob[100:180, 90:200] = True  # short border: by runs
    for by in (1, 5, 23):
        together = grow(noise | blob, by)
        assert np.array_equal(together, grow(noise, by) | grow(blob, by))


def test_everything_and_nothing_stay_so():
    assert not grow(np.zeros((50, 60), bool), 9).any()
    assert grow(np.ones((50, 60), bool), -9).all()


def test_growth_takes_only_masks():
    with pytest.raises(ArrayError):
        grow(np.zeros((4, 4), np.uint8), 1)


@given(MASKS)
def test_bounding_box_is_tight(mask):
    box = bounding_box(mask)
    if box is None:
        assert not mask.any()
        return
    inside = mask[box.slices]
    assert inside.sum() == mask.sum()
    assert inside[0].any()
    assert inside[-1].any()
    assert inside[:, 0].any()
    assert inside[:, -1].any()


def test_a_part_inside_the_reach_of_another_is_one_part():
    mask = np.zeros((80, 80), bool)
    mask[0, :] = mask[:, 0] = mask[70, 0:60] = True
    mask[33:36, 33:36] = True
    assert sorted(part.area for part in components(mask)) == [9, 80 + 79 + 59]


@given(MASKS)
def test_components_rebuild_the_mask_once(mask):
    total = np.zeros(mask.shape, np.int64)
    for part in components(mask):
        assert part.area == part.mask.sum()
        assert part.mask.shape == (part.box.height, part.box.width)
        total[part.box.slices] += part.mask
    assert np.array_equal(total, mask.astype(np.int64))


def test_components_join_diagonally_and_report_each_part():
    mask = np.zeros((400, 500), bool)
    mask[10:20, 10:20] = mask[20:30, 20:30] = True
    mask[300:340, 400:460] = True
    mask[310:312, 470:480] = True
    boxes = {part.box for part in components(mask)}
    assert boxes == {Box(10, 10, 30, 30), Box(400, 300, 460, 340), Box(470, 310, 480, 312)}


@given(MASKS, st.integers(0, 40))
def test_groups_hold_everything(mask, gap):
    left = mask.copy()
    for box in group_boxes(mask, gap=gap):
        assert bounding_box(mask[box.slices]) == Box(0, 0, box.width, box.height)
        left[box.slices] = False
    assert not left.any()


def test_groups_join_within_the_gap_only():
    mask = np.zeros((300, 900), bool)
    mask[100:140, 100:140] = mask[100:140, 200:240] = True
    assert len(group_boxes(mask, gap=60)) == 1
    assert group_boxes(mask, gap=20) == [Box(100, 100, 140, 140), Box(200, 100, 240, 140)]
