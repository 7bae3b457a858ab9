"""Windows: every pixel of the hole is filled once, cost follows the hole, and there is something to copy from."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.mask.windows import Window, plan_windows


def _painted(height: int, width: int, boxes: list[tuple[int, int, int, int]]) -> np.ndarray:
    hole = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in boxes:
        hole[top:bottom, left:right] = True
    return hole


def _all(hole: np.ndarray, avoid: np.ndarray | None = None) -> list[Window]:
    return [window for chain in plan_windows(hole, avoid) for window in chain]


@settings(max_examples=60)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    boxes=st.lists(st.tuples(*[st.integers(0, 300)] * 4), max_size=8),
)
def test_windows_cover_the_hole_exactly_once(height: int, width: int, boxes: list[tuple[int, int, int, int]]) -> None:
    hole = _painted(height, width, boxes)
    count = np.zeros((height, width), int)
    for window in _all(hole):
        assert window.hole.any()
        assert window.hole.shape == (window.box.height, window.box.width)
        assert not (window.hole & window.others).any()
        assert ((window.hole | window.others) == hole[window.box.slices]).all()
        count[window.box.slices] += window.hole
    assert (count == hole).all()


def test_far_parts_get_windows_of_their_own_near_ones_share() -> None:
    hole = _painted(2000, 3000, [(100, 100, 180, 180), (200, 110, 260, 190), (2500, 1500, 2600, 1600)])
    windows = _all(hole)
    assert len(windows) == 2
    assert sum(window.box.area for window in windows) < 0.04 * hole.size


def test_a_window_shows_enough_known_ground() -> None:
    hole = _painted(1000, 1000, [(300, 0, 500, 1000)])
    avoid = _painted(1000, 1000, [(500, 0, 900, 1000)])
    (window,) = _all(hole, avoid)
    unknown = (hole | avoid)[window.box.slices]
    assert unknown.mean() <= 0.61
    (without,) = _all(hole)
    assert without.box.area <= window.box.area


def test_thousands_of_specks_share_windows_at_full_scale() -> None:
    rng = np.random.default_rng(0)
    hole = np.zeros((3000, 3000), np.bool_)
    hole[rng.integers(0, 3000, 5000), rng.integers(0, 3000, 5000)] = True
    windows = _all(hole)
    assert len(windows) <= 600
    assert max(max(window.box.width, window.box.height) for window in windows) <= 700


def test_nothing_selected_needs_no_window() -> None:
    assert plan_windows(np.zeros((10, 10), np.bool_)) == []


def test_a_wire_is_cut_into_pieces_of_one_chain() -> None:
    hole = np.zeros((2000, 3000), np.bool_)
    for x in range(3000):
        hole[200 + x // 2 : 206 + x // 2, x] = True
    (chain,) = plan_windows(hole)
    assert len(chain) >= 8
    assert max(max(window.box.width, window.box.height) for window in chain) <= 800


def test_a_large_compact_part_is_not_cut() -> None:
    hole = _painted(3000, 3000, [(500, 200, 1500, 2800)])
    assert [len(chain) for chain in plan_windows(hole)] == [1]
