"""Full resolution: edges where the photograph has them, in bounded time and memory."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import ArgumentError
from cleanplate.matting.band import soft, tiles
from cleanplate.matting.edge import feathered, shifted
from cleanplate.matting.interpolated import part
from cleanplate.matting.refine import refine
from cleanplate.types import Box
from tests.matting.pictures import disc_alpha, mixed, ragged


def shrunk(alpha, size):
    return np.clip(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), 0, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_edges_and_strands_come_back(dtype):
    alpha = ragged()
    image = mixed(alpha, (60, 40, 30), (200, 190, 180), dtype=dtype)
    small = shrunk(alpha, (160, 120))
    refined = refine(image, small)
    plain = np.clip(cv2.resize(small, (800, 600), interpolation=cv2.INTER_CUBIC), 0, 1)
    assert refined.dtype == np.float32
    assert refined.shape == alpha.shape
    assert 0 <= refined.min() <= refined.max() <= 1
    # Strands are half a pixel wide in the small picture; the two colours tell them from the background.
    assert np.abs(refined - alpha).mean() < 0.15 * np.abs(plain - alpha).mean()


def test_flat_pictures_and_extreme_alphas_are_no_trouble():
    image = np.full((300, 200, 3), 77, np.uint8)
    for value in (0.0, 1.0):
        assert (refine(image, np.full((75, 50), value, np.float32)) == value).all()
    disc = disc_alpha(75, 50, (25, 40), 15)
    refined = refine(image, disc)
    assert np.isfinite(refined).all()
    assert abs(refined.mean() - disc.mean()) < 0.03


def test_nothing_changes_far_from_the_edge():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
    alpha = disc_alpha(120, 160, (80, 60), 30)
    refined = refine(image, alpha)
    distance = np.hypot(*(np.mgrid[:480, :640] - np.array([240, 320])[:, None, None]))
    assert (refined[distance < 60] == 1).all()
    assert (refined[distance > 200] == 0).all()


def test_input_is_left_alone_and_the_same_size_is_kept():
    image = np.zeros((40, 50, 3), np.uint8)
    alpha = disc_alpha(40, 50, (20, 20), 9)
    before = alpha.copy()
    assert np.abs(refine(image, alpha) - alpha).max() < 0.005
    assert (alpha == before).all()


@settings(max_examples=25)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 97), st.integers(1, 83))
def test_parts_of_an_enlargement_are_those_of_the_whole(h, w, height, width):
    small = np.random.default_rng(h * w).random((2, h, w)).astype(np.float32)
    whole = part(small, Box(0, 0, width, height), height, width)
    reference = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in small]
    assert np.abs(whole - reference).max() < 1e-3
    box = Box(width // 3, height // 2, width, height)
    assert np.abs(part(small, box, height, width) - whole[:, *box.slices]).max() < 1e-5


def test_tiles_hold_the_band_and_little_else():
    alpha = disc_alpha(300, 400, (200, 150), 60)
    band = soft(alpha)
    covered = np.zeros((3000, 4000), bool)
    for box in tiles(band, 3000, 4000, side=256):
        covered[box.slices] = True
    assert covered[cv2.resize(band.view(np.uint8), (4000, 3000), interpolation=cv2.INTER_NEAREST) > 0].all()
    assert covered.mean() < 0.3
    assert not list(tiles(np.zeros((30, 40), bool), 300, 400))


def test_edges_move_and_soften():
    alpha = disc_alpha(200, 200, (100, 100), 50)
    area = alpha.sum()
    assert np.sqrt(shifted(alpha, 4).sum() / area) == pytest.approx(1.08, abs=0.012)
    assert np.sqrt(shifted(alpha, -4).sum() / area) == pytest.approx(0.92, abs=0.012)
    assert area < shifted(alpha, 0.5).sum() < shifted(alpha, 1).sum()
    soft_edge = feathered(alpha, 8)
    assert ((soft_edge > 0.05) & (soft_edge < 0.95)).sum() > 4 * ((alpha > 0.05) & (alpha < 0.95)).sum()
    assert soft_edge.sum() == pytest.approx(area, rel=0.02)
    # People cut by the frame go on beyond it.
    half = np.zeros((50, 50), np.float32)
    half[:, 25:] = 1
    assert (shifted(half, -3)[:, -1] == 1).all()
    for wrong in (lambda: shifted(alpha, 1e4), lambda: feathered(alpha, -1), lambda: shifted(alpha, float("nan"))):
        with pytest.raises(ArgumentError):
            wrong()
