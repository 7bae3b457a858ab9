"""Camera raw files, by a small DNG made here."""

import struct

import numpy as np
import pytest

from cleanplate.decode.image import Limits, read_picture
from cleanplate.encode.image import EncodeOptions, encode
from cleanplate.errors import BrokenInputError, OutputError, TooLargeError
from tests.decode.builders import tiff_of

pytest.importorskip("rawpy", reason="needs the extra raw")


def fractions(*values):
    return struct.pack(f"<{2 * len(values)}i", *(number for value in values for number in (round(value * 1e4), 10000)))


def dng(orientation=1):
    """A Bayer picture: left half dark, right half bright."""
    mosaic = np.full((96, 128), 1000, np.uint16)
    mosaic[:, 64:] = 12000
    tags = [
        (271, 2, 9, "Testmaker", True),
        (272, 2, 7, "Model 1", True),
        (274, 3, 1, orientation, True),
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes([0, 1, 1, 2]), True),
        (50706, 1, 4, bytes([1, 4, 0, 0]), True),
        (50707, 1, 4, bytes([1, 1, 0, 0]), True),
        (50708, 2, 8, "Model 1", True),
        (50717, 4, 1, 16383, True),
        (50721, 10, 9, fractions(0.9, -0.3, -0.1, -0.4, 1.2, 0.2, -0.05, 0.2, 0.5), True),
        (50728, 5, 3, fractions(0.5, 1, 0.6), True),
        (50778, 3, 1, 21, True),
    ]
    return tiff_of(mosaic, photometric=32803, extratags=tags, subfiletype=0, metadata=None)


def test_a_raw_file_is_developed_to_sixteen_bits():
    found = read_picture(dng())
    assert (found.format, found.depth, found.pixels.dtype) == ("RAW", 16, np.uint16)
    assert abs(found.width - 128) <= 8
    assert found.pixels[:, -20:].mean() > 3 * found.pixels[:, :20].mean()
    assert b"Testmaker" in found.metadata.exif
    assert found.metadata.icc
    assert found.notes


def test_a_turned_raw_file_comes_upright():
    found = read_picture(dng(6))
    assert found.height > found.width
    assert found.orientation == 1


def test_it_is_written_as_another_type():
    source = read_picture(dng())
    with pytest.raises(OutputError, match="raw"):
        encode(source, source.pixels, changed=None)
    found = read_picture(encode(source, source.pixels, changed=None, options=EncodeOptions("TIFF")).data)
    assert (found.pixels == source.pixels).all()
    assert found.metadata.icc == source.metadata.icc
    assert b"Testmaker" in found.metadata.exif


def test_limits_and_damage():
    with pytest.raises(TooLargeError):
        read_picture(dng(), limits=Limits(max_pixels=500))
    with pytest.raises(BrokenInputError):
        read_picture(b"II*\0\x10\0\0\0CR\2\0" + bytes(500))
