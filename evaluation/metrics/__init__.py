"""One metric a file; each is held against a reference implementation in ``tests/metrics``.

Nothing beyond numpy and OpenCV is imported until it is used: PyTorch by the distances on deep features,
pycocotools by the average precision.
"""

from evaluation.metrics.average_precision import Objects, average_precision
from evaluation.metrics.bootstrap import Interval, bootstrap
from evaluation.metrics.boundary_f import boundary_f
from evaluation.metrics.colourfulness import colourfulness
from evaluation.metrics.connectivity import connectivity
from evaluation.metrics.deep_features import lite_features
from evaluation.metrics.dtssd import dtssd
from evaluation.metrics.frechet_distance import frechet_distance, frechet_distance_lite0
from evaluation.metrics.gradient import gradient
from evaluation.metrics.iou import iou
from evaluation.metrics.kernel_distance import kernel_distance, kernel_distance_difference, kernel_distance_lite0
from evaluation.metrics.l1 import l1
from evaluation.metrics.mad import mad
from evaluation.metrics.ms_ssim import ms_ssim
from evaluation.metrics.mse import mse
from evaluation.metrics.psnr import psnr
from evaluation.metrics.ssim import ssim

__all__ = [
    "Interval",
    "Objects",
    "average_precision",
    "bootstrap",
    "boundary_f",
    "colourfulness",
    "connectivity",
    "dtssd",
    "frechet_distance",
    "frechet_distance_lite0",
    "gradient",
    "iou",
    "kernel_distance",
    "kernel_distance_difference",
    "kernel_distance_lite0",
    "l1",
    "lite_features",
    "mad",
    "ms_ssim",
    "mse",
    "psnr",
    "ssim",
]
