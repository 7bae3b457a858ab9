"""Matting metrics against plain implementations written from the papers: scipy filters, and flood fill by hand."""

from collections import deque

import numpy as np
import pytest
from scipy import ndimage

from cleanplate.errors import ArgumentError, ArrayError
from evaluation.metrics import connectivity, dtssd, gradient, mad, mse


def matte(seed, shape=(40, 50), softness=2.0):
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=shape), softness)
    return np.clip(field / field.std() * 0.6 + 0.4, 0, 1).astype(np.float32)


def slow_gradient(predicted, truth, mask):
    """Two-dimensional kernels built whole and correlated by scipy."""
    sigma, radius = 1.4, 4  # exp(-r^2 / 2 sigma^2) / (sqrt(2 pi) sigma) < 0.01 from r = 3.2 on
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(float)
    gauss = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    kernels = [axis * gauss / np.sqrt(np.sum((axis * gauss) ** 2)) for axis in (x, y)]
    magnitudes = [
        np.sqrt(sum(ndimage.correlate(m.astype(float), k, mode="nearest") ** 2 for k in kernels))
        for m in (predicted, truth)
    ]
    return ((magnitudes[0] - magnitudes[1])[mask] ** 2).sum() / 1000


def flooded(mask):
    """The largest 4-connected region, found by breadth-first search."""
    seen, largest = np.zeros(mask.shape, bool), set()
    for start in zip(*np.nonzero(mask), strict=True):
        if seen[start]:
            continue
        region, queue = {start}, deque([start])
        seen[start] = True
        while queue:
            i, j = queue.popleft()
            for n in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if 0 <= n[0] < mask.shape[0] and 0 <= n[1] < mask.shape[1] and mask[n] and not seen[n]:
                    seen[n] = True
                    region.add(n)
                    queue.append(n)
        largest = max(largest, region, key=len)
    return largest


def slow_connectivity(predicted, truth, mask):
    bodies = [flooded(np.minimum(predicted, truth) >= level / 10) for level in range(1, 11)]
    total = 0.0
    for i, j in zip(*np.nonzero(mask), strict=True):
        level = 0
        while level < 10 and (i, j) in bodies[level]:
            level += 1
        phi = []
        for m in (predicted, truth):
            gap = float(m[i, j]) - level / 10
            phi.append(1 - (gap if gap >= 0.15 else 0))
        total += abs(phi[0] - phi[1])
    return total / 1000


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("banded", [False, True])
def test_gradient_and_connectivity_agree_with_plain_implementations(seed, banded):
    predicted, truth = matte(seed), matte(seed + 10)
    band = (truth > 0.1) & (truth < 0.9) if banded else np.ones(truth.shape, bool)
    mask = band if banded else None
    assert gradient(predicted, truth, mask=mask) == pytest.approx(slow_gradient(predicted, truth, band), rel=1e-9)
    assert connectivity(predicted, truth, mask=mask) == pytest.approx(
        slow_connectivity(predicted, truth, band), rel=1e-6
    )


def test_connectivity_counts_an_island_and_spares_a_rim():
    truth = np.zeros((30, 30), np.float32)
    truth[5:20, 5:20] = 1
    island, rim = truth.copy(), truth.copy()
    island[25:28, 25:28] = 1  # 9 pixels off the body
    rim[5:20, 20] = 0.1  # below the least gap of 0.15
    assert connectivity(island, truth) == pytest.approx(9 / 1000)
    assert connectivity(rim, truth) == 0
    assert connectivity(truth, truth) == 0


def test_gradient_of_a_step_is_that_of_the_kernel():
    flat, step = np.zeros((31, 31), np.float32), np.zeros((31, 31), np.float32)
    step[:, 16:] = 1
    at = np.arange(-4, 5)
    gauss = np.exp(-(at**2) / (2 * 1.4**2))
    smooth, slope = gauss / np.linalg.norm(gauss), at * gauss / np.linalg.norm(at * gauss)
    responses = [smooth.sum() * slope[at >= offset].sum() for offset in range(-4, 5)]
    assert gradient(step, flat) == pytest.approx(31 * np.square(responses).sum() / 1000, rel=1e-9)


def test_mad_mse_of_mattes():
    a, b = matte(1), matte(2)
    assert mad(a, b) == pytest.approx(np.abs(a.astype(float) - b).mean())
    assert mse(a, b, data_range=1) == pytest.approx(((a.astype(float) - b) ** 2).mean())
    band = a > 0.5
    assert mad(a, b, mask=band) == pytest.approx(np.abs(a.astype(float) - b)[band].mean())
    with pytest.raises(ArrayError, match="float32"):
        mad(a.astype(np.float64), b)
    with pytest.raises(ArrayError, match=r"0\.\.1"):
        mad(a + 1, b)


def test_dtssd():
    truth = [matte(s) for s in range(4)]
    predicted = [matte(s + 20) for s in range(4)]
    expected = np.mean([
        np.sqrt(np.mean(((predicted[t] - predicted[t - 1]) - (truth[t] - truth[t - 1])).astype(float) ** 2))
        for t in range(1, 4)
    ])  # fmt: skip
    assert dtssd(predicted, truth) == pytest.approx(expected, rel=1e-5)
    assert dtssd(iter(predicted), iter(truth)) == dtssd(predicted, truth)
    offset = [np.clip(t * 0.5 + 0.25, 0, 1) for t in [truth[0]] * 4]
    assert dtssd(offset, [truth[0]] * 4) == 0  # wrong, but steady
    flicker = [np.full((8, 8), level, np.float32) for level in (0, 0.5, 0, 0.5)]
    assert dtssd(flicker, [np.zeros((8, 8), np.float32)] * 4) == pytest.approx(0.5)


def test_dtssd_refuses_clips_that_do_not_match():
    frame = matte(0)
    with pytest.raises(ArgumentError, match="two frames"):
        dtssd([frame], [frame])
    with pytest.raises(ArgumentError, match="number of frames"):
        dtssd([frame] * 3, [frame] * 2)
    with pytest.raises(ArrayError, match="picture is"):
        dtssd([frame, frame[:5]], [frame, frame[:5]])
