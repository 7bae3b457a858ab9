"""What comes behind people."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.compose.backdrop import fitted, out_of_focus, over, plain
from cleanplate.compose.profiles import UNUSABLE, converted
from cleanplate.errors import ArgumentError
from tests.matting.pictures import disc_alpha, mixed


def test_cover_fills_and_contain_shows_all():
    strips = np.zeros((100, 300, 3), np.uint8)
    strips[:, :100, 0] = strips[:, 100:200, 1] = strips[:, 200:, 2] = 255
    cases = {(0.0, 0.5): 0, (0.5, 0.5): 1, (1.0, 0.5): 2}
    for place, channel in cases.items():
        filled = fitted(strips, 50, 50, fit="cover", place=place)
        assert filled.shape == (50, 50, 3)
        assert (filled.reshape(-1, 3).argmax(1) == channel).all()
    shown = fitted(strips, 60, 60, fit="contain")
    assert shown.shape == (60, 60, 3)
    middle = shown[30]
    assert [int(middle[x].argmax()) for x in (5, 30, 55)] == [0, 1, 2]
    assert (shown[5].max(axis=1) > 0).all()  # above and below it goes on, blurred


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_colour_of_the_people_bleeds_into_the_blur(dtype):
    alpha = disc_alpha(300, 400, (200, 150), 60)
    image = mixed(alpha, (255, 0, 0), (40, 120, 90), dtype=dtype)
    blurred = out_of_focus(image, alpha, 40)
    scale = np.iinfo(dtype).max / 255
    assert blurred.dtype == dtype
    assert np.abs(blurred / scale - [40, 120, 90]).max() < 2.5


def test_bright_spots_become_discs_of_light():
    image = np.zeros((216, 216, 3), np.uint8)
    image[100:104, 100:104] = 255
    blurred = out_of_focus(image, np.zeros((216, 216), np.float32), 20)  # a disc of radius 8
    profile = blurred[102, :, 0].astype(int)
    assert profile[102] > 40  # light adds up as light: in the picture's own encoding it would be below 20
    assert profile[96] == pytest.approx(profile[102], rel=0.25)
    assert profile[88] < 5


def test_blur_everything_hidden_and_no_blur():
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    assert np.isfinite(out_of_focus(image, np.ones((40, 50), np.float32), 12)).all()
    with pytest.raises(ArgumentError):
        out_of_focus(image, np.zeros((40, 50), np.float32), 501)


def test_alpha_over_is_exact_at_its_ends():
    rng = np.random.default_rng(1)
    people, behind = (rng.integers(0, 65535, (300, 40, 3), dtype=np.uint16) for _ in range(2))
    alpha = np.zeros((300, 40), np.float32)
    alpha[:, :10], alpha[:, 10:20] = 1, 0.25
    result = over(people, alpha, behind)
    assert (result[:, :10] == people[:, :10]).all()
    assert (result[:, 20:] == behind[:, 20:]).all()
    mixture = 0.25 * people[:, 10:20].astype(float) + 0.75 * behind[:, 10:20]
    assert np.abs(result[:, 10:20] - mixture).max() <= 1


def test_plain_colours_fill_the_range():
    assert plain((0, 255, 128), 2, 3, np.uint16).tolist()[0][0] == [0, 65535, 128 * 257]


def test_colours_follow_profiles():
    from PIL import ImageCms

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    same, notes = converted(image, srgb, srgb)
    assert same is image
    assert notes == ()
    near, notes = converted(image, None, srgb)
    assert np.abs(near.astype(int) - image).max() <= 2
    assert notes == ()
    kept, notes = converted(image, b"nonsense", srgb)
    assert kept is image
    assert notes == (UNUSABLE,)
