"""Islands and slits that selections leave open by accident, and openings that are meant."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cleanplate.mask.islands import close_islands


def ellipse(shape, centre, axes):
    return cv2.ellipse(np.zeros(shape, np.uint8), centre, axes, 0, 0, 360, 1, -1).astype(bool)


@pytest.fixture
def body():
    return ellipse((400, 500), (250, 200), (100, 160))


def test_island_between_arm_and_body_is_closed(body):
    mask = body & ~ellipse(body.shape, (200, 220), (12, 30))
    closed = close_islands(mask)
    assert np.array_equal(closed.mask, body)
    assert (closed.count, closed.area, closed.left_open) == (1, body.sum() - mask.sum(), 0)


def test_large_opening_stays_and_is_reported(body):
    mask = body & ~ellipse(body.shape, (250, 200), (50, 80))
    closed = close_islands(mask)
    assert np.array_equal(closed.mask, mask)
    assert (closed.count, closed.area, closed.left_open) == (0, 0, 1)


def test_slit_open_at_one_end_is_closed(body):
    mask = body.copy()
    mask[250:, 248:253] = False
    closed = close_islands(mask)
    assert closed.count == 1
    assert closed.mask[250:340, 248:253].all()
    assert not (closed.mask & ~body).any()


def test_wide_gap_between_legs_stays(body):
    mask = body.copy()
    mask[250:, 230:280] = False
    closed = close_islands(mask)
    assert closed.area == 0


def test_gap_between_two_selected_people_stays():
    mask = np.zeros((200, 300), bool)
    mask[40:180, 50:120] = mask[40:180, 124:200] = True
    assert close_islands(mask).area == 0


def test_gap_between_two_strokes_of_one_brush_is_closed():
    mask = np.zeros((200, 300), bool)
    mask[50:80, 20:280] = mask[83:110, 20:280] = mask[50:110, 20:60] = True
    closed = close_islands(mask)
    assert closed.mask[50:110, 20:279].all()
    assert closed.count == 1


def test_fence_keeps_its_openings():
    mask = np.zeros((300, 300), bool)
    for line in range(20, 280, 20):
        mask[line : line + 4, 20:264] = mask[20:264, line : line + 4] = True
    closed = close_islands(mask)
    assert closed.area == 0
    assert closed.left_open == 12 * 12


def test_specks_are_closed_even_when_many(body):
    noise = np.random.default_rng(1).random(body.shape) < 0.15
    inner = ellipse(body.shape, (250, 200), (95, 155))
    mask = body & ~(noise & inner)
    closed = close_islands(mask)
    assert closed.mask[inner].all()


def test_place_between_the_selection_and_one_side_of_the_picture_is_enclosed(body):
    mask = np.zeros((400, 500), bool)
    mask[200:, 100:300] = True
    mask[385:, 190:206] = False
    assert close_islands(mask).mask[200:, 100:300].all()


def test_frame_of_a_scan_stays():
    mask = np.zeros((300, 400), bool)
    mask[4:-4, 4:-4] = True
    assert close_islands(mask).area == 0


def test_convex_shapes_stay_as_they_are(body):
    box = np.zeros((90, 120), bool)
    box[10:70, 20:100] = True
    for mask in (body, box, ellipse((90, 120), (60, 40), (30, 30)), np.ones((5, 6), bool), np.zeros((5, 6), bool)):
        closed = close_islands(mask)
        assert np.array_equal(closed.mask, mask)
        assert closed.count == closed.area == 0


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
        lambda shape: arrays(np.bool_, shape, elements=st.booleans(), fill=st.just(True))
    )
)
def test_closing_only_adds_and_counts_right(mask):
    before = mask.copy()
    closed = close_islands(mask)
    assert np.array_equal(mask, before)
    assert not (mask & ~closed.mask).any()
    assert closed.area == closed.mask.sum() - mask.sum()
    assert (closed.count > 0) == (closed.area > 0)
