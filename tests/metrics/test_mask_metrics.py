"""IoU and boundary F against counting by hand and a slow matching by dilation."""

import math

import numpy as np
import pytest
from skimage.morphology import dilation, disk
from skimage.segmentation import find_boundaries

from cleanplate.errors import ArgumentError, ArrayError
from evaluation.metrics import boundary_f, iou


def blob(rng, shape=(60, 80)):
    field = rng.normal(size=shape)
    for _ in range(8):
        field = (
            field + np.roll(field, 1, 0) + np.roll(field, 1, 1) + np.roll(field, -1, 0) + np.roll(field, -1, 1)
        ) / 5
    return field > 0.02


def slow_boundary_f(predicted, truth, tolerance):
    """Boundary pixels count as matched when the other boundary, grown by a disk, covers them."""
    edges = [find_boundaries(m, connectivity=1, mode="inner") for m in (predicted, truth)]
    grown = [dilation(edge.astype(np.uint8), disk(tolerance)).astype(bool) for edge in edges]
    precision = (edges[0] & grown[1]).sum() / edges[0].sum()
    recall = (edges[1] & grown[0]).sum() / edges[1].sum()
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("tolerance", [0, 1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_boundary_f_agrees_with_dilation(seed, tolerance):
    rng = np.random.default_rng(seed)
    predicted, truth = blob(rng), blob(rng)
    assert boundary_f(predicted, truth, tolerance=tolerance) == pytest.approx(
        slow_boundary_f(predicted, truth, tolerance), abs=1e-12
    )


def test_boundary_f_default_tolerance_is_that_of_davis():
    truth = np.zeros((480, 854), bool)
    truth[100:300, 200:500] = True
    assert math.ceil(0.008 * math.hypot(480, 854)) == 8
    assert boundary_f(np.roll(truth, 8, axis=1), truth) == 1.0
    assert boundary_f(np.roll(truth, 9, axis=1), truth) < 1.0


def test_boundary_f_of_masks_without_a_boundary():
    nothing, everything = np.zeros((20, 20), bool), np.ones((20, 20), bool)
    some = nothing.copy()
    some[5:9, 5:9] = True
    assert boundary_f(nothing, everything) == 1.0  # the picture's border is no boundary
    assert boundary_f(nothing, some) == boundary_f(some, nothing) == 0.0
    with pytest.raises(ArgumentError, match="negative"):
        boundary_f(some, some, tolerance=-1)


def test_iou():
    a = np.zeros((10, 10), bool)
    b = a.copy()
    a[:4, :5], b[2:6, :5] = True, True
    assert iou(a, b) == 10 / 30
    assert iou(a, a) == 1.0
    assert iou(a, ~a) == 0.0
    assert iou(a & ~a, a & ~a) == 1.0
    with pytest.raises(ArrayError, match="bool"):
        iou(a.astype(np.uint8), b)
    with pytest.raises(ArrayError, match="9 x 10"):
        iou(a, b[:9])
