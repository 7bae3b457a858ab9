"""Light: gamma, colour temperature, point and line lights, darkness and light from behind.

Light adds up in linear intensities, so these functions decode sRGB, act, and encode again, all through tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.sample import Sample

_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_STEPS = 4095
_FINE = np.arange(_STEPS + 1) / _STEPS
_ENCODED = np.round(255 * np.where(_FINE <= 0.0031308, _FINE * 12.92, 1.055 * _FINE ** (1 / 2.4) - 0.055)).astype(
    np.uint8
)
_MAP_SIDE = 48
"""Lights are smooth: their maps are drawn this small and enlarged."""


def to_linear(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Linear intensities 0..1, float32, of an sRGB uint8 picture."""
    return _LINEAR[picture]


def to_srgb(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """SRGB uint8 of linear intensities, clipped to 0..1."""
    return _ENCODED[(np.clip(linear, 0, 1) * _STEPS + 0.5).astype(np.uint16)]


@dataclass(frozen=True)
class Gamma:
    """Exponent on the encoded values, drawn evenly on a log scale between 1 / ``most`` and ``most``."""

    most: float = 1.6

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Lighten or darken the middle tones."""
        exponent = math.exp(rng.uniform(-1, 1) * math.log(self.most))
        table = np.round(255 * _LEVELS**exponent).astype(np.uint8)
        return replace(sample, picture=table[sample.picture], encoded=None)


@dataclass(frozen=True)
class Temperature:
    """Warmer or cooler light, and a little green or magenta, as gains of the channels.

    Attributes:
        most: largest gain between red and blue.
        tint: largest gain of green against both.
    """

    most: float = 1.5
    tint: float = 1.08

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Change the colour of the light."""
        warm, green = rng.uniform(-0.5, 0.5) * math.log(self.most), rng.uniform(-1, 1) * math.log(self.tint)
        gains = np.exp(np.array([warm, green, -warm]))
        gains /= gains @ np.array([0.2126, 0.7152, 0.0722])  # the same luminance for grey
        return replace(sample, picture=_by_channel(sample.picture, gains), encoded=None)


@dataclass(frozen=True)
class Darkness:
    """Less light: linear intensities times a factor from ``factor``, colours fading with it."""

    factor: tuple[float, float] = (0.08, 0.5)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Darken the picture."""
        factor = math.exp(rng.uniform(math.log(self.factor[0]), math.log(self.factor[1])))
        dark = _by_channel(sample.picture, np.full(3, factor))
        grey = cv2.cvtColor(cv2.cvtColor(dark, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        fading = rng.uniform(0, 0.5) * (1 - factor)
        return replace(
            sample, picture=np.asarray(cv2.addWeighted(dark, 1 - fading, grey, fading, 0), np.uint8), encoded=None
        )


@dataclass(frozen=True)
class PointLight:
    """A lamp, in or near the picture, with inverse-square fall-off.

    Attributes:
        strength: range of the light added at its centre, in linear units.
        radius: range of the distance at which half is left, as a share of the long side.
    """

    strength: tuple[float, float] = (0.2, 1.2)
    radius: tuple[float, float] = (0.1, 0.5)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Add one lamp."""
        y, x = _grid(sample)
        squared = (x - rng.uniform(-0.2, 1.2)) ** 2 + (y - rng.uniform(-0.2, 1.2)) ** 2
        return _lit(sample, squared, self.strength, self.radius, rng)


@dataclass(frozen=True)
class LineLight:
    """A light tube, a window's edge or a sunbeam: light that falls off with the distance from a line.

    Attributes:
        strength: range of the light added on the line, in linear units.
        radius: range of the distance at which half is left, as a share of the long side.
    """

    strength: tuple[float, float] = (0.2, 1.0)
    radius: tuple[float, float] = (0.05, 0.3)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Add one line of light."""
        y, x = _grid(sample)
        angle = rng.uniform(0, math.pi)
        squared = ((x - rng.uniform(0, 1)) * math.sin(angle) - (y - rng.uniform(0, 1)) * math.cos(angle)) ** 2
        return _lit(sample, squared, self.strength, self.radius, rng)


@dataclass(frozen=True)
class BackLight:
    """Light from behind: the subject dark, its surroundings bright, and a glow that spills over the edge.

    The subject is the alpha, else the mask, else all instances; without any, the middle of the picture.

    Attributes:
        subject: range of the factor on the subject's linear intensities.
        background: range of the factor on everything else's.
        spill: largest share of the surrounding glow that is added everywhere (veiling glare).
    """

    subject: tuple[float, float] = (0.15, 0.6)
    background: tuple[float, float] = (1.1, 2.5)
    spill: float = 0.15

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Light the picture from behind."""
        inside = _subject(sample)
        dim, bright = rng.uniform(*self.subject), rng.uniform(*self.background)
        linear = to_linear(sample.picture) * (bright + (dim - bright) * inside)[..., np.newaxis]
        small = cv2.resize(np.minimum(linear, 1), (_MAP_SIDE, _MAP_SIDE), interpolation=cv2.INTER_AREA)
        glow = cv2.GaussianBlur(small, (0, 0), _MAP_SIDE / 8)
        size = (linear.shape[1], linear.shape[0])
        linear += rng.uniform(0, self.spill) * cv2.resize(glow, size, interpolation=cv2.INTER_LINEAR)
        return replace(sample, picture=to_srgb(linear), encoded=None)


def _by_channel(picture: NDArray[np.uint8], gains: NDArray[np.float64]) -> NDArray[np.uint8]:
    tables = np.stack([to_srgb((_LINEAR * gain).astype(np.float32)) for gain in gains], axis=-1)
    return np.asarray(cv2.LUT(picture, tables[np.newaxis]), np.uint8)


def _grid(sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates of a small map, in long sides of the picture."""
    height, width = sample.picture.shape[:2]
    longest = max(height, width)
    y, x = np.mgrid[:_MAP_SIDE, :_MAP_SIDE].astype(np.float32) / (_MAP_SIDE - 1)
    return y * (height / longest), x * (width / longest)


def _lit(
    sample: Sample,
    squared: NDArray[np.float32],
    strength: tuple[float, float],
    radius: tuple[float, float],
    rng: np.random.Generator,
) -> Sample:
    """Light with fall-off added: mostly reflected by what is there, a little as veil, in a random warm or cool tone."""
    height, width = sample.picture.shape[:2]
    fall_off = rng.uniform(*strength) / (1 + squared / rng.uniform(*radius) ** 2)
    light = cv2.resize(fall_off.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    tone = np.exp(rng.uniform(-0.25, 0.25) * np.array([1, 0, -1], np.float32)).astype(np.float32)
    linear = to_linear(sample.picture)
    veil = np.float32(rng.uniform(0, 0.15))
    linear += light[..., np.newaxis] * tone * (2 * linear + veil)
    return replace(sample, picture=to_srgb(linear), encoded=None)


def _subject(sample: Sample) -> NDArray[np.float32]:
    """float32 H x W, 1 on the subject."""
    if sample.alpha is not None:
        return np.asarray(sample.alpha / 255, np.float32)
    masks = [sample.mask] if sample.mask is not None else [i.mask for i in sample.instances or () if i.mask is not None]
    if masks:
        joined = np.logical_or.reduce([mask for mask in masks if mask is not None]).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(joined, (0, 0), 1.0), np.float32)
    y, x = _grid(sample)
    middle = np.exp(-((x - x.max() / 2) ** 2 + (y - y.max() / 2) ** 2) / 0.06).astype(np.float32)
    return np.asarray(cv2.resize(middle, sample.picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
