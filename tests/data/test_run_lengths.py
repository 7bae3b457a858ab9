"""Run lengths are COCO's: pycocotools makes and reads the same."""

import numpy as np
import pytest
from pycocotools import mask as coder

from cleanplate.errors import BrokenInputError
from cleanplate_training.data.run_lengths import mask_of, run_lengths


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (20, 31)])
def test_round_trip_and_pycocotools(shape, share):
    mask = np.random.default_rng(0).random(shape) < share
    runs = run_lengths(mask)
    np.testing.assert_array_equal(mask_of(runs), mask)
    compressed = coder.frPyObjects(runs, *shape)
    assert compressed["counts"] == coder.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]


@pytest.mark.parametrize("counts", [[3], [5, 5, -1], "abc"])
def test_bad_lengths_are_refused(counts):
    with pytest.raises(BrokenInputError, match="add up"):
        mask_of({"size": [3, 3], "counts": counts})
