"""A server that is killed leaves nothing behind that the next one does not remove."""

import os
import signal
import sys
import time

import httpx2
import pytest

from cleanplate.server.workfolder import WorkFolder
from tests.server.conftest import photo
from tests.server.running import running
from tests.video.clips import Clip
from tests.video.graphs import red_is_person

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal, reads /proc")

SLOW = """
from cleanplate.server.routes import video
real = video.replace_background
def slow(source, target, options, *, progress):
    def wait(done, total):
        import time
        progress(done, total)
        time.sleep(60)
    return real(source, target, options, progress=wait)
video.replace_background = slow
from cleanplate.cli.app import main
main()
"""


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_after_kill_9_the_next_server_removes_what_was_left(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    weights = red_is_person(tmp_path / "matte.onnx")
    clip = Clip(frames=6).write(tmp_path / "walk.mp4")
    with running("--video-weights", str(weights), "--engine", "telea", temporary=temporary, program=SLOW) as server:
        large = photo(1600, 2000, kind="BMP")
        erased = httpx2.post(
            f"{server.address}api/v1/erase?wait=false",
            files={"image": ("large.bmp", large)},
            data={"box": "36,36,64,64"},
            timeout=60,
        )
        assert erased.status_code == 202
        begun = httpx2.post(
            f"{server.address}api/v1/video",
            files={"clip": ("walk.mp4", clip.read_bytes())},
            data={"with": "blur"},
            timeout=60,
        )
        place = server.address.rstrip("/") + begun.headers["location"]
        until = time.monotonic() + 60
        while httpx2.get(place, timeout=60).json()["done"] < 1:
            assert time.monotonic() < until
            time.sleep(0.1)
        at_work = files(temporary)
        assert any(name.endswith("/clip") for name in at_work)
        assert not any("bmp" in name for name in at_work)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    assert files(temporary) == at_work  # nothing but the clip has a name, and it is still there
    with running("--engine", "telea", temporary=temporary) as server:
        assert httpx2.get(f"{server.address}api/v1/health", timeout=60).status_code == 200
        assert files(temporary) == []


def test_a_folder_that_is_in_use_is_left_alone(tmp_path):
    one, other = WorkFolder(tmp_path), WorkFolder(tmp_path)
    with one.fresh() as folder:
        (folder / "clip").write_bytes(b"frames")
        assert other.sweep() == 0
        assert other.open() != one.open()
        assert (folder / "clip").exists()
    assert not folder.exists()
    one.close()
    other.close()
    assert list(tmp_path.iterdir()) == []


def test_folders_of_others_and_links_are_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    root = tmp_path / "root"
    root.mkdir()
    (root / "cleanplate-serve-x").symlink_to(elsewhere)
    assert WorkFolder(root).sweep() == 0
    assert (elsewhere / "precious").exists()
