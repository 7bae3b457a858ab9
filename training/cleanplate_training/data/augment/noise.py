"""Sensor noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from cleanplate_training.data.sample import Sample


@dataclass(frozen=True)
class SensorNoise:
    """Shot noise that grows with the signal, and read noise that does not, as a camera at high ISO has.

    The standard deviation at encoded value v (0..1) is ``sqrt(read^2 + shot^2 v)``.

    Attributes:
        shot: range of the shot term.
        read: range of the read term.
        grain: largest standard deviation, in pixels, of the blur that makes noise of neighbours alike (as demosaicing
            and noise reduction do).
    """

    shot: tuple[float, float] = (0.01, 0.08)
    read: tuple[float, float] = (0.004, 0.04)
    grain: float = 0.8

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Add noise to the picture."""
        shot, read = (math.exp(rng.uniform(math.log(low), math.log(high))) for low, high in (self.shot, self.read))
        noise = rng.standard_normal(sample.picture.shape, np.float32)
        sigma = rng.uniform(0, self.grain)
        if sigma > 0.3:
            noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float32)
            # Blurred white noise keeps 1 / (2 sigma sqrt(pi)) of its deviation.
            noise *= max(1.0, 2 * sigma * math.sqrt(math.pi))
        deviation = np.sqrt(read**2 + shot**2 * np.arange(256) / 255).astype(np.float32) * 255
        noisy = sample.picture + noise * deviation[sample.picture]
        return replace(sample, picture=np.clip(np.rint(noisy), 0, 255).astype(np.uint8), encoded=None)
