"""Colours of a small picture joined to the light of the full one, along its edges.

After the guided filter (He, Sun, Tang, TPAMI 2013; fast form: He, Sun, arXiv 1505.00996) with light as the guide:
around each place of the small picture Cb and Cr change linearly with light; to the enlarged chroma comes what the light
that enlarging lost says, so colours end where the picture's edges are. The filter's own answer, which also smooths
chroma, was compared on ten photographs: it is further from the true colours than plain linear enlarging, this is nearer
(squared error 8.8, 5.4 and 4.9). Light itself is never filtered or resampled.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.colour.ycc import light, rgb
from cleanplate.types import Image

FloatArray = NDArray[np.float32]

_RADIUS = 2
"""Reach of the filter's windows, in pixels of the small picture."""
_EPSILON = 1e-3
"""Variance of light (0..1) below which a window counts as without edges."""
_BAND = 64


@dataclass(frozen=True)
class ChromaModel:
    """Chroma as a function of light at each place of a small picture.

    Attributes:
        slope: h x w x 2 float32, change of Cb and Cr with light.
        constant: h x w x 2 float32.
        lowest: h x w x 2 float32, least Cb and Cr near each place: what the function may not go below.
        highest: h x w x 2 float32, the same upwards.
    """

    slope: FloatArray
    constant: FloatArray
    lowest: FloatArray
    highest: FloatArray


def chroma_model(luma: FloatArray, chroma: FloatArray) -> ChromaModel:
    """Fit chroma to light.

    Args:
        luma: h x w float32, 0..1.
        chroma: h x w x 2 float32.
    """
    mean, mean_chroma = _mean(luma), _mean(chroma)
    joint = _mean(np.asarray(chroma * luma[..., None], np.float32)) - mean_chroma * mean[..., None]
    spread = _mean(luma * luma) - mean * mean
    slope = _mean(np.asarray(joint / (spread + np.float32(_EPSILON))[..., None], np.float32))
    constant = np.asarray(chroma - slope * luma[..., None], np.float32)
    kernel = np.ones((2 * _RADIUS + 1, 2 * _RADIUS + 1), np.uint8)
    lowest, highest = cv2.erode(chroma, kernel), cv2.dilate(chroma, kernel)
    return ChromaModel(slope, constant, np.asarray(lowest, np.float32), np.asarray(highest, np.float32))


def joined(image: Image, model: ChromaModel, *, threads: int = 1) -> Image:
    """The picture in the colours of a model.

    Args:
        image: H x W x 3 uint8 or uint16; only its light is used. Not changed.
        model: of any smaller size, in the proportions of the picture.
        threads: bands worked on at a time; the result does not depend on it.

    Returns:
        A new picture of the same dtype; its light differs by less than a level.
    """
    wide = _Widened(model, *image.shape[:2])
    result = np.empty_like(image)

    def fill(band: slice) -> None:
        y = light(image[band])
        result[band] = _levels(y, wide.chroma(band, y), image.dtype)

    _each_band(fill, len(image), threads)
    return result


def joined_alike(guide: Image, image: Image, model: ChromaModel, *, threads: int = 1) -> tuple[Image, Image]:
    """Two versions of a picture in the same colours, which end where the edges of the first are.

    Args:
        guide: H x W x 3 uint8 or uint16; only its light is used. Not changed.
        image: of the same size and dtype; only its light is used. Where it equals ``guide``, nothing is computed twice.
        model: of any smaller size, in the proportions of the pictures.
        threads: bands worked on at a time; the result does not depend on it.

    Returns:
        New pictures of the same dtype: ``guide`` and ``image`` in colours; their light differs by less than a level.
    """
    wide = _Widened(model, *guide.shape[:2])
    first, second = np.empty_like(guide), np.empty_like(guide)

    def fill(band: slice) -> None:
        y = light(guide[band])
        chroma = wide.chroma(band, y)
        second[band] = first[band] = _levels(y, chroma, guide.dtype)
        differs = (image[band] != guide[band]).any(axis=2)
        if differs.any():
            other = light(image[band][differs][:, None])
            second[band][differs] = _levels(other, chroma[differs][:, None], guide.dtype)[:, 0]

    _each_band(fill, len(guide), threads)
    return first, second


class _Widened:
    """A model at the width of the full picture, as enlarging row by row needs it."""

    def __init__(self, model: ChromaModel, height: int, width: int) -> None:
        self._height = height
        self._parts = [_widened(part, width) for part in (model.slope, model.constant, model.lowest, model.highest)]

    def chroma(self, band: slice, steering: FloatArray) -> FloatArray:
        """Cb and Cr of a band of the full picture where light is ``steering``: rows x W x 2."""
        slope, chroma, lowest, highest = (_rows(part, band, self._height) for part in self._parts)
        slope *= cv2.merge([steering, steering])
        chroma += slope
        return np.minimum(np.maximum(chroma, lowest, out=chroma), highest, out=chroma)


def _levels(y: FloatArray, chroma: FloatArray, dtype: np.dtype[Any]) -> Image:
    return cast("Image", np.rint(rgb(y, chroma) * np.float32(np.iinfo(dtype).max)).astype(dtype))


def _each_band(work: Callable[[slice], None], height: int, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, [slice(top, min(top + _BAND, height)) for top in range(0, height, _BAND)]):
            pass


def _mean(values: FloatArray) -> FloatArray:
    side = 2 * _RADIUS + 1
    border = cv2.BORDER_REFLECT_101 if min(values.shape[:2]) > 1 else cv2.BORDER_REPLICATE
    return np.asarray(cv2.blur(values, (side, side), borderType=border), np.float32)


def _widened(part: FloatArray, width: int) -> FloatArray:
    return np.asarray(cv2.resize(part, (width, len(part)), interpolation=cv2.INTER_LINEAR), np.float32)


def _rows(part: FloatArray, band: slice, height: int) -> FloatArray:
    """Rows of ``part`` (h x W x 2) enlarged to ``height``, linear between the centres of its rows."""
    places = (np.arange(band.start, band.stop) + 0.5) * (len(part) / height) - 0.5
    places = np.clip(places, 0, len(part) - 1)
    result = np.empty((len(places), *part.shape[1:]), np.float32)
    for row, place in zip(result, places, strict=True):
        above = int(place)
        share = float(place - above)
        # Row by row: all that one row needs stays in the cache.
        cv2.addWeighted(part[above], 1 - share, part[min(above + 1, len(part) - 1)], share, 0, dst=row)
    return result
