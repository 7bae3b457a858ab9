"""Cracks: branching, ragged breaks of the picture layer that show the paper."""

from __future__ import annotations

import math

import numpy as np

from cleanplate_training.data.damage.lines import Points, between, distance, fibres, flaked
from cleanplate_training.data.damage.mark import Mark


def crack(rng: np.random.Generator, height: int, width: int) -> Mark:
    """Draw one crack with its branches."""
    side = min(height, width)
    lines: list[Points] = []
    start = rng.uniform((0, 0), (width, height))
    _grow(rng, lines, start, rng.uniform(0, 2 * math.pi), rng.uniform(0.25, 1.1) * side, depth=3)
    half = math.exp(rng.uniform(math.log(0.35), math.log(1.0 + side / 260)))  # most are fine
    away = distance(height, width, lines)
    opacity = flaked(rng, away, half, ragged=rng.uniform(0.6, 1.4)) * np.float32(rng.uniform(0.8, 1))
    level = rng.uniform(0.75, 1.0) if rng.random() < 0.9 else rng.uniform(0.0, 0.2)
    return Mark("crack", opacity, fibres(rng, height, width, level))


def _grow(
    rng: np.random.Generator, lines: list[Points], start: Points, angle: float, length: float, *, depth: int
) -> None:
    end = start + length * np.array([math.cos(angle), math.sin(angle)])
    line = between(rng, start, end, wander=rng.uniform(0.03, 0.12))
    lines.append(line)
    if depth == 0 or length < 12:
        return
    for _ in range(int(rng.integers(0, 4))):
        place = line[int(rng.integers(1, len(line)))]
        turn = rng.choice([-1, 1]) * rng.uniform(0.3, 1.5)
        _grow(rng, lines, place, angle + turn, length * rng.uniform(0.15, 0.6), depth=depth - 1)
