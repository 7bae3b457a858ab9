"""The two measures react to what they are for, and stay near 1 where nothing was done."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cleanplate.errors import ArrayError
from cleanplate.types import Mask
from evaluation.holes import make_hole
from evaluation.seam import seam
from evaluation.sharpness import sharpness


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    """Texture of several scales with grain, as a meadow has."""
    rng = np.random.default_rng(7)
    layers = [cv2.GaussianBlur(rng.normal(0, 1, (320, 400, 3)), (0, 0), s) * 25 * s for s in (1.0, 4.0, 16.0)]
    return np.clip(128 + sum(layers), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["silhouette", "ellipse"])
def hole(request: pytest.FixtureRequest) -> Mask:
    return make_hole(request.param, 320, 400, share=0.1, seed=3)


def test_an_untouched_photograph_is_near_one(photo: NDArray[np.uint8], hole: Mask) -> None:
    assert seam(photo, hole) == pytest.approx(1, abs=0.15)
    assert seam(photo, hole, scale=4) == pytest.approx(1, abs=0.25)
    assert sharpness(photo, hole) == pytest.approx(1, abs=0.15)


def test_a_step_raises_the_seam_with_its_height(photo: NDArray[np.uint8], hole: Mask) -> None:
    def stepped(by: int) -> NDArray[np.uint8]:
        return np.where(hole[..., None], np.clip(photo.astype(int) + by, 0, 255), photo).astype(np.uint8)

    low, high = seam(stepped(15), hole), seam(stepped(40), hole)
    assert seam(photo, hole) + 0.05 < low < high


def test_a_feathered_step_of_colour_is_seen_at_the_coarse_scale(photo: NDArray[np.uint8], hole: Mask) -> None:
    ramp = np.minimum(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5) / 6, 1)[..., None]
    feathered = np.clip(photo + 40 * ramp, 0, 255).astype(np.uint8)
    assert seam(feathered, hole, scale=8) > 1.15 * seam(photo, hole, scale=8)


def test_blur_lowers_the_sharpness_and_noise_raises_it(photo: NDArray[np.uint8], hole: Mask) -> None:
    blurred = np.where(hole[..., None], cv2.GaussianBlur(photo, (0, 0), 2), photo)
    slightly = np.where(hole[..., None], cv2.GaussianBlur(photo, (0, 0), 0.7), photo)
    noise = np.random.default_rng(1).normal(0, 20, photo.shape)
    noisy = np.where(hole[..., None], np.clip(photo + noise, 0, 255), photo).astype(np.uint8)
    assert sharpness(blurred, hole) < 0.3 < sharpness(slightly, hole) < 0.9 < 1.5 < sharpness(noisy, hole)


def test_both_measures_are_the_same_at_16_bits(photo: NDArray[np.uint8], hole: Mask) -> None:
    deep = photo.astype(np.uint16) * 257
    assert seam(deep, hole) == pytest.approx(seam(photo, hole), rel=1e-4)
    assert sharpness(deep, hole) == pytest.approx(sharpness(photo, hole), rel=1e-4)


def test_what_cannot_be_measured_is_an_error(photo: NDArray[np.uint8]) -> None:
    everything = np.ones(photo.shape[:2], np.bool_)
    with pytest.raises(ArrayError, match="border"):
        seam(photo, everything)
    with pytest.raises(ArrayError, match="thin"):
        sharpness(photo, everything)
