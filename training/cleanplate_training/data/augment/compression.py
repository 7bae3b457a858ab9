"""The marks of JPEG."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cleanplate_training.data.pixels import decode_rgb, encode_jpeg
from cleanplate_training.data.sample import Sample


@dataclass(frozen=True)
class Jpeg:
    """Compression and decompression at a quality from ``quality`` (1..100)."""

    quality: tuple[int, int] = (30, 90)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Leave JPEG's marks in the picture."""
        data = encode_jpeg(sample.picture, quality=int(rng.integers(self.quality[0], self.quality[1] + 1)))
        return replace(sample, picture=decode_rgb(data, name=sample.key), encoded=None)
