"""Scratches are continued from both of their sides, at full size, with the grain of the ground beside them."""

import cv2
import numpy as np
import pytest

from cleanplate.inpaint.engine import Completion
from cleanplate.inpaint.full_size import MEDIUM, NARROW, fill_at_full_size


class Grey:
    """A network whose every fill is of one grey."""

    name, device, working_size, notes = "grey", "cpu", 256, ()

    def complete(self, image, hole, *, avoid, seed):
        assert image.dtype == np.uint8
        return Completion(np.where(hole[..., None], np.uint8(200), image), smooth=True)


def fill_narrow(image, hole, network=None, **options):
    filled = fill_at_full_size(image, hole, network, **options)
    assert not (filled.continued & filled.completed).any()
    assert (filled.image[~(filled.continued | filled.completed)] == image[~(filled.continued | filled.completed)]).all()
    return filled.image, filled.continued


def scene(height=300, width=560, grain=0.0):
    """A ramp with a straight edge from side to side."""
    rows, columns = np.mgrid[:height, :width]
    levels = 60 + 0.1 * columns + 70 * (rows > 0.4 * height + 0.2 * columns)
    levels = levels + grain * np.random.default_rng(1).standard_normal(levels.shape)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def lines(height=300, width=560, thickness=4):
    canvas = np.zeros((height, width), np.uint8)
    cv2.line(canvas, (30, 0), (500, height - 1), 1, thickness)
    cv2.line(canvas, (480, 10), (40, 250), 1, thickness)
    return canvas > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_edge_goes_on_through_a_scratch(dtype):
    truth, hole = scene().astype(dtype) * dtype(257 if dtype == np.uint16 else 1), lines()
    scratched = truth.copy()
    scratched[hole] = np.iinfo(dtype).max
    before = scratched.copy()
    filled, where = fill_narrow(scratched, hole)
    assert (scratched == before).all()
    assert filled.dtype == dtype
    assert (where == hole).all()
    assert (filled[~hole] == truth[~hole]).all()
    error = np.abs(filled.astype(float) - truth)[hole] / (257 if dtype == np.uint16 else 1)
    assert error.mean() < 3
    assert (error > 20).mean() < 0.08  # only where the edge meets the scratch


def test_wide_parts_are_left_with_what_is_close_to_them():
    hole = lines()
    cv2.circle(wide := np.zeros(hole.shape, np.uint8), (250, 150), 20, 1, -1)
    cv2.circle(specks := np.zeros(hole.shape, np.uint8), (530, 60), int(NARROW), 1, -1)
    filled, where = fill_narrow(scene(), hole | (wide > 0) | (specks > 0))
    assert not where[wide > 0].any()
    assert where[specks > 0].all()
    far = np.hypot(*(np.mgrid[:300, :560] - np.array([150, 250])[:, None, None])) > 40
    assert where[hole & far].all()
    assert (filled[~where] == scene()[~where]).all()


def test_grain_goes_on_in_the_fill_and_edges_are_not_copied():
    truth, hole = scene(grain=6.0), lines(thickness=7)
    scratched = truth.copy()
    scratched[hole] = 255
    filled, where = fill_narrow(scratched, hole)
    flat = where & (np.abs(np.mgrid[:300, :560][0] - 120 - 0.2 * np.mgrid[:300, :560][1]) > 25)
    rough = [
        np.std((each - cv2.GaussianBlur(each, (0, 0), 2))[flat]) for each in (truth[..., 0] * 1.0, filled[..., 0] * 1.0)
    ]
    assert 0.4 * rough[0] < rough[1] < 1.1 * rough[0]
    even, _ = fill_narrow(np.where(hole[..., None], 255, scene()).astype(np.uint8), hole)
    assert np.abs(even.astype(int) - scene())[flat].max() <= 3  # no grain where there is none


def test_the_result_depends_neither_on_what_is_under_the_hole_nor_on_threads():
    hole = lines(thickness=6)
    white, black = (np.where(hole[..., None], level, scene(grain=3.0)).astype(np.uint8) for level in (255, 0))
    one, _ = fill_narrow(white, hole)
    two, _ = fill_narrow(black, hole, threads=4)
    assert (one == two).all()


def test_a_margin_that_is_gone_and_a_picture_of_few_pixels():
    hole = np.zeros((40, 50), bool)
    hole[:4], hole[:, -3:] = True, True
    image = np.full((40, 50, 3), 90, np.uint8)
    filled, where = fill_narrow(np.where(hole[..., None], 0, image).astype(np.uint8), hole)
    assert (where == hole).all()
    assert (filled == image).all()
    tiny = np.array([[[10, 20, 30], [0, 0, 0]]], np.uint8)
    filled, where = fill_narrow(tiny, np.array([[False, True]]))
    assert where.tolist() == [[False, True]]
    assert filled[0, 1].tolist() == [10, 20, 30]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_network_completes_what_is_wider_and_leaves_what_is_wide(dtype):
    times = dtype(257 if dtype == np.uint16 else 1)
    crack, tear = lines(thickness=18), np.zeros((300, 560), bool)
    tear[200:260, 300:400] = True
    image = scene().astype(dtype) * times
    filled = fill_at_full_size(image, crack | tear, Grey(), threads=2)
    assert not filled.completed[tear].any()
    far = np.abs(np.mgrid[:300, :560][1] - 350) > 50 + 3 * MEDIUM
    assert filled.completed[crack & far].mean() > 0.8  # all but where the two lines meet
    assert np.abs(filled.image[filled.completed] / times - 200.0).max() < 4
    none = fill_at_full_size(image, crack | tear, Grey(), widest=0.0)
    assert not none.completed.any()
