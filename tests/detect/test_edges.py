"""Coarse masks come to the edges of the picture, and tidily so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.detect.edges import _Strip, coefficients, guided
from cleanplate.detect.network import Detections
from cleanplate.detect.paste import inclusion, pasted
from cleanplate.detect.shapes import shapes
from cleanplate.types import Box
from tests.detect.streets import RAGGED, figure, street


def _coarse(truth: np.ndarray, *, shift: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What a network makes of a mask: 28 x 28 cells of shares, blurred and wrong here and there."""
    rows, columns = np.nonzero(truth)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
    crop = truth[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])].astype(np.float32)
    cells = cv2.GaussianBlur(cv2.resize(crop, (28, 28), interpolation=cv2.INTER_AREA), (0, 0), 0.8)
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 0.5, (28, 28)), (0, 0), 1.2)
    return np.clip(cells + noise * (cells > 0.1) * (cells < 0.9), 0, 1).astype(np.float32), box + np.float32(shift)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_refining_beats_pasting(dtype: type) -> None:
    picture = street(1500, 1000, dtype=dtype)
    truth = figure(1500, 1000, 300, 150, 1200)
    picture[truth] = np.array([90, 40, 40], dtype) * (1 if dtype == np.uint8 else 257)
    mask, box = _coarse(truth)
    plain = pasted(mask, box, Box(0, 0, 1000, 1500), (1500, 1000)) >= 0.5
    (shape,) = shapes(picture, Detections(box[None], np.ones(1, np.int64), np.ones(1, np.float32), mask[None]))
    assert shape is not None
    refined = np.zeros_like(truth)
    refined[shape[0].slices] = shape[1]
    wrong = {name: np.count_nonzero(each ^ truth) for name, each in (("plain", plain), ("refined", refined))}
    assert wrong["refined"] < 0.35 * wrong["plain"]


def test_a_mask_pasted_at_its_own_size_is_the_mask() -> None:
    mask = np.random.default_rng(0).random((28, 28)).astype(np.float32)
    window = Box(100, 50, 128, 78)
    assert np.allclose(pasted(mask, np.array(window, np.float32), window, (28, 28)), mask, atol=1e-6)
    around = pasted(mask, np.array(window, np.float32), window.grown(10), (48, 48))
    assert np.allclose(around[10:-10, 10:-10], mask, atol=1e-6)
    assert not around[:7].any()
    assert (around[9, 10:-10] < mask[0]).all()


def test_pasting_at_half_the_scale_sees_the_same_places() -> None:
    mask = np.zeros((28, 28), np.float32)
    mask[:, 14:] = 1.0
    half = pasted(mask, np.array([10, 10, 290, 290], np.float32), Box(0, 0, 300, 300), (150, 150))
    assert (half[75, 5:72] < 0.5).all()
    assert (half[75, 78:140] > 0.5).all()


def test_inclusion() -> None:
    whole, box = np.ones((28, 28), np.float32), np.array([0, 0, 100, 200], np.float32)
    part = np.array([20, 20, 60, 80], np.float32)
    assert inclusion(whole, part, whole, box) == 1.0
    assert inclusion(whole, box, whole, part) == pytest.approx(0.12, abs=0.02)
    assert inclusion(whole, box, whole, box + 1000) == 0.0
    assert inclusion(np.zeros_like(whole), box, whole, box) == 0.0


def test_bands_of_rows_are_those_of_the_whole() -> None:
    small = np.random.default_rng(1).random((20, 30)).astype(np.float32)
    whole = cv2.resize(small, (333, 700), interpolation=cv2.INTER_LINEAR)
    for rows in (slice(0, 256), slice(256, 512), slice(512, 700)):
        strip = _Strip(small, rows, (700, 333))
        for columns in (slice(0, 100), slice(100, 333)):
            assert np.allclose(strip.columns(columns), whole[rows, columns], atol=1e-4)


def test_a_mask_that_the_colours_explain_stays() -> None:
    picture = street(200, 300)
    truth = figure(200, 300, 100, 20, 160)
    picture[truth] = (200, 30, 30)
    soft = truth.astype(np.float32)
    slopes, offset = coefficients(picture, soft, 4)
    assert slopes.shape == (200, 300, 3)
    assert offset.shape == (200, 300)
    assert (guided(picture, soft, 4, picture) ^ truth).mean() < 0.002


def test_what_a_ragged_mask_leaves_over_are_no_parts() -> None:
    picture = street(600, 600)
    (shape,) = shapes(picture, RAGGED)
    assert shape is not None
    count, _ = cv2.connectedComponents(shape[1].view(np.uint8))
    assert count == 2
