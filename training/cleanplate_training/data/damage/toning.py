"""From a colour photograph to an old print's grey, sepia, or faded colours."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate_training.data.damage.mark import Plane

Colour = tuple[float, float, float]
_WHITE: Colour = (1.0, 1.0, 1.0)


def toned(picture: Plane, rng: np.random.Generator, *, colour: float = 0.12) -> tuple[Plane, Colour]:
    """Return the toned picture (float32 H x W x 3, 0..1) and the colour of its bare paper.

    Args:
        picture: float32 H x W x 3, 0..1.
        rng: source of randomness.
        colour: share of pictures that stay in colour, with a cast, as prints from about 1950 on.
    """
    if rng.random() < colour:
        cast = 1 + rng.normal(0, 0.06, 3)
        paper = _as_colour(np.clip(cast, 0.85, 1.0))
        return np.asarray(np.clip(picture * cast, 0, 1), np.float32), paper
    light = grey(picture, rng)
    if rng.random() < 0.4:
        paper = _WHITE if rng.random() < 0.6 else (1.0, 0.985, 0.94)
        return np.asarray(light[..., None] * np.array(paper, np.float32), np.float32), paper
    # Sepia: silver turned to brown sulphide, paper turned to cream; both to a different degree.
    warmth, cream = rng.uniform(0.3, 1.0), rng.uniform(0.2, 1.0)
    dark = np.array([0.13, 0.07, 0.03], np.float32) * np.float32(warmth)
    middle = np.array([0.02, -0.02, -0.09], np.float32) * np.float32(warmth)
    paper_colour = 1 - np.array([0.03, 0.08, 0.22], np.float32) * np.float32(cream)
    value = light[..., None]
    tinted = dark * (1 - value) + paper_colour * value + 4 * value * (1 - value) * middle
    return np.asarray(np.clip(tinted, 0, 1), np.float32), _as_colour(paper_colour)


def grey(picture: Plane, rng: np.random.Generator) -> Plane:
    """Return float32 H x W as an old emulsion saw the scene: often nearly blind to red, with its own contrast."""
    early = rng.uniform(0, 1) ** 2
    weights = (1 - early) * np.array([0.299, 0.587, 0.114]) + early * np.array([0.05, 0.45, 0.5])
    light = picture @ weights.astype(np.float32)
    contrast, gamma = rng.uniform(0.85, 1.35), np.exp(rng.normal(0, 0.15))
    value = np.clip((np.clip(light, 0, 1) ** gamma - 0.5) * contrast + 0.5 + rng.normal(0, 0.04), 0, 1)
    return np.asarray(cv2.GaussianBlur(value, (0, 0), 0.3), np.float32)


def _as_colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
