"""Blur: of a lens out of focus, of motion, and plain Gaussian."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.sample import Sample


@dataclass(frozen=True)
class GaussianBlur:
    """Gaussian blur with a standard deviation from ``sigma``, in pixels."""

    sigma: tuple[float, float] = (0.4, 2.5)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Blur the picture; annotations stay."""
        blurred = cv2.GaussianBlur(sample.picture, (0, 0), rng.uniform(*self.sigma), borderType=cv2.BORDER_REFLECT)
        return replace(sample, picture=np.asarray(blurred, np.uint8), encoded=None)


@dataclass(frozen=True)
class Defocus:
    """The picture of a lens out of focus: the mean over a disk with a radius from ``radius``, in pixels."""

    radius: tuple[float, float] = (0.8, 4.0)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Blur the picture; annotations stay."""
        return _filtered(sample, disk(rng.uniform(*self.radius)))


@dataclass(frozen=True)
class MotionBlur:
    """A straight or slightly bent path of the camera, with a length from ``length``, in pixels."""

    length: tuple[float, float] = (3.0, 15.0)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Blur the picture; annotations stay."""
        return _filtered(sample, path(rng.uniform(*self.length), rng.uniform(0, math.pi), rng.uniform(-0.6, 0.6)))


def disk(radius: float) -> NDArray[np.float32]:
    """A disk of a radius in pixels as a kernel with sum 1 and soft rim."""
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel: NDArray[np.float32] = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def path(length: float, angle: float, bend: float) -> NDArray[np.float32]:
    """A camera path as a kernel with sum 1: ``bend`` is the turn of its direction over its length, in radians."""
    at = np.linspace(-0.5, 0.5, max(3, 4 * math.ceil(length)))
    direction = angle + bend * at
    x, y = (np.cumsum(part) * length / at.size for part in (np.cos(direction), np.sin(direction)))
    x, y = x - x.mean(), y - y.mean()
    reach = math.ceil(max(np.abs(x).max(), np.abs(y).max()))
    bins = np.arange(-reach - 0.5, reach + 1)
    kernel = np.histogram2d(y, x, bins=(bins, bins))[0].astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _filtered(sample: Sample, kernel: NDArray[np.float32]) -> Sample:
    picture = cv2.filter2D(sample.picture, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return replace(sample, picture=np.asarray(picture, np.uint8), encoded=None)
