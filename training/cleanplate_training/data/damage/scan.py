"""What the scanner adds: a little softness or sharpening, noise, and JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate_training.data.damage.mark import Plane


def scanned(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return the picture (float32 H x W x 3, 0..1) as it comes out of a file."""
    kind = rng.random()
    if kind < 0.4:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.8)), np.float32)
    elif kind < 0.6:
        blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 1.5))
        picture = np.asarray(picture + rng.uniform(0.2, 0.9) * (picture - blurred), np.float32)
    noisy = picture + rng.uniform(0, 0.012) * rng.standard_normal(picture.shape, np.float32)
    eight = np.asarray(np.rint(np.clip(noisy, 0, 1) * 255), np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))]
        eight = np.asarray(cv2.imdecode(cv2.imencode(".jpg", eight, quality)[1], cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(eight, np.float32) / np.float32(255)
