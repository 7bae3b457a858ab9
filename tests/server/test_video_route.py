"""Clips over HTTP: what the Python API makes, as a job with events; nothing of them stays on disk."""

import io
import json
import tempfile
import threading
from pathlib import Path

import av
import pytest

from cleanplate.decode.limits import Limits
from cleanplate.tasks.video import replace_background
from cleanplate.tasks.video_options import VideoOptions
from tests.server.conftest import photo
from tests.video.clips import Clip
from tests.video.graphs import red_is_person


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def weights(tmp_path):
    return red_is_person(tmp_path / "matte.onnx", keeps=0.2)


@pytest.fixture
def clip(tmp_path):
    return Clip(frames=8).write(tmp_path / "walk.mp4")


@pytest.fixture
def video_client(serving, weights, temporary):
    return serving(video_weights=weights)


def send(client, data, *, name="walk.mp4", files=None, **fields):
    return client.post("/api/v1/video", files={"clip": (name, data), **(files or {})}, data=fields)


def ended(client, begun):
    assert begun.status_code == 202, begun.text
    with client.stream("GET", f"{begun.headers['location']}/events") as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    return events[-1]


def frames(data):
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def left(folder):
    """Files in the folders of servers, but for the lock."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def test_the_video_is_that_of_the_api(video_client, clip, weights, tmp_path, temporary):
    job = ended(video_client, send(video_client, clip.read_bytes(), **{"with": "#00b140", "preset": "fast"}))
    assert job["state"] == "done", job
    assert (job["done"], job["report"]["frames"]) == (8, 8)
    answer = video_client.get(job["result"])
    assert answer.headers["content-type"] == "video/mp4"
    assert "walk-background.mp4" in answer.headers["content-disposition"]
    target = tmp_path / "expected.mp4"
    replace_background(clip, target, VideoOptions(background="#00b140", preset="fast", weights=weights))
    for ours, expected in zip(frames(answer.content), frames(target.read_bytes()), strict=True):
        assert (ours == expected).all()
    assert left(temporary) == []


def test_the_report_names_no_path_of_the_server(video_client, clip, temporary):
    job = ended(video_client, send(video_client, clip.read_bytes(), name="../../a/walk.mp4", **{"with": "blur:6"}))
    assert job["report"]["source"] == "walk.mp4"
    assert str(temporary) not in json.dumps(job)


def test_a_picture_behind_and_an_alpha_channel(video_client, clip):
    made = ended(video_client, send(video_client, clip.read_bytes(), files={"picture": ("b.png", photo(kind="PNG"))}))
    assert made["state"] == "done", made
    made = ended(video_client, send(video_client, clip.read_bytes(), alpha="vp9"))
    answer = video_client.get(made["result"])
    assert answer.headers["content-type"] == "video/webm"
    assert "walk-cutout.webm" in answer.headers["content-disposition"]


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("data", "fields", "status"),
    [
        (b"", {"with": "blur"}, 400),
        (PLAYLIST, {"with": "blur"}, 415),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", {"with": "blur"}, 415),
        (photo(), {"with": "blur"}, 415),
        (b"\0\0\0\x20ftypisom", {"with": "/etc/passwd"}, 422),
        (b"\0\0\0\x20ftypisom", {"with": "http://example.org/a.png"}, 422),
        (b"\0\0\0\x20ftypisom", {}, 422),
        (b"\0\0\0\x20ftypisom", {"with": "blur", "alpha": "vp9"}, 422),
        (b"\0\0\0\x20ftypisom", {"alpha": "png"}, 422),
    ],
)
def test_wrong_requests_are_refused_at_once(video_client, temporary, data, fields, status):
    assert send(video_client, data, **fields).status_code == status
    assert left(temporary) == []


def test_a_broken_clip_is_called_by_its_own_name(video_client, temporary, clip):
    job = ended(video_client, send(video_client, clip.read_bytes()[:700], **{"with": "blur"}))
    assert job["state"] == "failed"
    assert job["error"]["subject"] == "walk.mp4"
    assert str(temporary) not in json.dumps(job)
    assert video_client.get(f"/api/v1/jobs/{job['id']}/result").status_code == 400
    assert left(temporary) == []


def test_limits_on_bytes_and_pixels(serving, weights, temporary, clip):
    client = serving(video_weights=weights, clip_limits=Limits(max_bytes=1000))
    assert send(client, clip.read_bytes(), **{"with": "blur"}).status_code == 413
    client = serving(video_weights=weights, clip_limits=Limits(max_pixels=1000))
    job = ended(client, send(client, clip.read_bytes(), **{"with": "blur"}))
    assert job["error"]["error"] == "TooLargeError"
    assert left(temporary) == []


@pytest.fixture
def held(monkeypatch):
    """Videos that stop after their first frame, until they may go on."""
    from cleanplate.server.routes import video as route

    gate, begun = threading.Event(), threading.Event()
    real = route.replace_background

    def slow(source, target, options, *, progress):
        def held_progress(done, total):
            progress(done, total)
            begun.set()
            assert gate.wait(30)

        return real(source, target, options, progress=held_progress)

    monkeypatch.setattr(route, "replace_background", slow)
    yield gate, begun
    gate.set()


def test_clips_do_not_keep_pictures_waiting_and_can_be_called_off(serving, weights, temporary, clip, held):
    gate, begun = held
    client = serving(video_weights=weights, clips_waiting=1)
    running = send(client, clip.read_bytes(), **{"with": "blur"})
    assert begun.wait(30)
    waiting = send(client, clip.read_bytes(), **{"with": "blur"})
    assert send(client, clip.read_bytes(), **{"with": "blur"}).status_code == 429
    picture = client.post("/api/v1/erase", files={"image": photo()}, data={"box": "36,36,64,64"})
    assert picture.status_code == 200
    assert client.delete(waiting.headers["location"]).json()["state"] == "cancelled"
    assert client.delete(running.headers["location"]).status_code == 200
    gate.set()
    assert ended(client, running)["state"] == "cancelled"
    assert left(temporary) == []


def test_a_clip_over_its_time_fails(serving, weights, temporary, clip, held):
    import time

    gate, begun = held
    client = serving(video_weights=weights, clip_seconds=1.0)
    running = send(client, clip.read_bytes(), **{"with": "blur"})
    assert begun.wait(30)
    time.sleep(1.0)
    gate.set()
    job = ended(client, running)
    assert job["error"]["error"] == "DeadlineError"
    assert left(temporary) == []
    assert not [path for path in Path(temporary).glob("cleanplate-serve-*/*") if path.is_dir()]
