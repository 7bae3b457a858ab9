"""The tint of a print: in grey, sepia and toned prints colour follows light, and what is filled keeps to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Image, Mask

_SIDE = 512
"""Long side at which tint is looked at; grain is averaged away."""
_STEPS = 32
_FEW = 20
"""Fewer samples of one light say nothing about its tint."""
_USUAL = 98.0
"""Percent of the samples whose distance from the tint counts as usual: the rest is stains and writing."""
_ONE_TINT = 0.04
"""Distance (of the range) up to which the usual samples may be from the tint for fills to be held to it."""
_COLOURS = 0.18
"""Distance from which on a picture counts as one in colours; stained and unevenly faded prints reach 0.16."""
_BAND = 256
_SHARES = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Tint:
    """How the channels of a print differ from its light.

    Attributes:
        offsets: what red, green and blue are above light, by light in even steps of 0..1: steps x 3 float32, 0..1.
        usual: how far from that each of them usually is, 0..1: 3 float32.
    """

    offsets: NDArray[np.float32]
    usual: NDArray[np.float32]


GREY = Tint(np.zeros((_STEPS, 3), np.float32), np.zeros(3, np.float32))
"""No tint at all."""


def tint_of(image: Image, uncounted: Mask) -> Tint | None:
    """The tint of a print.

    Args:
        image: H x W x 3 uint8 or uint16.
        uncounted: H x W bool, pixels that say nothing, such as damage.

    Returns:
        The tint; None for a picture in colours, or if nothing is known.
    """
    tint = _measured(image, uncounted)
    return None if tint is None or float(tint.usual.max()) > _ONE_TINT else tint


def in_colours(image: Image) -> bool:
    """Whether a picture has colours that do not follow its light; grey, sepia and toned prints have few."""
    tint = _measured(image, np.zeros(image.shape[:2], np.bool_))
    return tint is not None and float(tint.usual.max()) > _COLOURS


def _measured(image: Image, uncounted: Mask) -> Tint | None:
    """What :func:`tint_of` returns, and the same of pictures in colours; None if nothing is known."""
    small, touched = image, uncounted
    zoom = _SIDE / max(image.shape[:2])
    if zoom < 1.0:
        size = max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom))
        small = cast("Image", cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        touched = cv2.resize(uncounted.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 0
    known = small[~touched]
    if len(known) < _FEW:
        return None
    light, offsets = _parts(known)
    places = np.rint(light * (_STEPS - 1)).astype(np.intp)
    seen = [place for place in range(_STEPS) if np.count_nonzero(places == place) >= _FEW]
    if not seen:
        return None
    medians = np.array([np.median(offsets[places == place], axis=0) for place in seen], np.float32)
    curve = np.stack([np.interp(np.arange(_STEPS), seen, medians[:, channel]) for channel in range(3)], axis=1)
    tint = Tint(curve.astype(np.float32), np.zeros(3, np.float32))
    usual = np.percentile(np.abs(offsets - _expected(tint, light)), _USUAL, axis=0).astype(np.float32)
    return Tint(tint.offsets, usual)


def keep_to(tint: Tint, image: Image, filled: Mask) -> None:
    """Bring what was filled back to the tint where it is further from it than usual; light stays. In place.

    Args:
        tint: of the print.
        image: H x W x 3 uint8 or uint16; changed where ``filled``.
        filled: H x W bool.
    """
    top = float(np.iinfo(image.dtype).max)
    for start in range(0, len(image), _BAND):
        band, inside = image[start : start + _BAND], filled[start : start + _BAND]
        if not inside.any():
            continue
        pixels = band[inside]
        light, offsets = _parts(pixels)
        expected = _expected(tint, light)
        kept = expected + np.clip(offsets - expected, -tint.usual, tint.usual)
        kept -= (kept @ _SHARES)[:, None]  # so that light stays
        off = np.abs(kept - offsets).max(axis=1) > 0.5 / top
        pixels[off] = np.rint(np.clip(light[off, None] + kept[off], 0, 1) * top).astype(image.dtype)
        band[inside] = pixels


def _parts(pixels: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Light of pixels (N x 3), 0..1, and what their channels are above it."""
    values = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    light = np.asarray(values @ _SHARES, np.float32)
    return light, np.asarray(values - light[:, None], np.float32)


def _expected(tint: Tint, light: NDArray[np.float32]) -> NDArray[np.float32]:
    at = np.linspace(0, 1, _STEPS)
    columns = [np.interp(light, at, tint.offsets[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1).astype(np.float32)
