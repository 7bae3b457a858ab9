"""Tears: a jagged break from the border inwards, wider at the border, its two lips of white fibres."""

from __future__ import annotations

import math

import numpy as np

from cleanplate_training.data.damage.lines import between, distance, fibres
from cleanplate_training.data.damage.mark import Mark
from cleanplate_training.data.damage.texture import fractal, soft_step


def torn(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw one tear; sometimes it gapes and shows the dark or light ground of the scanner."""
    start, inwards = _at_border(rng, height, width)
    angle = math.atan2(inwards[1], inwards[0]) + rng.normal(0, 0.5)
    length = rng.uniform(0.15, 0.9) * min(height, width)
    line = between(
        rng, start, start + length * np.array([math.cos(angle), math.sin(angle)]), wander=rng.uniform(0.03, 0.08)
    )
    away = distance(height, width, [line])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    depth = np.clip(1 - np.hypot(x - start[0], y - start[1]) / length, 0, 1)
    half = rng.uniform(1.0, 2.0 + min(height, width) / 120)
    ragged = 1 + 0.5 * fractal(rng, height, width, 8, octaves=3)
    opacity = soft_step(np.asarray((0.35 + depth) * half * ragged - away, np.float32), 1.2)
    tone = fibres(rng, height, width, rng.uniform(0.8, 1.0))
    if rng.random() < 0.4:
        gap = soft_step(np.asarray(0.45 * depth * half * ragged - away, np.float32), 1.0)
        tone = np.asarray(tone + gap * (np.float32(rng.choice([0.03, 0.97])) - tone), np.float32)
    return Mark("tear", opacity, tone)


def _at_border(rng: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A point of the picture's border and the direction into the picture."""
    along = rng.uniform(0.05, 0.95)
    places = (
        ((0.0, along * height), (1.0, 0.0)),
        ((width - 1.0, along * height), (-1.0, 0.0)),
        ((along * width, 0.0), (0.0, 1.0)),
        ((along * width, height - 1.0), (0.0, -1.0)),
    )
    start, inwards = places[int(rng.integers(4))]
    return np.array(start), np.array(inwards)
