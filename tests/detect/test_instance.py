"""Instances: their pixels in any window."""

import numpy as np
import pytest

from cleanplate.detect.instance import Instance
from cleanplate.types import Box

SIZE = (60, 90)


def instance_at(rng: np.random.Generator) -> Instance:
    width, height = (int(each) for each in rng.integers(3, 30, 2))
    left, top = int(rng.integers(SIZE[1] - width + 1)), int(rng.integers(SIZE[0] - height + 1))
    crop = rng.random((height, width)) < 0.2
    crop[0, 0] = crop[-1, -1] = True
    return Instance(1, "person", 0.9, Box(left, top, left + width, top + height), crop, SIZE, 1)


@pytest.mark.parametrize("window", [Box(0, 0, 90, 60), Box(20, 10, 50, 30), Box(80, 50, 90, 60), Box(5, 5, 6, 6)])
def test_a_window_shows_what_the_whole_mask_has_there(window):
    rng = np.random.default_rng(0)
    for _ in range(20):
        one = instance_at(rng)
        assert (one.within(window) == one.mask[window.slices]).all()
