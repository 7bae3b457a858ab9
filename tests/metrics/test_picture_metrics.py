"""PSNR, SSIM, MS-SSIM, L1 and MSE against scikit-image, pytorch-msssim and values worked out by hand."""

import math

import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim as reference_ms_ssim
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from cleanplate.errors import ArgumentError, ArrayError
from evaluation.metrics import l1, ms_ssim, mse, psnr, ssim


def pair(height: int, width: int, *, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture with structure at several scales, and a noisy shifted copy; uint8 RGB."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (3 + 7 * c)) * np.cos(y / (5 + 4 * c)) for c in range(3)]
    clean = 128 + 70 * np.stack(waves, -1) + rng.normal(0, 12, (height, width, 3))
    other = np.roll(clean, 1, axis=1) + rng.normal(0, noise, clean.shape)
    return tuple(np.clip(np.round(p), 0, 255).astype(np.uint8) for p in (clean, other))


def skimage_ssim(a, b, data_range, **options):
    channel_axis = -1 if a.ndim == 3 else None
    return structural_similarity(
        a, b, data_range=data_range, channel_axis=channel_axis, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, **options,
    )  # fmt: skip


@pytest.mark.parametrize("noise", [0.5, 20.0])
@pytest.mark.parametrize("shape", [(40, 57), (64, 11)])
def test_psnr_mse_ssim_agree_with_scikit_image(shape, noise):
    a, b = pair(*shape, noise=noise)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), rel=1e-10)
    assert mse(a, b) == pytest.approx(mean_squared_error(a, b) / 255**2, rel=1e-10)
    assert ssim(a, b) == pytest.approx(skimage_ssim(a, b, 255), abs=1e-10)


def test_ssim_of_grey_floats_and_of_a_region_agree_with_scikit_image():
    a, b = (p[..., 1] / 255.0 for p in pair(50, 60, noise=15))
    score, full_map = skimage_ssim(a, b, 1.0, full=True)
    assert ssim(a, b, data_range=1.0) == pytest.approx(score, abs=1e-10)
    mask = np.zeros(a.shape, bool)
    mask[12:30, 20:41] = True
    assert ssim(a, b, data_range=1.0, mask=mask) == pytest.approx(full_map[mask].mean(), abs=1e-10)


@pytest.mark.parametrize("noise", [2.0, 40.0])
def test_ms_ssim_agrees_with_pytorch_msssim(noise):
    a, b = pair(192, 208, noise=noise)
    tensors = [torch.from_numpy(p.astype(np.float64)).permute(2, 0, 1)[None] for p in (a, b)]
    expected = reference_ms_ssim(*tensors, data_range=255, size_average=True).item()
    assert ms_ssim(a, b) == pytest.approx(expected, abs=5e-6)  # its window is float32
    assert ms_ssim(a, b, mask=np.ones(a.shape[:2], bool)) == pytest.approx(ms_ssim(a, b), abs=1e-12)


def test_known_values():
    black, grey = np.zeros((12, 12, 3), np.uint8), np.full((12, 12, 3), 51, np.uint8)
    assert l1(black, grey) == pytest.approx(0.2)
    assert mse(black, grey) == pytest.approx(0.04)
    assert psnr(black, grey) == pytest.approx(-10 * math.log10(0.04))
    assert psnr(grey, grey) == math.inf
    assert ssim(grey, grey) == pytest.approx(1.0)
    # No variance at all leaves the luminance term: C1 / (51^2 + C1) with C1 = 2.55^2.
    assert ssim(black, grey) == pytest.approx(2.55**2 / (51**2 + 2.55**2))
    assert psnr(black.astype(np.uint16), (grey * np.uint16(257))) == pytest.approx(-10 * math.log10(0.04))


def test_only_masked_pixels_count():
    a, b = pair(200, 200, noise=10)
    hole = np.zeros((200, 200), bool)
    hole[60:140, 60:140] = True
    spoiled = b.copy()
    spoiled[~hole] = 0
    assert psnr(a, b, mask=hole) == psnr(a, spoiled, mask=hole) != psnr(a, spoiled)
    assert l1(a, b, mask=hole) == l1(a, spoiled, mask=hole)
    assert ms_ssim(a, b, mask=hole) > ms_ssim(a, spoiled)


def test_better_copies_score_better():
    scores = [[metric(*pair(192, 192, noise=n)) for n in (1, 10, 40)] for metric in (psnr, ssim, ms_ssim)]
    assert all(s == sorted(s, reverse=True) for s in scores)


@pytest.mark.parametrize("metric", [psnr, mse, l1, ssim, ms_ssim])
def test_bad_input_is_refused(metric):
    a = np.zeros((180, 180, 3), np.uint8)
    with pytest.raises(ArrayError, match="shape"):
        metric(a, a[:-1])
    with pytest.raises(ArrayError, match="uint16"):
        metric(a, a.astype(np.uint16))
    with pytest.raises(ArgumentError, match="data_range"):
        metric(a.astype(np.float32), a.astype(np.float32))
    with pytest.raises(ArgumentError, match="positive"):
        metric(a, a, data_range=0)
    with pytest.raises(ArrayError, match="selects no pixel"):
        metric(a, a, mask=np.zeros((180, 180), bool))
    with pytest.raises(ArrayError, match="finite"):
        metric(np.full((180, 180), np.nan), np.zeros((180, 180)), data_range=1)


def test_too_small_pictures_are_refused():
    small = np.zeros((175, 300, 3), np.uint8)
    with pytest.raises(ArrayError, match="176"):
        ms_ssim(small, small)
    with pytest.raises(ArrayError, match="11 pixels"):
        ssim(small[:10], small[:10])
