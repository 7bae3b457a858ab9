"""Colours of people without those of their old background."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.matting.foreground import explained, foreground_colours, multilevel
from tests.matting.pictures import disc_alpha, mixed, ragged


def texture(seed, low, high, shape=(600, 800), deviation=12):
    noise = np.random.default_rng(seed).uniform(low, high, (*shape, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), deviation)
    return low + (smooth - smooth.min()) / (smooth.max() - smooth.min()) * (high - low)


def composed(alpha, foreground, background):
    return alpha[..., None] * foreground + (1 - alpha[..., None]) * background


def halo(estimate, alpha, foreground):
    """Mean error before a new background, on soft pixels (0..255); the background itself does not matter."""
    band = (alpha > 0) & (alpha < 1)
    return np.abs(alpha[..., None] * (estimate.astype(np.float32) - foreground))[band].mean()


@pytest.mark.parametrize("background", [(150, 255), (0, 40)])
def test_the_halo_is_at_most_half_that_of_plain_alpha_over(background):
    alpha = cv2.GaussianBlur(ragged(), (0, 0), 1.5)
    foreground, behind = texture(1, 60, 140), texture(2, *background)
    image = np.rint(composed(alpha, foreground, behind)).astype(np.uint8)
    cleaned = foreground_colours(image, alpha)
    assert halo(cleaned, alpha, foreground) < 0.5 * halo(image, alpha, foreground)


def test_sure_pixels_stay_bit_for_bit():
    alpha = disc_alpha(120, 160, (80, 60), 30)
    image = mixed(alpha, (200, 30, 30), (20, 200, 60), dtype=np.uint16)
    before = image.copy()
    cleaned = foreground_colours(image, alpha)
    assert cleaned.dtype == np.uint16
    distance = np.hypot(*(np.mgrid[:120, :160] - np.array([60, 80])[:, None, None]))
    assert (cleaned[distance < 26] == image[distance < 26]).all()
    assert (image == before).all()
    edge = (alpha > 0.3) & (alpha < 0.9)
    assert np.abs(cleaned[edge].astype(int) - np.array([200, 30, 30]) * 257).mean() < 12 * 257


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nothing_to_clean(value):
    image = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    assert (foreground_colours(image, np.full((40, 30), value, np.float32)) == image).all()


def test_both_colours_explain_the_picture():
    alpha = disc_alpha(64, 80, (40, 32), 20)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 2)
    image = composed(alpha, np.array([0.8, 0.2, 0.1]), np.array([0.1, 0.6, 0.3])).astype(np.float32)
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))
    people, background = multilevel(planes, alpha)
    again = alpha * people + (1 - alpha) * background
    assert np.abs(again - planes).mean() < 0.01
    exact = explained(planes, alpha, people, background).transpose(1, 2, 0)
    assert exact.shape == image.shape
    assert 0 <= exact.min() <= exact.max() <= 1
    middle = (alpha > 0.4) & (alpha < 0.6)
    assert np.abs(exact[middle] - [0.8, 0.2, 0.1]).mean() < 0.05


def test_tiny_pictures():
    for shape in ((1, 1), (1, 7), (3, 2)):
        image = np.full((*shape, 3), 100, np.uint8)
        assert foreground_colours(image, np.full(shape, 0.5, np.float32)).shape == image.shape
