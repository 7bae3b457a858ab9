"""One metric a file; each is held against a reference implementation in ``tests/metrics``."""

from evaluation.metrics.l1 import l1
from evaluation.metrics.ms_ssim import ms_ssim
from evaluation.metrics.mse import mse
from evaluation.metrics.psnr import psnr
from evaluation.metrics.ssim import ssim

__all__ = ["l1", "ms_ssim", "mse", "psnr", "ssim"]
