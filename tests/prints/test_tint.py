"""What is filled keeps the tint of a print; pictures in colours are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.prints.tint import in_colours, keep_to, tint_of

SHARES = np.array([0.299, 0.587, 0.114])


def sepia(dtype=np.uint8):
    """A brown print of 120 x 160 with grain, all lights in it."""
    rng = np.random.default_rng(0)
    light = np.linspace(20, 230, 160)[None] + rng.normal(0, 4, (120, 160))
    brown = np.clip(light[..., None] * (1.08, 0.99, 0.84) + rng.normal(0, 1, (120, 160, 3)), 0, 255)
    return np.rint(brown * (257 if dtype == np.uint16 else 1)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_green_fill_becomes_as_brown_as_its_surroundings(dtype):
    image = sepia(dtype)
    hole = np.zeros((120, 160), bool)
    hole[40:80, 60:110] = True
    tint = tint_of(image, hole)
    assert tint is not None
    filled = image.copy()
    top = np.iinfo(dtype).max
    filled[hole] = np.clip(filled[hole] + np.array([-20, 25, 0]) * (top / 255), 0, top).astype(dtype)
    green = filled.copy()
    keep_to(tint, filled, hole)
    assert (filled[~hole] == image[~hole]).all()
    np.testing.assert_allclose(filled @ SHARES, green @ SHARES, atol=0.6)  # light stays
    off = np.abs((filled / top - image / top)[hole] - ((filled - image.astype(float)) @ SHARES / top)[hole][:, None])
    assert off.max() < 0.06
    assert np.abs(green / top - image / top)[hole].max() > 0.07


def test_what_is_brown_already_stays_bit_for_bit():
    image, hole = sepia(), np.zeros((120, 160), bool)
    hole[40:80, 60:110] = True
    tint = tint_of(image, hole)
    assert tint is not None
    kept = image.copy()
    keep_to(tint, kept, hole)
    assert (kept == image).all(axis=2).mean() > 0.95
    assert np.abs(kept.astype(int) - image).max() <= 3


def test_a_picture_in_colours_has_no_tint():
    image = sepia()
    image[:60] = image[:60, :, ::-1]
    assert tint_of(image, np.zeros((120, 160), bool)) is None
    image[:, :80], image[:, 80:] = (200, 60, 40), (20, 130, 160)  # as light as each other
    assert in_colours(image)
    assert not in_colours(sepia())
    assert tint_of(sepia(), np.ones((120, 160), bool)) is None
