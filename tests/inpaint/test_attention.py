"""Attention and the detail it carries, against the plainest way to write it down."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.inpaint import attention as module
from cleanplate.inpaint.attention import Attention, aggregate_attended, attention_of
from cleanplate.inpaint.residual import base_of
from cleanplate.inpaint.shrink import shrink
from tests.inpaint.pictures import disc, gravel

CELL, FACTOR = 8, 3
HEIGHT, WIDTH = 64, 80  # of the small picture
ROWS, COLUMNS = HEIGHT // CELL, WIDTH // CELL


def _scores(seed: int = 0) -> np.ndarray:
    scores = np.random.default_rng(seed).random((ROWS * COLUMNS, ROWS * COLUMNS)).astype(np.float32) ** 8
    return scores / scores.sum(axis=1, keepdims=True)


def _attention(hole: np.ndarray, scores: np.ndarray) -> Attention:
    found = attention_of(scores, hole, np.zeros_like(hole), grid=(ROWS, COLUMNS), cell=CELL)
    assert found is not None
    return found


def _hot(offset: tuple[int, int]) -> np.ndarray:
    """Each cell attends to the one that lies ``offset`` rows and columns away, as far as there is one."""
    scores = np.zeros((ROWS * COLUMNS, ROWS * COLUMNS), np.float32)
    for cell in range(ROWS * COLUMNS):
        row, column = cell // COLUMNS + offset[0], cell % COLUMNS + offset[1]
        if 0 <= row < ROWS and 0 <= column < COLUMNS:
            scores[cell, row * COLUMNS + column] = 1.0
    return scores


def test_rows_are_cells_that_the_hole_can_reach_and_columns_are_known_cells() -> None:
    hole = np.zeros((HEIGHT, WIDTH), np.bool_)
    hole[33, 41] = True  # in the cell of row 4, column 5
    avoid = np.zeros_like(hole)
    avoid[0, 0] = True
    found = attention_of(_scores(), hole, avoid, grid=(ROWS, COLUMNS), cell=CELL)
    assert found is not None
    assert set(found.targets) == {row * COLUMNS + column for row in (3, 4, 5) for column in (4, 5, 6)}
    assert set(range(ROWS * COLUMNS)) - set(found.sources) == {0, 4 * COLUMNS + 5}
    assert np.allclose(found.weights.sum(axis=1), 1.0, atol=1e-5)


def test_cells_that_attend_to_nothing_allowed_take_their_nearest() -> None:
    hole = np.zeros((HEIGHT, WIDTH), np.bool_)
    hole[33, 41] = True
    found = _attention(hole, np.zeros((ROWS * COLUMNS, ROWS * COLUMNS), np.float32))
    own = {int(t): int(found.sources[row.argmax()]) for t, row in zip(found.targets, found.weights, strict=True)}
    assert all(source == target for target, source in own.items() if target != 4 * COLUMNS + 5)
    assert found.weights.max(axis=1).min() == 1.0


def test_no_known_cell_means_no_attention() -> None:
    hole = np.ones((HEIGHT, WIDTH), np.bool_)
    hole[:7] = False
    assert attention_of(_scores(), hole, np.zeros_like(hole), grid=(ROWS, COLUMNS), cell=CELL) is None


def test_cells_of_another_colour_count_less_whatever_their_score() -> None:
    """All cells attend to the bright half; a hole in the dark half still takes its detail from the dark half."""
    hole = disc(HEIGHT, WIDTH, (20, 30), 9)
    picture = np.full((HEIGHT, WIDTH, 3), 40, np.float32)
    picture[:, 40:] = 200
    scores = np.full((ROWS * COLUMNS, ROWS * COLUMNS), 1e-3, np.float32)
    bright = np.arange(ROWS * COLUMNS) % COLUMNS >= COLUMNS // 2
    scores[:, bright] = 1.0
    nothing = np.zeros_like(hole)
    own = attention_of(scores, hole, nothing, grid=(ROWS, COLUMNS), cell=CELL, picture=picture)
    free = attention_of(scores, hole, nothing, grid=(ROWS, COLUMNS), cell=CELL)
    assert own is not None
    assert free is not None
    inner = own.targets % COLUMNS < COLUMNS // 2
    assert own.weights[inner][:, bright[own.sources]].sum(axis=1).max() < 1e-3
    assert free.weights[inner][:, bright[free.sources]].sum(axis=1).min() > 0.99
    assert np.allclose(own.weights.sum(axis=1), 1.0, atol=1e-5)


def test_the_strongest_are_kept() -> None:
    found = _attention(disc(HEIGHT, WIDTH, (40, 30), 10), _scores())
    for count in (1, 4):
        fewer = found.strongest(count)
        assert np.allclose(fewer.weights.sum(axis=1), 1.0, atol=1e-5)
        assert (np.count_nonzero(fewer.weights, axis=1) == count).all()
        assert (fewer.sources[fewer.weights.argmax(axis=1)] == found.sources[found.weights.argmax(axis=1)]).all()
    assert found.strongest(10_000) is found


def _plain(window: np.ndarray, unknown: np.ndarray, small: np.ndarray, attention: Attention) -> np.ndarray:
    """Sums patch by patch, pixel by pixel of the formula; the detail for the whole window, without the gain."""
    step = CELL * FACTOR
    side, reach = 2 * step, step // 2
    residual = window.astype(np.float64) - base_of(window, small, FACTOR)
    known = np.repeat(np.repeat(~unknown, FACTOR, axis=0), FACTOR, axis=1)[: window.shape[0], : window.shape[1]]
    padded = np.pad(np.where(known[..., None], residual, 0), ((reach, reach), (reach, reach), (0, 0)))
    counted = np.pad(known.astype(np.float64), reach)
    phase = (np.arange(step) + 0.5) / step * np.pi
    later, earlier = (0.5 - 0.5 * np.cos(phase)) ** 2, (0.5 + 0.5 * np.cos(phase)) ** 2
    line = np.concatenate([later / (later + earlier), earlier / (later + earlier)])
    total, share = np.zeros_like(padded), np.zeros_like(counted)
    for target, row in zip(attention.targets, attention.weights, strict=True):
        y, x = (int(v) * step for v in divmod(int(target), COLUMNS))
        for source, weight in zip(attention.sources, row, strict=True):
            v, u = (int(w) * step for w in divmod(int(source), COLUMNS))
            patch, part = padded[v : v + side, u : u + side], counted[v : v + side, u : u + side]
            window_weight = line[:, None] * line * weight
            total[y : y + side, x : x + side] += window_weight[..., None] * patch
            share[y : y + side, x : x + side] += window_weight * part
    return (total / np.maximum(share, 1e-9)[..., None])[reach:-reach, reach:-reach]


@pytest.mark.parametrize("count", [1, 4, 10_000])
@pytest.mark.parametrize("band", [1, 24_000_000])
def test_sums_are_those_of_the_formula(count: int, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in bands of one row, so memory can be bounded without changing the result."""
    monkeypatch.setattr(module, "_BAND_BYTES", band)
    monkeypatch.setattr(module, "_gain", lambda attention, corner, size: np.ones(size, np.float32))
    image = gravel(HEIGHT * FACTOR, WIDTH * FACTOR)
    hole = disc(HEIGHT * FACTOR, WIDTH * FACTOR, (150, 90), 26)
    small = shrink(image, hole, np.zeros_like(hole), FACTOR)
    attention = _attention(small.hole, _scores()).strongest(count)
    levels = np.where(small.hole[..., None], np.float32(128), small.mean)
    box, filled = aggregate_attended(image, hole, small.hole, levels, FACTOR, attention)
    flat = np.full_like(image, 128)
    detail = _plain(image, small.hole, levels, attention)[box.slices]
    deep = disc(HEIGHT * FACTOR, WIDTH * FACTOR, (150, 90), 18)[box.slices]  # where the enlarged fill is flat
    expected = np.clip(flat[box.slices] + detail, 0, 255)
    assert np.abs(filled.astype(float) - expected)[deep].max() <= 0.6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_detail_of_a_repeated_texture_comes_back(dtype: type) -> None:
    """Where the cell attended to is the hole's twin and the completion is right, the filled pixels are the twin's."""
    unit = 1 if dtype == np.uint8 else 257
    image = gravel(HEIGHT * FACTOR, WIDTH * FACTOR, dtype=dtype)
    half = WIDTH * FACTOR // 2
    image[:, half:] = image[:, :half]
    hole = disc(HEIGHT * FACTOR, WIDTH * FACTOR, (180, 96), 18)
    truth = shrink(image, np.zeros_like(hole), np.zeros_like(hole), FACTOR).mean
    holed = shrink(image, hole, np.zeros_like(hole), FACTOR).hole
    attention = _attention(holed, _hot((0, -COLUMNS // 2)))
    box, filled = aggregate_attended(image, hole, holed, truth, FACTOR, attention)
    error = np.abs(filled.astype(int) - image[box.slices].astype(int))[hole[box.slices]]
    assert error.max() <= 2 * unit


@pytest.mark.parametrize("count", [1, 4])
def test_averaging_keeps_the_energy_of_grain(count: int) -> None:
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(128, 20, (HEIGHT * FACTOR, WIDTH * FACTOR, 3)), 0, 255).astype(np.uint8)
    hole = disc(HEIGHT * FACTOR, WIDTH * FACTOR, (120, 96), 50)
    small = shrink(image, hole, np.zeros_like(hole), FACTOR)
    attention = _attention(small.hole, _scores()).strongest(count)
    levels = np.where(small.hole[..., None], np.float32(128), small.mean)
    box, filled = aggregate_attended(image, hole, small.hole, levels, FACTOR, attention)
    residual = image.astype(np.float32) - base_of(image, levels, FACTOR)
    known = float(residual[~hole].std())
    deep = disc(HEIGHT * FACTOR, WIDTH * FACTOR, (120, 96), 40)[box.slices]
    assert 0.85 < float(filled[deep].std()) / known < 1.15


def test_the_hole_and_avoided_ground_are_not_read() -> None:
    image, hole = gravel(HEIGHT * FACTOR, WIDTH * FACTOR), disc(HEIGHT * FACTOR, WIDTH * FACTOR, (120, 96), 30)
    avoid = disc(HEIGHT * FACTOR, WIDTH * FACTOR, (60, 40), 20)
    other = image.copy()
    other[hole | avoid] = 0
    results = []
    for picture in (image, other):
        small = shrink(picture, hole, avoid, FACTOR)
        unknown = small.hole | small.avoid
        attention = attention_of(_scores(), small.hole, small.avoid, grid=(ROWS, COLUMNS), cell=CELL)
        assert attention is not None
        # Avoided cells are blended by the enlarging into those beside them; the caller takes them out.
        levels = np.where(unknown[..., None], np.float32(128), small.mean)
        box, filled = aggregate_attended(picture, hole, unknown, levels, FACTOR, attention)
        results.append(filled[hole[box.slices]])
    assert (results[0] == results[1]).all()


def test_holes_at_the_edges_of_a_picture_that_is_no_multiple() -> None:
    image = gravel(HEIGHT * FACTOR - 7, WIDTH * FACTOR - 11)
    for centre in ((0, 0), (228, 184), (0, 180), (228, 3)):
        hole = disc(*image.shape[:2], centre, 20)
        small = shrink(image, hole, np.zeros_like(hole), FACTOR)
        attention = _attention(small.hole, _scores())
        levels = np.where(small.hole[..., None], np.float32(128), small.mean)
        box, filled = aggregate_attended(image, hole, small.hole, levels, FACTOR, attention.strongest(1))
        assert filled.shape == (box.height, box.width, 3)
        assert float(filled[hole[box.slices]].std()) > 3
