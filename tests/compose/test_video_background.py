"""Frames over another background, in the planes of video."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.compose.video_background import (
    beside,
    blurred,
    colour_planes,
    cropped,
    cut_out,
    over,
    sides,
)
from cleanplate.planes import ColourTags, PlaneFormat, planes_of, rgb_of, settled

TAGS = ColourTags(1, 1, 1, 1)
FORMATS = [PlaneFormat("420", 8), PlaneFormat("444", 8), PlaneFormat("422", 10), PlaneFormat("420", 10)]
RED, BLUE = (210, 40, 30), (40, 60, 200)


def empty(format: PlaneFormat, height: int, width: int) -> list[np.ndarray]:
    return [np.zeros(shape, format.dtype) for shape in format.shapes(height, width)]


def soft_disc(height: int = 150, width: int = 201) -> np.ndarray:
    cover = np.zeros((height, width), np.float32)
    cv2.circle(cover, (width // 2, height // 2), height // 3, 1, -1)
    return cv2.GaussianBlur(cover, (0, 0), 3)


def mixed(cover: np.ndarray, person=RED, behind=BLUE) -> np.ndarray:
    return np.rint(cover[..., None] * person + (1 - cover[..., None]) * behind).astype(np.uint8)


def levels(cover: np.ndarray, format: PlaneFormat) -> np.ndarray:
    return np.rint(cover * format.highest).astype(format.dtype)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("tags", [TAGS, ColourTags(6, 6, 6, 1), ColourTags(9, 18, 9, 2)])
def test_planes_and_colours_are_each_others_inverse(format, tags):
    image = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (51, 67, 3), np.uint8), (0, 0), 6)
    back = rgb_of(planes_of(image, format, tags), format, tags) * 255
    assert np.abs(back - image).max() < 5


def test_untagged_clips_are_read_by_their_height():
    assert settled(ColourTags(), 480).matrix == 6
    assert settled(ColourTags(), 1080).matrix == 1
    assert settled(ColourTags(matrix=9), 480).matrix == 9


@pytest.mark.parametrize("format", FORMATS)
def test_whole_and_no_person_come_through_unchanged(format):
    planes = planes_of(mixed(soft_disc()), format, TAGS)
    behind = colour_planes((0, 177, 64), 150, 201, format, TAGS)
    for level, expected in ((format.highest, planes), (0, behind)):
        alpha = np.full((150, 201), level, format.dtype)
        out = empty(format, 150, 201)
        over(planes, alpha, behind, out, clean=sides(planes, alpha))
        assert all(np.array_equal(each, other) for each, other in zip(out, expected, strict=True))


@pytest.mark.parametrize("format", FORMATS)
def test_cleaning_at_least_halves_the_halo(format):
    """Against the true composite of the disc with the new background."""
    cover = soft_disc()
    planes = planes_of(mixed(cover), format, TAGS)
    behind = colour_planes((255, 255, 255), 150, 201, format, TAGS)
    truth = mixed(cover, behind=(255, 255, 255))
    alpha = levels(cover, format)
    edge = (cover > 0.02) & (cover < 0.98)
    errors = []
    for clean in (sides(planes, alpha), None):
        out = empty(format, 150, 201)
        over(planes, alpha, behind, out, clean=clean)
        errors.append(np.abs(rgb_of(tuple(out), format, TAGS) * 255 - truth)[edge].mean())
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.parametrize("format", FORMATS)
def test_cut_outs_hold_the_persons_colours_only(format):
    cover = soft_disc()
    planes = planes_of(mixed(cover), format, TAGS)
    alpha = levels(cover, format)
    out = [*empty(format, 150, 201), np.zeros((150, 201), format.dtype)]
    cut_out(planes, alpha, out, clean=sides(planes, alpha), format=format)
    assert np.array_equal(out[3], alpha)
    colours = rgb_of(tuple(out[:3]), format, TAGS) * 255
    assert np.abs(colours[cover > 0.1] - RED).max() < 60
    assert (colours[..., 2] - colours[..., 0]).max() < 40


def test_blur_does_not_take_the_person_along():
    cover = soft_disc()
    format = PlaneFormat("420", 8)
    planes = planes_of(mixed(cover), format, TAGS)
    soft = blurred(planes, levels(cover, format), 12.0)
    colours = rgb_of(soft, format, TAGS) * 255
    assert np.abs(colours[cover < 0.01] - BLUE).max() < 25
    assert [plane.shape for plane in soft] == [plane.shape for plane in planes]


@pytest.mark.parametrize("format", FORMATS)
def test_cropping_and_putting_beside(format):
    planes = planes_of(np.random.default_rng(1).integers(0, 255, (81, 111, 3), np.uint8), format, TAGS)
    small = cropped(planes, 60, 80, format)
    assert [plane.shape for plane in small] == list(format.shapes(60, 80))
    wide = empty(format, 81, 222)
    beside(planes, planes, wide)
    assert np.array_equal(wide[0][:, :111], planes[0])
    assert np.array_equal(wide[0][:, 111:], planes[0])
