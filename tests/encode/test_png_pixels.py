"""Pixels of PNG files read back by programs that are not ours."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from cleanplate.container.png import assemble
from cleanplate.encode.png_pixels import pixel_chunks


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (129, 3), (300, 257)])
def test_others_read_what_was_written(dtype, channels, size):
    rng = np.random.default_rng(0)
    planes = rng.integers(0, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)
    file = assemble(pixel_chunks(planes))
    read = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED).reshape(planes.shape)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    assert read.dtype == dtype
    assert np.array_equal(read[..., order], planes)


def test_views_and_other_byte_orders_are_written_as_their_values():
    planes = np.arange(2 * 200 * 90 * 3, dtype=">u2").reshape(400, 90, 3)[::2, ::-1]
    file = assemble(pixel_chunks(planes))
    assert np.array_equal(cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1], planes)


def test_a_smooth_picture_becomes_small():
    planes = np.repeat(np.linspace(0, 255, 500).astype(np.uint8)[:, None, None], 700, axis=1)
    file = assemble(pixel_chunks(planes))
    assert len(file) < 6000
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), planes[..., 0])
