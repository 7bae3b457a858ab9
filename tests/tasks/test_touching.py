"""Whether two instances come near each other, against distances of all their pixels."""

import numpy as np
import pytest
from scipy import ndimage

from cleanplate.tasks.touching import touching
from tests.detect.test_instance import instance_at


@pytest.mark.parametrize("gap", [1, 2, 7])
def test_two_touch_where_their_nearest_pixels_are_within_the_gap(gap):
    rng = np.random.default_rng(gap)
    seen = set()
    for _ in range(150):
        one, other = instance_at(rng), instance_at(rng)
        nearest = ndimage.distance_transform_edt(~one.mask)[other.mask].min()
        assert touching(one, other, gap) == touching(other, one, gap) == (nearest <= gap)
        seen.add(bool(nearest <= gap))
    assert seen == {True, False}
