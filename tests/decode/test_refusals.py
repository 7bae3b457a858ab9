"""What cannot be read is refused with one line that says why; nothing is decoded half."""

import builtins
import os
import pickle
import struct
import zlib

import pytest
from PIL import Image

from cleanplate.decode.image import Limits, read_picture
from cleanplate.errors import (
    BrokenInputError,
    CleanplateError,
    FormatError,
    MissingExtraError,
    MissingInputError,
    TooLargeError,
)
from tests.decode.builders import noise, opencv, picture, samples, saved

FILES = samples()


def refused(source, kind, **options):
    with pytest.raises(kind) as caught:
        read_picture(source, **options)
    assert "\n" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return str(caught.value)


def test_empty_and_tiny_files():
    assert "empty" in refused(b"", BrokenInputError, name="a.jpg")
    refused(b"\xff", FormatError)
    refused(b"hello, I am a text file\n", FormatError)


def test_the_name_does_not_decide(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(FILES["png-RGB"])
    assert read_picture(path).format == "PNG"


def test_known_other_types_are_named():
    assert "GIF" in refused(b"GIF89a" + bytes(50), FormatError)
    assert "video" in refused(b"\0\0\0\x18ftypisom" + bytes(50), FormatError)
    assert "PDF" in refused(b"%PDF-1.7 ", FormatError)


@pytest.mark.parametrize("name", sorted(FILES))
def test_truncated_anywhere(name, capfd):
    data = FILES[name]
    for share in (0.02, 0.3, 0.6, 0.9, 0.99):
        cut = data[: int(len(data) * share)]
        with pytest.raises(CleanplateError):
            read_picture(cut, name=name)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_a_single_pixel_is_no_picture(kind):
    assert "1 x 1" in refused(saved(picture(height=1, width=1), kind), BrokenInputError)
    assert read_picture(saved(picture(height=2, width=1), kind)).pixels.shape == (2, 1, 3)


@pytest.mark.parametrize("name", sorted(FILES))
def test_pixels_over_the_limit_are_refused_before_decoding(name):
    message = refused(FILES[name], TooLargeError, limits=Limits(max_pixels=3000))
    assert "limit" in message
    assert "max_pixels" in message


def test_a_decompression_bomb_costs_nothing():
    rows = zlib.compress(bytes(60000 * 3 + 1) * 100, 9)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    refused(bomb, TooLargeError)


def test_bytes_over_the_limit(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(FILES["png-RGB"])
    assert "max_bytes" in refused(path, TooLargeError, limits=Limits(max_bytes=100))
    refused(FILES["png-RGB"], TooLargeError, limits=Limits(max_bytes=100))


def test_paths_that_lead_nowhere(tmp_path):
    assert "does not exist" in refused(tmp_path / "no.jpg", MissingInputError)
    assert "folder" in refused(tmp_path, MissingInputError)
    refused(tmp_path / "a\0b.jpg", CleanplateError)
    refused(tmp_path / ("x" * 400), CleanplateError)


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "secret.jpg"
    path.write_bytes(FILES["jpeg-420"])
    path.chmod(0)
    if os.geteuid() == 0:  # root reads everything, so the refusal is acted

        def refuse(*_args, **_options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "permission" in refused(path, MissingInputError)


@pytest.mark.parametrize("name", sorted(name for name in FILES if not name.startswith("webp")))
def test_the_threshold_of_pillow_is_not_ours(name, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # it warns above, and raises above twice as much
    assert read_picture(FILES[name]).pixels.size > 1000


def test_the_threshold_of_pillow_for_webp_is_said(monkeypatch):
    """It cannot be avoided there: 179 megapixels of the 268 that WebP can have."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert "decoder" in refused(FILES["webp-lossy"], TooLargeError)


def test_damage_in_the_middle_of_a_jpeg_is_not_passed_on():
    data = bytearray(saved(picture(height=400, width=400), "JPEG"))
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xff\xd0" * 20
    refused(bytes(data), BrokenInputError)


def test_harmless_remarks_do_not_keep_a_photo_away():
    data = FILES["jpeg-420"]
    found = read_picture(data[:-2] + b"\0\0\0\0" + data[-2:])
    assert found.tolerated is not None
    assert (found.pixels == read_picture(data).pixels).all()


def test_short_sixteen_bit_png(capfd):
    data = opencv(".png", noise(bits=16))
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))  # noqa: E731
    for raw in (b"\0" * 500, b"\7" + bytes(67 * (45 * 6 + 1))):
        short = data[:33] + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
        refused(short, BrokenInputError)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_raw_without_the_extra(monkeypatch):
    real = builtins.__import__

    def no_rawpy(name, *rest):
        if name == "rawpy":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_rawpy)
    assert "pip install cleanplate[raw]" in refused(b"II*\0\x10\0\0\0CR\2\0" + bytes(100), MissingExtraError)
