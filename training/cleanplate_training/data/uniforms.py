"""Insignia and parts of uniforms on people: ribbons, medals, buttons and collar tabs in the colours that they have.

Old portraits show many uniforms, modern photographs hardly any; without examples a network paints every ribbon grey.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.sample import Sample

_RIBBONS = ((150, 20, 30), (20, 40, 120), (225, 220, 205), (30, 90, 50), (215, 170, 40), (15, 15, 20), (110, 60, 130))
_METALS = ((196, 160, 75), (190, 190, 186), (150, 105, 60))
_CLOTHS = ((92, 88, 58), (70, 82, 92), (38, 48, 72), (110, 112, 108), (120, 98, 68), (60, 62, 58))
_LEAST_CLOTH = 0.85
"""Share of the chest that must be told from skin for the clothes to be dyed."""
_TABS = ((150, 25, 30), (60, 70, 55), (225, 200, 90), (25, 30, 40), (205, 205, 200))


def in_uniform(person: Sample, rng: np.random.Generator) -> Sample:
    """Return a cut-out whose clothes have the colour of a uniform, with ribbons, medals or buttons on the chest.

    Clothes are taken for what lies below the head, is far from the colour of skin and belongs to the person.

    Args:
        person: with alpha, upright, the head near the upper border.
        rng: source of randomness.
    """
    if person.alpha is None:
        return person
    inside = person.alpha > 200
    rows = np.flatnonzero(inside.any(axis=1))
    if rows.size < 48:
        return person
    picture = person.picture.copy()
    top, tall = int(rows[0]), int(rows.size)
    clothes = inside & ~skin(picture)
    clothes[: top + tall // 6] = False
    chest = slice(top + tall // 4, top + tall * 2 // 3)
    # Beige clothes are taken for skin, and half dyed they would look torn.
    told_apart = clothes[chest].sum() > _LEAST_CLOTH * max(1, int(inside[chest].sum()))
    if told_apart and rng.random() < 0.7:
        picture = _dyed(picture, clothes, _CLOTHS[int(rng.integers(len(_CLOTHS)))])
    columns = np.flatnonzero(clothes[min(top + tall // 3, len(clothes) - 1)])
    if columns.size < 24:
        return replace(person, picture=picture, encoded=None)
    middle, wide = int(columns.mean()), int(columns.size)
    drawn = picture.copy()
    y = top + round(tall * rng.uniform(0.28, 0.4))
    if rng.random() < 0.6:
        _ribbons(drawn, rng, middle + round(0.1 * wide), y, max(3, wide // 14))
    if rng.random() < 0.5:
        _buttons(drawn, rng, middle, y, top + tall, max(2, wide // 36))
    if rng.random() < 0.5:
        _tabs(drawn, rng, middle, top + round(0.22 * tall), max(4, wide // 10))
    # Light and folds of the cloth go on over what was pasted.
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    shade = (light + 40) / (cv2.GaussianBlur(light, (0, 0), max(2.0, wide / 30)) + 40)
    pasted = clothes & (drawn != picture).any(axis=2)
    picture[pasted] = np.clip(drawn * shade[..., None].clip(0.6, 1.5), 0, 255).astype(np.uint8)[pasted]
    return replace(person, picture=picture, encoded=None)


def skin(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where the colour is that of skin, by the usual range of Cb and Cr (Chai and Ngan 1999)."""
    ycc = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    red, blue = ycc[..., 1], ycc[..., 2]
    return np.asarray((red >= 133) & (red <= 173) & (blue >= 77) & (blue <= 127))


def _dyed(picture: NDArray[np.uint8], where: NDArray[np.bool_], cloth: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The clothes in another colour, with their own light."""
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = float(light[where].mean()) if where.any() else 128.0
    dyed = (light / max(mean, 20.0))[..., None].clip(0.25, 1.8) * np.array(cloth, np.float32)
    soft = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 0.8)[..., None]
    return np.asarray(np.clip(picture + soft * (dyed - picture), 0, 255), np.uint8)


def _ribbons(canvas: NDArray[np.uint8], rng: np.random.Generator, x: int, y: int, side: int) -> None:
    for row in range(int(rng.integers(1, 3))):
        for place in range(int(rng.integers(1, 5))):
            left, top = x + place * (2 * side + 1), y + row * (side + 1)
            stripes = [_RIBBONS[int(rng.integers(len(_RIBBONS)))] for _ in range(int(rng.integers(1, 4)))]
            pattern = [*stripes, *stripes[-2::-1]]
            for number, colour in enumerate(pattern):
                edges = [left + round(2 * side * part / len(pattern)) for part in (number, number + 1)]
                cv2.rectangle(canvas, (edges[0], top), (edges[1] - 1, top + side), colour, -1)
            if row == 0 and rng.random() < 0.4:  # a medal hangs from it
                metal = _METALS[int(rng.integers(len(_METALS)))]
                cv2.circle(canvas, (left + side, top + 3 * side), max(1, side), metal, -1, cv2.LINE_AA)
                cv2.line(
                    canvas, (left + side, top + side), (left + side, top + 2 * side), stripes[0], max(1, side // 2)
                )


def _buttons(canvas: NDArray[np.uint8], rng: np.random.Generator, x: int, y: int, bottom: int, radius: int) -> None:
    metal = _METALS[int(rng.integers(len(_METALS)))]
    for place in range(y, bottom, max(8, 10 * radius)):
        cv2.circle(canvas, (x, place), radius, metal, -1, cv2.LINE_AA)


def _tabs(canvas: NDArray[np.uint8], rng: np.random.Generator, x: int, y: int, side: int) -> None:
    colour = _TABS[int(rng.integers(len(_TABS)))]
    for way in (-1, 1):
        corners = np.array([(0, 0), (side, side // 3), (side, side), (0, side // 2)]) * (way, 1) + (
            x + way * side // 2,
            y,
        )
        cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
