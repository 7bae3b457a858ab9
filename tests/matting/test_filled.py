"""Holes in people, closed where a detector is certain."""

import cv2
import numpy as np

from cleanplate.matting.filled import filled
from tests.matting.pictures import disc_alpha

BODY = disc_alpha(100, 200, (60, 50), 40)
LIKELY = cv2.GaussianBlur(BODY, (0, 0), 5)
"""What a coarse mask of the body says."""


def test_a_hole_in_a_person_is_closed_and_the_edge_stays():
    hole = disc_alpha(100, 200, (60, 50), 12)
    alpha = np.minimum(BODY, 1 - hole)
    before = alpha.copy()
    result = filled(alpha, [LIKELY])
    assert result[hole > 0].min() > 0.95
    edge = cv2.dilate((BODY < 0.99).astype(np.uint8), np.ones((5, 5))) > 0
    assert np.array_equal(result[edge], alpha[edge])
    assert np.array_equal(alpha, before)


def test_somebody_whom_the_matte_hardly_shows_is_not_added():
    part = BODY * (np.arange(200) < 45)
    assert np.array_equal(filled(part.astype(np.float32), [LIKELY]), part)


def test_without_detections_nothing_changes():
    assert np.array_equal(filled(BODY, []), BODY)
    assert np.array_equal(filled(BODY, [np.zeros_like(BODY)]), BODY)
