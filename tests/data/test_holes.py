"""Holes have the area asked for, come from the seed alone, and are made fast enough."""

import pickle

import numpy as np
import pytest

from cleanplate.errors import ArgumentError
from cleanplate_training.data.holes.generator import KINDS, HoleGenerator
from cleanplate_training.data.holes.silhouettes import largest_part, templates_of
from cleanplate_training.data.holes.tears import jagged
from cleanplate_training.data.sample import Instance, Sample


def person():
    mask = np.zeros((60, 40), bool)
    mask[5:55, 15:25] = True
    mask[0, 0] = True
    picture = np.zeros((60, 40, 3), np.uint8)
    return Sample("k", picture, "s", "l", mask=mask, instances=(Instance("person", (15, 5, 25, 55), mask),))


TEMPLATES = templates_of([person()])


@pytest.mark.parametrize("kind", [*KINDS, "silhouettes"])
@pytest.mark.parametrize("area", [(0.01, 0.1), (0.1, 0.3), (0.4, 0.6)])
def test_area_stays_in_range(kind, area):
    if kind == "scratches" and area[0] > 0.3:
        pytest.skip("nobody scratches away half a picture")
    generator = HoleGenerator((96, 128), area=area, kinds={kind: 1.0}, templates=TEMPLATES)
    holes = generator.batch(12, np.random.default_rng(0))
    assert holes.shape == (12, 96, 128)
    assert holes.dtype == bool
    assert all(area[0] <= hole.mean() <= area[1] for hole in holes)


def test_areas_spread_over_the_range():
    shares = HoleGenerator((64, 64), area=(0.05, 0.45)).batch(200, np.random.default_rng(1)).mean(axis=(1, 2))
    counts = np.histogram(shares, bins=4, range=(0.05, 0.45))[0]
    assert counts.min() > 20


def test_the_seed_decides():
    generator = pickle.loads(pickle.dumps(HoleGenerator((64, 64), templates=TEMPLATES)))
    first = generator.batch(5, np.random.default_rng(3))
    np.testing.assert_array_equal(
        first, HoleGenerator((64, 64), templates=TEMPLATES).batch(5, np.random.default_rng(3))
    )
    assert not np.array_equal(first, generator.batch(5, np.random.default_rng(4)))


def test_silhouettes_look_like_their_template():
    (from_mask, from_instance) = TEMPLATES
    np.testing.assert_array_equal(from_mask, from_instance)
    assert from_mask.shape == (160, 32)
    assert (from_mask == 255).all()  # the speck in the corner is gone
    assert templates_of([person()], least_area=0.5) == []
    assert not largest_part(np.zeros((4, 4), bool)).any()


def test_jagged_lines_end_at_zero_and_scale():
    line = jagged(np.random.default_rng(0), 64, 2.0)
    assert line.shape == (65,)
    assert line[0] == line[-1] == 0
    np.testing.assert_allclose(jagged(np.random.default_rng(0), 64, 4.0), 2 * line)


@pytest.mark.parametrize("area", [(0.0, 0.1), (0.3, 0.2), (0.5, 1.0)])
def test_bad_areas_are_refused(area):
    with pytest.raises(ArgumentError, match="area"):
        HoleGenerator((64, 64), area=area)


def test_bad_kinds_are_refused():
    with pytest.raises(ArgumentError, match="valid: scratches, silhouettes, spots"):
        HoleGenerator((64, 64), kinds={"stars": 1})
    with pytest.raises(ArgumentError, match="give templates"):
        HoleGenerator((64, 64), kinds={"silhouettes": 1})
    with pytest.raises(ArgumentError, match="not all 0"):
        HoleGenerator((64, 64), kinds={"spots": 0})
