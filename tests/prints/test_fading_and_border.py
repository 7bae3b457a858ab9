"""Tones that come back, and borders that go."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.prints.border import without_border
from cleanplate.prints.fading import unfaded
from cleanplate.types import Box
from tests.prints.graphs import old_photograph


def faded(image, dtype=np.uint8):
    return np.rint((90 + image.astype(np.float64) * 0.3) * (np.iinfo(dtype).max / 255)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tones_are_stretched_and_grey_stays_grey(dtype):
    image = faded(old_photograph(damaged=False), dtype)
    before = image.copy()
    top = np.iinfo(dtype).max
    result = unfaded(image)
    assert result.dtype == dtype
    assert (result[..., 0] == result[..., 2]).all()
    assert result.min() < 0.03 * top
    assert result.max() > 0.97 * top
    assert (image == before).all()
    order = np.argsort(image[..., 0], axis=None)
    assert (np.diff(result[..., 0].reshape(-1)[order].astype(int)) >= 0).all()  # tones keep their order


def test_sepia_keeps_its_tint():
    result = unfaded(faded(old_photograph(sepia=True, damaged=False)))
    assert result[..., 0].mean() > result[..., 2].mean() + 5


def test_faded_dyes_come_nearer_to_neutral():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.float64)
    cast = np.rint(image * (0.5, 0.3, 0.3) + (110, 60, 60)).astype(np.uint8)
    result = unfaded(cast).reshape(-1, 3).mean(axis=0)
    assert abs(result[0] - result[1]) < 0.6 * (cast[..., 0].mean() - cast[..., 1].mean())


def test_flat_pictures_and_full_ranges_stay():
    flat = np.full((50, 60, 3), 120, np.uint8)
    assert (unfaded(flat) == flat).all()


def test_the_border_does_not_count():
    image = faded(old_photograph(damaged=False))
    framed = np.full((200, 240, 3), 255, np.uint8)
    framed[40:160, 40:200] = image
    border = np.ones((200, 240), bool)
    border[40:160, 40:200] = False
    assert unfaded(framed, uncounted=border)[40:160, 40:200].min() < 10
    assert (unfaded(framed, uncounted=border)[40:160, 40:200] != unfaded(framed)[40:160, 40:200]).any()


@pytest.mark.parametrize("level", [250, 15])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_even_border_is_found(level, dtype):
    framed = np.full((300, 400, 3), level, np.uint8)
    framed[30:270, 50:360] = old_photograph(240, 310, damaged=False)
    framed[3:6, 100:120] = 128  # writing on the border
    box = without_border(framed.astype(dtype) * (257 if dtype == np.uint16 else 1))
    assert box is not None
    assert np.abs(np.subtract(box, Box(50, 30, 360, 270))).max() <= 3
    assert (box.left, box.top) >= (50, 30)
    assert box.right <= 360
    assert box.bottom <= 270


def test_pictures_without_border_are_left_alone():
    assert without_border(old_photograph(200, 300, damaged=False)) is None
    sky = np.full((200, 300, 3), 200, np.uint8)
    sky[120:] = old_photograph(80, 300, damaged=False)
    assert without_border(sky) is None
    assert without_border(np.full((50, 50, 3), 255, np.uint8)) is None
