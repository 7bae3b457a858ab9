"""Run lengths are those of COCO, character for character."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from cleanplate.detect.run_lengths import mask_of, run_lengths
from cleanplate.errors import ArrayError
from cleanplate.mask.bounds import bounding_box
from cleanplate.types import Box
from tests.detect.streets import figure, instance_of


def _ours(mask: np.ndarray) -> dict:
    box = bounding_box(mask) or Box(0, 0, 0, 0)
    return run_lengths(mask[box.slices], box, *mask.shape)


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    share=st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]),
    seed=st.integers(0, 99),
)
def test_counts_are_those_of_pycocotools(height: int, width: int, share: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    theirs = coco.encode(np.asfortranarray(mask.view(np.uint8)))
    ours = _ours(mask)
    assert ours["size"] == list(theirs["size"]) == [height, width]
    assert ours["counts"] == theirs["counts"].decode("ascii")
    assert (mask_of(ours) == mask).all()


def test_an_instance_of_a_large_picture() -> None:
    mask = figure(3000, 4000, 2500, 300, 2500)
    record = instance_of(mask).to_json()
    theirs = coco.encode(np.asfortranarray(mask.view(np.uint8)))
    assert record["segmentation"]["counts"] == theirs["counts"].decode("ascii")
    assert record["area"] == int(coco.area(theirs))
    left, top, wide, high = coco.toBbox(theirs)
    assert record["box"] == [left, top, left + wide, top + high]


def test_lengths_that_do_not_add_up() -> None:
    with pytest.raises(ArrayError, match="do not add up to 3 x 3"):
        mask_of({"size": [3, 3], "counts": "2"})
    with pytest.raises(ArrayError, match="not as large as its box"):
        run_lengths(np.ones((2, 2), np.bool_), Box(0, 0, 3, 3), 9, 9)
