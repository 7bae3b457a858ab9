"""Augmentations keep the contract (uint8, seeded, input untouched) and carry annotations along exactly."""

import pickle

import numpy as np
import pytest

from cleanplate.errors import ArgumentError
from cleanplate_training.data.augment.blur import Defocus, GaussianBlur, MotionBlur, disk, path
from cleanplate_training.data.augment.chain import Chain
from cleanplate_training.data.augment.compression import Jpeg
from cleanplate_training.data.augment.geometry import RandomView, cropped, flipped, resized, warped
from cleanplate_training.data.augment.light import (
    BackLight,
    Darkness,
    Gamma,
    LineLight,
    PointLight,
    Temperature,
    to_linear,
    to_srgb,
)
from cleanplate_training.data.augment.noise import SensorNoise
from cleanplate_training.data.sample import Instance, Sample

HEIGHT, WIDTH = 48, 64
PHOTOMETRIC = [
    Gamma(), Temperature(), Darkness(), PointLight(), LineLight(), BackLight(), GaussianBlur(), Defocus(),
    MotionBlur(), SensorNoise(), Jpeg(),
]  # fmt: skip
ALL = [*PHOTOMETRIC, RandomView((40, 40), rotation=10, aspect=(0.6, 1.7)), flipped]


def scene():
    """A green rectangle on red: the picture itself says where the annotations belong."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:30, 16:40] = True
    picture = np.where(mask[..., None], (20, 220, 30), (220, 30, 20)).astype(np.uint8)
    alpha = mask.astype(np.uint8) * 255
    instances = (Instance("person", (16, 10, 40, 30), mask), Instance("box", (16, 10, 40, 30)))
    return Sample("k", picture, "s", "l", alpha=alpha, mask=mask, instances=instances, encoded=b"x")


@pytest.mark.parametrize("step", ALL, ids=lambda s: type(s).__name__)
def test_seeded_uint8_and_input_untouched(step):
    before, sample = scene(), scene()
    first, again = step(sample, np.random.default_rng(5)), step(sample, np.random.default_rng(5))
    np.testing.assert_array_equal(first.picture, again.picture)
    np.testing.assert_array_equal(sample.picture, before.picture)
    assert first.picture.dtype == np.uint8
    assert first.encoded is None
    assert not np.array_equal(first.picture, before.picture)
    if step is not flipped:
        assert not np.array_equal(first.picture, step(sample, np.random.default_rng(6)).picture)
        pickle.dumps(step)


@pytest.mark.parametrize("step", PHOTOMETRIC, ids=lambda s: type(s).__name__)
def test_light_blur_noise_leave_annotations_alone(step):
    after = step(scene(), np.random.default_rng(0))
    np.testing.assert_array_equal(after.alpha, scene().alpha)
    assert after.picture.shape == scene().picture.shape


@pytest.mark.parametrize("seed", range(20))
def test_annotations_follow_the_picture(seed):
    view = RandomView((40, 56), scale=(0.5, 1.0), rotation=15, aspect=(0.7, 1.4))
    after = view(scene(), np.random.default_rng(seed))
    green = after.picture[..., 1] > 125
    for name, plane in (("mask", after.mask), ("alpha", after.alpha > 127)):
        assert (plane != green).mean() < 0.01, name
    assert after.picture.shape == (40, 56, 3)
    for instance in after.instances:
        if instance.mask is not None:
            np.testing.assert_array_equal(instance.mask, after.mask)
            rows, columns = np.nonzero(instance.mask)
            assert instance.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_flip_crop_and_resize_are_exact():
    sample = scene()
    twice = flipped(flipped(sample))
    np.testing.assert_array_equal(twice.picture, sample.picture)
    assert [i.box for i in twice.instances] == [i.box for i in sample.instances]
    assert flipped(sample).instances[1].box == (24, 10, 48, 30)
    part = cropped(sample, 30, 5, 20, 20)
    np.testing.assert_array_equal(part.picture, sample.picture[5:25, 30:50])
    assert part.instances[1].box == (0, 5, 10, 20)
    assert cropped(sample, 0, 40, 10, 8).instances == ()
    double = resized(sample, 2 * HEIGHT, 2 * WIDTH)
    assert double.instances[0].box == (32, 20, 80, 60)
    np.testing.assert_array_equal(resized(double, HEIGHT, WIDTH).mask, sample.mask)


def test_warp_by_whole_pixels_is_a_shift_and_identity_changes_nothing():
    sample = scene()
    same = warped(sample, np.array([[1.0, 0, 0], [0, 1.0, 0]]), (HEIGHT, WIDTH))
    np.testing.assert_array_equal(same.picture, sample.picture)
    moved = warped(sample, np.array([[1.0, 0, 3], [0, 1.0, -2]]), (HEIGHT, WIDTH), border="black")
    np.testing.assert_array_equal(moved.picture[:-2, 3:], sample.picture[2:, :-3])
    assert not moved.alpha[:, :3].any()


def test_warp_shrinks_without_skipping_pixels():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = warped(Sample("k", stripes, "s", "l"), np.array([[0.25, 0, 0], [0, 0.25, 0]]), (16, 16))
    assert np.abs(small.picture.astype(int) - 128).max() < 3


def test_light_is_physical_where_it_can_be():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    np.testing.assert_array_equal(to_srgb(to_linear(levels)), levels)
    sample = scene()
    rng = np.random.default_rng
    assert Darkness()(sample, rng(0)).picture.mean() < sample.picture.mean() * 0.8
    assert PointLight()(sample, rng(0)).picture.mean() > sample.picture.mean()
    lit = BackLight(spill=0.0)(sample, rng(0)).picture.astype(int)
    assert (lit[sample.mask] < sample.picture[sample.mask]).mean() > 0.9
    assert (lit[~sample.mask] >= sample.picture[~sample.mask]).all()
    grey = Sample("k", np.full((8, 8, 3), 120, np.uint8), "s", "l")
    tones = [Temperature(tint=1.0)(grey, rng(seed)) for seed in range(8)]
    for tone in tones:
        red, green, blue = to_linear(tone.picture)[0, 0]
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue == pytest.approx(
            to_linear(grey.picture)[0, 0, 0], rel=0.03
        )
        assert (red >= green >= blue) or (red <= green <= blue)
    assert len({tone.picture.tobytes() for tone in tones}) > 4


def test_noise_has_the_stated_deviation():
    flat = Sample("k", np.full((200, 200, 3), 128, np.uint8), "s", "l")
    noisy = SensorNoise(shot=(0.06, 0.06), read=(0.02, 0.02), grain=0.0)(flat, np.random.default_rng(0)).picture
    assert noisy.std() == pytest.approx(255 * np.sqrt(0.02**2 + 0.06**2 * 128 / 255), rel=0.02)


def test_blur_kernels():
    for kernel in (disk(0.8), disk(3.3), path(9, 0.3, 0.5), path(3, 1.5, 0)):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert kernel.shape[0] == kernel.shape[1]
        assert kernel.shape[0] % 2 == 1
    assert np.count_nonzero(path(9, 0.0, 0.0).sum(axis=1)) == 1  # a level path stays in one row


def test_chain_applies_by_probability_and_keeps_steps_apart():
    noise, jpeg = SensorNoise(), Jpeg()
    sample = scene()
    never = Chain([(0.0, noise), (1.0, jpeg)])(sample, np.random.default_rng(1))
    only = Chain([(0.0, flipped), (1.0, jpeg)])(sample, np.random.default_rng(1))
    np.testing.assert_array_equal(never.picture, only.picture)
    changed = [
        not np.array_equal(Chain([(0.3, noise)])(sample, np.random.default_rng(s)).picture, sample.picture)
        for s in range(200)
    ]
    assert 0.2 < np.mean(changed) < 0.4
    with pytest.raises(ArgumentError, match="probability"):
        Chain([(1.1, noise)])


@pytest.mark.parametrize("options", [{"scale": (1.0, 0.5)}, {"aspect": (0, 1)}, {"border": "wrap"}])
def test_bad_views_are_refused(options):
    with pytest.raises(ArgumentError):
        RandomView((8, 8), **options)
