"""CMYK: inks of untouched pixels stay, new ones follow the picture's own black."""

import numpy as np
import pytest

from cleanplate.decode.ink import as_rgb
from cleanplate.encode.ink import ink_of
from tests.decode.builders import noise


def separated(rgb, share):
    """Inks with ``share`` of the common grey as black."""
    light = rgb / 255.0
    black = np.rint((1 - light.max(axis=2)) * share * 255) / 255
    colours = 1 - light / (1 - black)[..., None]
    return np.rint(np.dstack([colours, black]) * 255).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_black_generation_of_the_picture_is_found(share):
    rgb = noise(120, 120, seed=2)
    ink = separated(rgb, share)
    shown = as_rgb(ink)
    changed = np.zeros((120, 120), bool)
    changed[30:70, 30:70] = True
    pixels = shown.copy()
    pixels[changed] = shown[70:110, 30:70].reshape(-1, 3)
    result = ink_of(pixels, ink, shown, changed)
    assert (result[~changed] == ink[~changed]).all()
    assert np.abs(as_rgb(result).astype(int) - pixels).max() <= 1
    expected = ink[70:110, 30:70, 3].astype(int)
    assert np.abs(result[30:70, 30:70, 3] - expected).mean() < 6


def test_pixels_that_did_not_change_keep_their_inks_inside_the_mask():
    ink = np.full((8, 8, 4), 200, np.uint8)
    shown = as_rgb(ink)
    assert (ink_of(shown, ink, shown, np.ones((8, 8), bool)) == ink).all()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_everything_changed(kind):
    full = np.iinfo(kind).max
    ink = np.zeros((8, 8, 4), kind)
    shown = as_rgb(ink)
    pixels = np.full((8, 8, 3), full // 3, kind)
    result = ink_of(pixels, ink, shown, np.ones((8, 8), bool))
    assert np.abs(as_rgb(result).astype(int) - pixels).max() <= 1


def test_white_and_full_black():
    ink = np.array([[[0, 0, 0, 0], [255, 255, 255, 255], [0, 0, 0, 255], [255, 0, 0, 0]]], np.uint8)
    assert as_rgb(ink).tolist() == [[[255, 255, 255], [0, 0, 0], [0, 0, 0], [0, 255, 255]]]
