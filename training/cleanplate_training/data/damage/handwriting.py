"""Handwriting: a line of slanted loops in ink, as names and dates on the front of prints."""

from __future__ import annotations

import math

import numpy as np

from cleanplate_training.data.damage.lines import Points, drawn
from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.damage.texture import fractal

_INKS = ((0.12, 0.14, 0.3), (0.08, 0.08, 0.08), (0.25, 0.15, 0.1), (0.4, 0.1, 0.1), (0.97, 0.97, 0.95))


def handwriting(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw some words in one ink."""
    tall = rng.uniform(0.03, 0.09) * min(height, width)
    turn = rng.normal(0, 0.15)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    place = rng.uniform((0, 0.05 * height), (0.7 * width, height))
    opacity = np.zeros((height, width), np.float32)
    pen, x = int(rng.integers(1, 4)), 0.0
    for _ in range(int(rng.integers(1, 5))):
        letters = int(rng.integers(2, 9))
        word = _word(rng, letters, tall) + np.array((x, 0.0))
        x = float(word[:, 0].max()) + 0.8 * tall
        opacity = np.maximum(opacity, drawn(height, width, word @ rotation.T + place, pen))
    ink = _INKS[int(rng.integers(len(_INKS)))]
    flow = np.clip(0.85 + 0.2 * fractal(rng, height, width, 10, octaves=3), 0.3, 1)
    return Mark("handwriting", np.asarray(opacity * flow, np.float32), np.ones((height, width), np.float32), ink)


def _word(rng: np.random.Generator, letters: int, tall: float) -> Points:
    """Loops of changing height along a base line, slanted, N x 2."""
    at = np.linspace(0, letters, 14 * letters)
    heights = np.interp(at, np.arange(letters + 1), rng.choice([0.45, 0.5, 1.0, 0.55, -0.8], letters + 1))
    loops = np.interp(at, np.arange(letters + 1), rng.uniform(0.1, 0.5, letters + 1))
    phase = 2 * math.pi * at + np.interp(at, np.arange(letters + 1), rng.normal(0, 0.8, letters + 1))
    y = -heights * tall * (0.5 - 0.5 * np.cos(phase))
    x = 0.55 * tall * at + loops * tall * np.sin(phase)
    return np.column_stack([x - rng.uniform(0.2, 0.6) * y, y])
