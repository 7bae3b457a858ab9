"""Live pictures; a clip stands in for the camera."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from cleanplate.cli.live_page import live_page
from cleanplate.errors import MissingExtraError, MissingInputError
from cleanplate.tasks.camera import CameraOptions, live, rgb_picture
from tests.video.clips import Clip, disc_centre


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return Clip(frames=20, sound=None).write(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture
def watch(clip, red):
    def call(**options):
        shown = []
        wanted = {"device": str(clip), "background": "#00b140", "weights": red, "threads": 1, "every": True, **options}
        return live(CameraOptions(**wanted), shown.append), shown

    return call


def test_every_picture_of_a_clip(watch):
    report, shown = watch()
    assert (report.frames, report.dropped, report.size) == (20, 0, (128, 96))
    picture = rgb_picture(shown[5].planes).astype(int)
    assert np.abs(picture[4, 4] - (0, 177, 64)).max() < 6
    x, y = disc_centre(5)
    assert np.abs(picture[y, x] - (210, 40, 30)).max() < 20
    assert 0 < report.network_ms < report.total_ms
    assert shown[0].total_ms >= shown[0].network_ms


def test_mirror_and_square(watch):
    _, plain = watch()
    _, mirrored = watch(mirror=True)
    difference = np.abs(rgb_picture(mirrored[3].planes)[:, ::-1].astype(int) - rgb_picture(plain[3].planes))
    assert difference.mean() < 2
    report, squares = watch(square=True)
    assert report.size == (96, 96)
    assert squares[0].planes[0].shape == (96, 96)


def test_stats_are_written_into_the_picture(watch):
    _, plain = watch()
    _, told = watch(stats=True)
    assert np.count_nonzero(told[5].planes[0] != plain[5].planes[0]) > 50


def test_old_pictures_are_dropped(clip, red):
    """At the clip's own pace, with a viewer that takes 200 ms: five times too slow for 25 pictures a second."""
    shown = []

    def slow(picture):
        shown.append(picture)
        time.sleep(0.2)

    report = live(CameraOptions(device=str(clip), background="white", weights=red, threads=1), slow)
    assert report.frames == len(shown)
    assert 2 <= report.frames <= 8
    assert report.frames + report.dropped == 20


def test_cameras_and_backgrounds_that_are_not_there(watch):
    with pytest.raises(MissingInputError, match="camera"):
        watch(device="73")
    with pytest.raises(MissingInputError, match="camera"):
        watch(device="none.mp4")
    with pytest.raises(MissingInputError):
        watch(background="none.jpg")


def test_the_page_streams_to_those_who_know_its_address(watch):
    _, shown = watch()
    with live_page(0) as page:
        with urllib.request.urlopen(page.address, timeout=5) as answer:
            assert b'src="stream"' in answer.read()
        root = page.address.rsplit("/", 2)[0]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{root}/stream", timeout=5)
        elsewhere = urllib.request.Request(f"{page.address}stream", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(elsewhere, timeout=5)
        with urllib.request.urlopen(f"{page.address}stream", timeout=5) as stream:
            until = time.monotonic() + 5
            while page._watchers == 0 and time.monotonic() < until:
                time.sleep(0.01)
            page.show(shown[5])
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += stream.read(1)
            size = int(head.split(b"Content-Length: ")[1].split(b"\r")[0])
            picture = cv2.imdecode(np.frombuffer(stream.read(size), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert np.abs(picture.astype(int) - rgb_picture(shown[5].planes)).mean() < 4


def test_the_command(cleanplate, clip, red):
    ran = cleanplate("camera", "--device", clip, "--weights", red, "--with", "blur:30", "--no-browser", "--stats")
    assert ran.code == 0, ran.stderr
    assert "live at http://127.0.0.1:" in ran.stderr
    assert "128 x 96 shown" in ran.stdout
    assert cleanplate("camera", "--resolution", "wide").code == 2


def test_a_virtual_camera_gets_the_pictures(cleanplate, clip, red, monkeypatch):
    sent = []

    class Camera:
        def __init__(self, width, height, fps):
            self.size = (height, width, 3)

        def send(self, picture):
            assert picture.shape == self.size
            assert picture.dtype == np.uint8
            sent.append(picture)

        def close(self):
            sent.append(None)

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=Camera))
    ran = cleanplate("camera", "--device", clip, "--weights", red, "--virtual", "--no-browser")
    assert ran.code == 0, ran.stderr
    assert len(sent) > 2
    assert sent[-1] is None


def test_the_extra_is_named(cleanplate, clip, red, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    ran = cleanplate("camera", "--device", clip, "--weights", red, "--virtual", "--no-browser")
    assert ran.code == MissingExtraError.exit_code
    assert "cleanplate[camera]" in ran.error


def test_a_system_without_virtual_cameras(cleanplate, clip, red, monkeypatch):
    def refuse(**_options):
        raise RuntimeError("v4l2loopback not loaded")

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=refuse))
    ran = cleanplate("camera", "--device", clip, "--weights", red, "--virtual", "--no-browser")
    assert ran.code == 6
    assert "v4l2loopback" in ran.error
