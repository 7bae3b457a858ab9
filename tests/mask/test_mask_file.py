"""Mask files: what selects, in every way of storing it, and whether they fit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cleanplate.decode.image import read_picture
from cleanplate.decode.mask import read_mask
from cleanplate.errors import BrokenInputError, MissingInputError, SelectionError

SELECTED = np.zeros((40, 60), bool)
SELECTED[10:20, 30:50] = True


def stored(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey(low: int = 0, high: int = 255) -> Image.Image:
    return Image.fromarray(np.where(SELECTED, high, low).astype(np.uint8))


def palette() -> Image.Image:
    image = Image.fromarray(SELECTED.astype(np.uint8))
    image.putpalette([10, 10, 90, 250, 240, 200])
    return image


def with_alpha(alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([np.full((40, 60, 3), 30, np.uint8), alpha.astype(np.uint8)]))


@pytest.mark.parametrize(
    "data",
    [
        stored(grey()),
        stored(grey(127, 128)),
        stored(grey().convert("1")),
        stored(grey().convert("RGB")),
        stored(palette()),
        stored(Image.fromarray(np.where(SELECTED, 65535, 0).astype(np.uint16))),
        stored(Image.fromarray(np.where(SELECTED, 32768, 32767).astype(np.uint16))),
        stored(grey(), "JPEG", quality=95),
        stored(grey(), "BMP"),
        stored(grey(), "TIFF"),
        stored(with_alpha(np.where(SELECTED, 255, 0))),
        stored(with_alpha(np.where(SELECTED, 128, 127))),
        stored(with_alpha(np.where(SELECTED, 255, 0)), "WEBP", lossless=True),
        stored(grey().convert("LA")),
    ],
)
def test_what_selects(data):
    assert np.array_equal(read_mask(data), SELECTED)
    assert np.array_equal(read_mask(data, invert=True), ~SELECTED)


def test_alpha_that_varies_goes_before_luminance():
    bright = np.full((40, 60, 3), 255, np.uint8)
    image = Image.fromarray(np.dstack([bright, np.where(SELECTED, 200, 20).astype(np.uint8)]))
    assert np.array_equal(read_mask(stored(image)), SELECTED)


def turned_photo() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return stored(Image.new("RGB", (60, 40), (9, 90, 200)), "JPEG", exif=exif)


def test_size_of_the_unturned_picture_is_said():
    picture = read_picture(turned_photo())
    assert (picture.width, picture.height) == (40, 60)
    with pytest.raises(SelectionError) as caught:
        read_mask(stored(grey()), fitting=picture, name="mask.png")
    text = str(caught.value)
    assert text.startswith("mask.png: is 60 x 40 pixels")
    assert "EXIF" in text
    assert "40 x 60" in text


def test_upright_mask_fits_a_turned_picture():
    mask = read_mask(stored(grey().transpose(Image.Transpose.ROTATE_270)), fitting=read_picture(turned_photo()))
    assert mask.shape == (60, 40)


def test_other_sizes_are_said():
    picture = read_picture(stored(Image.new("RGB", (61, 40))))
    with pytest.raises(SelectionError, match=r"60 x 40 pixels but the picture is 61 x 40"):
        read_mask(stored(grey()), fitting=picture)


def test_broken_files(tmp_path):
    with pytest.raises(MissingInputError, match=r"nowhere\.png"):
        read_mask(tmp_path / "nowhere.png")
    with pytest.raises(BrokenInputError):
        read_mask(b"")
