"""Overlays and contact sheets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanplate.compose.overlay import overlay
from cleanplate.compose.sheet import before_after, sheet
from cleanplate.errors import ArrayError


def grey(height, width, dtype=np.uint8):
    return np.full((height, width, 3), np.iinfo(dtype).max // 2, dtype)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 100), st.sampled_from([np.uint8, np.uint16]), st.data())
def test_one_selected_pixel_stays_visible(height, width, longest, dtype, data):
    image = grey(height, width, dtype)
    mask = np.zeros((height, width), bool)
    mask[data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = True
    shown = overlay(image, mask, longest=longest)
    assert shown.dtype == np.uint8
    assert max(shown.shape[:2]) == min(longest, max(height, width))
    assert (shown != 127).any()
    assert (image == grey(height, width, dtype)).all()


def test_selection_is_red_and_avoided_areas_are_blue():
    mask = np.zeros((60, 80), bool)
    mask[10:30, 10:30] = True
    shown = overlay(grey(60, 80), mask, avoid=np.roll(mask, 40, axis=1)).astype(int)
    assert shown[20, 20, 0] > shown[20, 20, 2] + 50
    assert shown[20, 60, 2] > shown[20, 60, 0] + 50
    assert (shown[50, 40] == 127).all()


def test_sheet_puts_narrow_pictures_beside_and_wide_ones_below():
    assert sheet([grey(40, 30)] * 3).shape == (40, 3 * 30 + 2 * 8, 3)
    assert sheet([grey(10, 30)] * 3).shape == (3 * 10 + 2 * 8, 30, 3)
    assert sheet([grey(400, 300)] * 2, longest=40).shape == (40, 68, 3)


def test_before_after_marks_the_hole():
    mask = np.zeros((40, 30), bool)
    mask[5:10, 5:10] = True
    made = before_after(grey(40, 30), mask, [grey(40, 30), grey(40, 30)])
    assert made.shape == (40, 4 * 30 + 3 * 8, 3)
    assert tuple(made[7, 38 + 7]) == (255, 0, 255)
    assert (made[7, 7] == 127).all()


def test_pictures_of_a_sheet_have_one_size():
    with pytest.raises(ArrayError):
        sheet([])
    with pytest.raises(ArrayError):
        sheet([grey(4, 5), grey(5, 4)])
