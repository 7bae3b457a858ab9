"""Which parts of a matte stay when a detector says where people are."""

import numpy as np
import pytest

from cleanplate.matting.confirmed import confirmed
from tests.matting.pictures import disc_alpha

LEFT, RIGHT = disc_alpha(100, 200, (50, 50), 20), disc_alpha(100, 200, (150, 60), 15)


def boxes(*pixels):
    """As shares of the 200 x 100 picture."""
    return np.array(pixels, np.float32).reshape(-1, 4) / np.float32([200, 100, 200, 100])


def test_a_part_without_a_person_goes_and_the_other_stays_as_it_was():
    both = np.maximum(LEFT, RIGHT)
    before = both.copy()
    alpha, left_out = confirmed(both, boxes((28, 28, 72, 72)))
    assert np.array_equal(alpha, LEFT)
    assert left_out == 1
    assert np.array_equal(both, before)


@pytest.mark.parametrize(
    ("box", "stays"),
    [
        ((30, 30, 70, 70), True),
        ((30, 30, 70, 50), True),  # a box that ends at the waist
        ((45, 45, 55, 55), True),  # a box within: someone of whom the matte shows more
        ((0, 0, 200, 100), True),  # a box around everything
        ((66, 30, 130, 70), False),  # a box beside, of which the part fills little
        ((100, 0, 200, 100), False),
        ((-30, -20, 90, 120), True),  # beyond the frame
    ],
)
def test_how_much_of_box_and_part_belongs_together(box, stays):
    alpha, left_out = confirmed(LEFT, boxes(box))
    assert alpha.any() == stays
    assert left_out == (not stays)


def test_nobody_detected_leaves_nobody():
    alpha, left_out = confirmed(np.maximum(LEFT, RIGHT), boxes())
    assert not alpha.any()
    assert left_out == 2


def test_an_empty_matte_stays_empty():
    alpha, left_out = confirmed(np.zeros((10, 20), np.float32), boxes((0, 0, 200, 100)))
    assert not alpha.any()
    assert left_out == 0
    assert alpha.dtype == np.float32
