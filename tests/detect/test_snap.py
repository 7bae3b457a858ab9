"""Snapping a box to the object inside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from cleanplate.detect.snap import snap_box
from cleanplate.types import Box


def scene(height=300, width=400, *, scale=1.0, blur=0.0):
    """Grass-like noise with a red ellipse, and where the ellipse is."""
    shape = (round(height * scale), round(width * scale))
    rng = np.random.default_rng(2)
    ground = rng.normal((70, 130, 60), 18, (*shape, 3))
    ground = cv2.GaussianBlur(ground, (0, 0), 1.5)
    inside = np.zeros(shape, np.uint8)
    centre, axes = (round(200 * scale), round(150 * scale)), (round(70 * scale), round(45 * scale))
    cv2.ellipse(inside, centre, axes, 20, 0, 360, 1, -1)
    share = cv2.GaussianBlur(inside.astype(float), (0, 0), blur) if blur else inside.astype(float)
    red = rng.normal((190, 40, 30), 10, (*shape, 3))
    image = ground * (1 - share[..., None]) + red * share[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), inside.astype(bool)


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_object_is_found_and_covered(scale):
    image, inside = scene(scale=scale)
    box = Box(*(round(side * scale) for side in (110, 80, 290, 220)))
    before = image.copy()
    snapped = snap_box(image, box)
    assert snapped.found
    assert overlap(snapped.mask, inside) > 0.85
    assert (snapped.mask & inside).sum() > 0.99 * inside.sum()
    outside = snapped.mask.copy()
    outside[box.slices] = False
    assert not outside.any()
    assert np.array_equal(image, before)


def test_sixteen_bits_like_eight():
    image, inside = scene()
    assert overlap(snap_box(image.astype(np.uint16) * 257, Box(110, 80, 290, 220)).mask, inside) > 0.85


def test_blurred_object_is_covered_to_its_soft_end():
    image, inside = scene(blur=6)
    visible = cv2.GaussianBlur(inside.astype(float), (0, 0), 6) > 0.15
    snapped = snap_box(image, Box(100, 70, 300, 230))
    assert (snapped.mask & visible).sum() > 0.97 * visible.sum()


@pytest.mark.parametrize(
    ("image", "box"),
    [
        (scene()[0][:100], Box(150, 10, 250, 80)),
        (np.full((80, 90, 3), 128, np.uint8), Box(20, 20, 60, 60)),
        (scene()[0], Box(0, 0, 400, 300)),
        (scene()[0], Box(198, 148, 203, 153)),
    ],
    ids=["even texture", "flat", "whole picture", "tiny"],
)
def test_nothing_sensible_falls_back_to_the_box_and_says_so(image, box):
    snapped = snap_box(image, box)
    assert not snapped.found
    assert len(snapped.notes) == 1
    assert snapped.mask.sum() == box.area
    assert snapped.mask[box.slices].all()


def test_same_answer_whatever_the_generator_did_and_the_generator_stays():
    image, _ = scene()
    box = Box(110, 80, 290, 220)
    cv2.setRNGSeed(7)
    expected = cv2.randu(np.zeros((1, 8), np.uint8), 0, 255).copy()
    cv2.setRNGSeed(7)
    one = snap_box(image, box)
    assert np.array_equal(cv2.randu(np.zeros((1, 8), np.uint8), 0, 255), expected)
    cv2.setRNGSeed(99)
    with ThreadPoolExecutor(2) as pool:
        others = list(pool.map(lambda _: snap_box(image, box).mask, range(2)))
    assert all(np.array_equal(one.mask, other) for other in others)
