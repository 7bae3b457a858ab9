"""Numbered outlines are drawn where things are, at any size."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.compose.numbers import Numbered, colour_of, numbered_outlines
from cleanplate.types import Box


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_outline_has_the_colour_of_the_number_and_the_rest_stays(dtype: type) -> None:
    image = np.full((300, 400, 3), np.iinfo(dtype).max // 2, dtype)
    before = image.copy()
    shown = numbered_outlines(image, [Numbered(2, Box(100, 50, 200, 250), np.ones((200, 100), np.bool_))])
    assert (image == before).all()
    assert shown.dtype == np.uint8
    assert (np.abs(shown[240, 100].astype(int) - colour_of(2)) < 60).all()
    assert (shown[:, 210:] == 127).all()
    assert not (shown[150, 150] == 127).all()


def test_large_pictures_come_at_the_size_of_a_screen_and_tiny_things_show() -> None:
    image = np.zeros((3000, 4500, 3), np.uint8)
    shown = numbered_outlines(image, [Numbered(1, Box(4490, 2990, 4492, 2991), np.ones((1, 2), np.bool_))])
    assert shown.shape == (1365, 2048, 3)
    assert shown.any()


def test_numbers_of_sixty_things_and_a_picture_of_one_pixel() -> None:
    assert len({colour_of(number) for number in range(1, 15)}) == 14
    many = [Numbered(n, Box(n, n, n + 9, n + 9), np.eye(9, dtype=np.bool_)) for n in range(1, 61)]
    assert numbered_outlines(np.zeros((90, 90, 3), np.uint8), many).any()
    assert numbered_outlines(np.zeros((1, 1, 3), np.uint8), []).shape == (1, 1, 3)
