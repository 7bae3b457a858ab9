"""Whatever is wrong: one line, a documented exit code, and nothing left behind."""

from __future__ import annotations

import errno
import io
import os
import stat

import numpy as np
import pytest
from PIL import Image

from cleanplate.encode import atomic
from tests.cli.pictures import listing, photo_pixels

TELEA = ("--engine", "telea")


def png(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (png(photo_pixels())[:400], "photo.png"),
        (b"The quick brown fox jumps over the lazy dog." * 20, "not a picture"),
        (b"%PDF-1.7 nothing", "PDF"),
        (png(np.zeros((1, 1, 3), np.uint8)), "1 x 1"),
    ],
    ids=["empty", "truncated", "text", "pdf", "one pixel"],
)
def test_broken_pictures(cleanplate, tmp_path, content, says):
    (tmp_path / "photo.png").write_bytes(content)
    ran = cleanplate("erase", "photo.png", "--box", "0,0,50%,50%", *TELEA, "-o", "clean.png")
    assert ran.code == 3
    assert ran.error.startswith("error: photo.png: ")
    assert says in ran.error
    assert listing(tmp_path) == {"photo.png"}


def test_missing_picture(cleanplate, tmp_path):
    ran = cleanplate("erase", "nowhere.jpg", "--spot", "1,1,1", "-o", "clean.jpg")
    assert ran.code == 3
    assert "nowhere.jpg: does not exist" in ran.error
    assert listing(tmp_path) == set()


def test_over_the_pixel_limit(cleanplate, photo, tmp_path):
    ran = cleanplate("erase", photo, "--spot", "60,40,9", "--max-pixels", "1000", "-o", "clean.png")
    assert ran.code == 3
    assert "120 x 90" in ran.error
    assert listing(tmp_path) == {"photo.png"}


@pytest.mark.parametrize("arguments", [("--box", "0,0,100%,100%"), ("--box", "1,1,119,89", "--grow", "5")])
def test_everything_selected(cleanplate, photo, tmp_path, arguments):
    ran = cleanplate("erase", photo, *arguments, "-o", "clean.png")
    assert ran.code == 4
    assert f"{photo}: everything is selected" in ran.error
    assert listing(tmp_path) == {"photo.png"}


@pytest.mark.parametrize(
    ("size", "says"),
    [((60, 45), "is 60 x 45 pixels but the picture is 120 x 90"), ((90, 120), "90 x 120")],
)
def test_mask_of_another_size(cleanplate, photo, tmp_path, size, says):
    Image.new("L", size, 255).save(tmp_path / "mask.png")
    ran = cleanplate("erase", photo, "--mask", "mask.png", "-o", "clean.png")
    assert ran.code == 4
    assert ran.error.startswith("error: mask.png: ")
    assert says in ran.error
    assert listing(tmp_path) == {"photo.png", "mask.png"}


def test_unreadable_mask(cleanplate, photo, tmp_path):
    (tmp_path / "mask.png").write_bytes(b"no")
    ran = cleanplate("erase", photo, "--mask", "mask.png", "-o", "clean.png")
    assert ran.code == 3
    assert ran.error.startswith("error: mask.png: ")


def test_missing_folder_for_the_output(cleanplate, photo, tmp_path):
    ran = cleanplate("erase", photo, "--spot", "60,40,9", *TELEA, "-o", "nowhere/clean.png")
    assert ran.code == 5
    assert "create it first" in ran.error
    assert listing(tmp_path) == {"photo.png"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_no_permission_to_write(cleanplate, photo, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    ran = cleanplate("erase", photo, "--spot", "60,40,9", *TELEA, "-o", "locked/clean.png")
    assert ran.code == 5
    assert "permission" in ran.error


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission"), (errno.EROFS, "read-only")]
)
def test_system_refuses_to_write(cleanplate, photo, tmp_path, monkeypatch, number, says):
    """The second of three files fails, after its bytes were written; none of the three may stay.

    The system call is replaced, because root may write anywhere and a full disk is not at hand.
    """
    real, calls = os.fsync, []

    def refuse(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", refuse)
    ran = cleanplate(
        "erase", photo, "--spot", "60,40,9", *TELEA, "--candidates", "2", "--save-mask", "m.png", "-o", "clean.png"
    )
    assert len(calls) == 2
    assert ran.code == 5
    assert says in ran.error
    assert listing(tmp_path) == {"photo.png"}


def test_read_permission_is_named(cleanplate, photo, tmp_path, monkeypatch):
    """As root may read anything, opening is made to fail as it does for others."""
    real = type(photo).open

    def refuse(path, *arguments, **options):
        if path.name == "photo.png":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(type(photo), "open", refuse)
    ran = cleanplate("erase", photo, "--spot", "60,40,9", "-o", "clean.png")
    assert ran.code == 3
    assert "permission" in ran.error


def test_unexpected_errors_are_one_line_too(cleanplate, photo, monkeypatch):
    def fail(*arguments, **options):
        raise KeyError("two\nlines")

    monkeypatch.setattr("cleanplate.tasks.photo.select", fail)
    ran = cleanplate("erase", photo, "--spot", "60,40,9", "-o", "clean.png")
    assert ran.code == 1
    assert "--debug" in ran.error


def test_interrupt_ends_with_130(cleanplate, photo, tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("cleanplate.tasks.photo.encode", interrupt)
    ran = cleanplate("erase", photo, "--spot", "60,40,9", *TELEA, "-o", "clean.png")
    assert ran.code == 130
    assert ran.stderr.strip() == "interrupted"
    assert listing(tmp_path) == {"photo.png"}
