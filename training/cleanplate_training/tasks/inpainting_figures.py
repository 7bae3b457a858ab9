"""How good fills are: errors within the hole, and how far their features are from those of the photographs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cleanplate_training.models import efficientnet_lite
from cleanplate_training.models.efficientnet_lite import MEAN, STD, EfficientNetLite

_LEVELS = (1, 2, 3)
"""Levels of EfficientNet-lite0 that are compared: strides 4, 8 and 16, from grain to parts of things."""
_SSIM_WINDOW = 7


class FillFigures:
    """Adds up figures over batches of completed pictures.

    ``hole_l1`` and ``psnr`` are taken over the pixels of each hole, ``ssim`` over the windows that touch it, then the
    mean over pictures. ``feature_distance`` is the squared maximum mean discrepancy with a cubic kernel (the kernel
    inception distance of Binkowski et al. 2018, arXiv 1801.01401) of EfficientNet-lite0 features averaged over the
    hole, between fills and what was there before: unlike the others it does not reward blur.
    """

    def __init__(self) -> None:
        self.network: EfficientNetLite | None = None
        self._sums = {"hole_l1": 0.0, "psnr": 0.0, "ssim": 0.0}
        self._real: list[Tensor] = []
        self._fake: list[Tensor] = []
        self._count = 0

    def add(self, filled: Tensor, truth: Tensor, mask: Tensor) -> None:
        """Add completed pictures.

        Args:
            filled: ``N x 3 x H x W`` in 0..1, equal to the truth outside the holes.
            truth: Same shape.
            mask: ``N x 1 x H x W``, 1 = hole.
        """
        area = mask.sum(dim=(1, 2, 3)) * filled.shape[1]
        error = (filled - truth) * mask
        squared = error.square().sum(dim=(1, 2, 3)) / area
        self._sums["hole_l1"] += float((error.abs().sum(dim=(1, 2, 3)) / area).sum())
        self._sums["psnr"] += float((-10 * torch.log10(squared.clamp(min=1e-10))).sum())
        self._sums["ssim"] += float(hole_ssim(filled, truth, mask).sum())
        self._real.append(self._features(truth, mask))
        self._fake.append(self._features(filled, mask))
        self._count += len(filled)

    def result(self) -> dict[str, float]:
        """Return the figures of everything that was added."""
        means = {name: total / self._count for name, total in self._sums.items()}
        return {**means, "feature_distance": kernel_distance(torch.cat(self._fake), torch.cat(self._real))}

    def _features(self, pictures: Tensor, mask: Tensor) -> Tensor:
        if self.network is None:
            self.network = efficientnet_lite.load("lite0", head=False).requires_grad_(False).to(pictures.device)
        levels = self.network.features((pictures - MEAN) / STD)
        rows = []
        for level in _LEVELS:
            _, _, height, width = levels[level].shape
            share = functional.adaptive_avg_pool2d(mask, (height, width))
            rows.append((levels[level] * share).sum(dim=(2, 3)) / share.sum(dim=(2, 3)))
        return torch.cat(rows, dim=1).double().cpu()


def kernel_distance(fake: Tensor, real: Tensor) -> float:
    """Return the unbiased squared maximum mean discrepancy with the kernel ``(x.y / d + 1) ** 3``.

    Args:
        fake: Features, ``N x d``, N at least 2.
        real: Features, ``M x d``; each of the d is scaled to deviation 1 over these rows.
    """
    mean, deviation = real.mean(dim=0), real.std(dim=0).clamp(min=1e-6)
    fake, real = (fake - mean) / deviation, (real - mean) / deviation

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(a: Tensor) -> Tensor:
        whole = kernel(a, a)
        return (whole.sum() - whole.diagonal().sum()) / (len(a) * (len(a) - 1))

    return float(within(fake) + within(real) - 2 * kernel(fake, real).mean())


def hole_ssim(filled: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the structural similarity (Wang et al. 2004) of each picture, ``N``, over windows that touch the hole.

    Flat windows of 7 x 7 pixels, mean over the colours; pictures ``N x C x H x W`` in 0..1.
    """

    def mean(x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, _SSIM_WINDOW, 1)

    one, other = mean(filled), mean(truth)
    variances = mean(filled.square()) - one.square() + mean(truth.square()) - other.square()
    shared = mean(filled * truth) - one * other
    light = (2 * one * other + 0.01**2) / (one.square() + other.square() + 0.01**2)
    similar = (light * (2 * shared + 0.03**2) / (variances + 0.03**2)).mean(dim=1, keepdim=True)
    touched = functional.max_pool2d(mask, _SSIM_WINDOW, 1)
    return (similar * touched).sum(dim=(1, 2, 3)) / touched.sum(dim=(1, 2, 3)).clamp(min=1)
