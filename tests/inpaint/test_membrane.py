"""Colour steps go, structure and known cells stay."""

from __future__ import annotations

import numpy as np

from cleanplate.inpaint.correspondence import search
from cleanplate.inpaint.membrane import levelled
from tests.inpaint.pictures import disc, gravel, slope


def _steps(picture: np.ndarray, hole: np.ndarray) -> float:
    """Largest jump between a cell of the hole and a known neighbour."""
    across = hole[:, 1:] != hole[:, :-1]
    return float(np.abs(np.diff(picture, axis=1)).max(axis=2)[across].max())


def test_a_step_on_a_smooth_sky_is_taken_out() -> None:
    sky, hole = slope(80, 80), disc(80, 80, (40, 40), 15)
    completed = sky.copy()
    completed[hole] = completed[hole] + np.uint8(12)
    none = np.zeros_like(hole)
    found = search(completed, hole, none)
    result = levelled(completed, sky.astype(np.float32), hole, none, found)
    assert _steps(completed.astype(np.float32), hole) > 10
    assert _steps(result, hole) < 3
    assert np.abs(result[hole] - sky[hole]).max() < 4


def test_strong_edges_are_kept() -> None:
    image = np.full((64, 64, 3), 60, np.uint8)
    image[:, 32:] = 200
    hole = disc(64, 64, (32, 32), 12)
    none = np.zeros_like(hole)
    found = search(image, hole, none)
    result = levelled(image, image.astype(np.float32), hole, none, found)
    assert np.abs(result - image).max() < 6


def test_known_cells_are_the_means_they_were() -> None:
    image, hole = gravel(50, 60), disc(50, 60, (30, 20), 9)
    mean = image.astype(np.float32) + 0.25
    none = np.zeros_like(hole)
    result = levelled(image, mean, hole, none, search(image, hole, none))
    assert (result[~hole] == mean[~hole]).all()


def test_without_sources_colours_stay() -> None:
    image, hole = gravel(20, 20), disc(20, 20, (10, 10), 6)
    result = levelled(image, image.astype(np.float32), hole, np.zeros_like(hole), None)
    assert (result == image).all()


def test_cells_that_are_neither_known_nor_filled_do_not_pull() -> None:
    sky, hole = slope(60, 60), disc(60, 60, (25, 30), 10)
    avoid = np.zeros_like(hole)
    avoid[:, 35:45] = True
    black = sky.copy()
    black[avoid] = 0
    found = search(sky, hole, avoid)
    mean = black.astype(np.float32)
    result = levelled(np.where(hole[..., None], sky, black), mean, hole, avoid, found)
    assert np.abs(result[hole] - sky[hole]).max() < 5
