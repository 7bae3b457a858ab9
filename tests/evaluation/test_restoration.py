"""Protocols of restoration: marks by hand are drawn where they say, figures of known answers."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from evaluation.restoration import colour, defects, fill
from evaluation.restoration.graphs import Graph
from evaluation.restoration.labels import labelled_crops
from evaluation.restoration.pictures import hairlines, scan_shapes


def test_crops_are_marked_inside_their_bounds():
    crops = labelled_crops()
    assert len(crops) == 14
    for crop in crops:
        left, top, right, bottom = crop.crop
        assert crop.damage.shape == (bottom - top, right - left)
        assert 0 < crop.damage.mean() < 0.2
        assert not (crop.thin & ~crop.damage).any()


def test_lines_have_their_width(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(
        '{"crops": [{"picture": "a.png", "crop": [10, 20, 50, 60], '
        '"lines": [{"width": 2, "points": [[5, 10], [30, 10]]}, {"width": 5, "points": [[5, 30], [30, 30]]}], '
        '"polygons": [[[0, 0], [3, 0], [3, 3], [0, 3]]]}]}'
    )
    (crop,) = labelled_crops(path)
    assert 2 <= crop.damage[5:16, 18].sum() <= 3
    assert 5 <= crop.damage[24:36, 18].sum() <= 6
    assert crop.damage[:4, :4].all()
    assert not crop.thin[24:36].any()


def test_overlap_counts_pixels():
    found, truth = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    found[0], truth[:2] = True, True
    assert defects.overlap(found, truth) == (4, 4, 8)
    assert defects.near(found, 1).sum() == 8


def test_shapes_and_hairlines_fit_the_picture():
    rng = np.random.default_rng(0)
    assert scan_shapes(labelled_crops(), rng, 50, 70).shape == (50, 70)
    thin, thick = (hairlines(np.random.default_rng(1), 90, 90, width).sum() for width in (1, 3))
    assert 2 * thin < thick < 5 * thin


def test_a_perfect_fill_has_no_error_and_a_grey_one_has():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 255, (80, 80, 3)).astype(np.uint8)
    hole = np.zeros((80, 80), bool)
    hole[30:50, 30:50] = True
    perfect = fill.figures(truth, truth, hole)
    grey = fill.figures(np.where(hole[..., None], 128, truth).astype(np.uint8), truth, hole)
    assert perfect[0] > 80 > 20 > grey[0]
    assert perfect[3] > 0.5 > grey[3]


def test_predicting_no_colour_costs_the_chroma_itself():
    red = np.full((8, 8, 3), (200, 40, 40), np.uint8)
    grey = np.full((8, 8, 3), 88, np.uint8)
    truth = 255 * np.float64([(40 - 87.84) / 1.772, (200 - 87.84) / 1.402]) / 255
    assert colour.chroma_error(grey, red) == pytest.approx((truth**2).mean(), rel=0.03)
    assert colour.chroma_error(red, red) == 0


def test_graphs_take_any_size(tmp_path):
    free = [1, 3, "h", "w"]
    node = helper.make_node("Identity", ["image"], ["out"])
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, free) for name in ("image", "out")]
    model = helper.make_model(
        helper.make_graph([node], "same", ports[:1], ports[1:]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.save(model, tmp_path / "same.onnx")
    planes = np.random.default_rng(0).random((3, 50, 70), np.float32)
    np.testing.assert_array_equal(Graph(tmp_path / "same.onnx")(image=planes), planes)
