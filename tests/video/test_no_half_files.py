"""Damaged clips give what can be read; whatever goes wrong leaves no half file under the final name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cleanplate.errors import ArgumentError, BrokenInputError, EngineError, FormatError, MissingInputError, OutputError
from cleanplate.tasks.ahead import ahead
from tests.video.clips import Clip, look


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return Clip(frames=50).write(tmp_path_factory.mktemp("clips") / "clip.mkv")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_broken_tail_keeps_what_can_be_read(render, clip, tmp_path):
    data = clip.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    report = render(tmp_path / "cut.mkv", tmp_path / "out.mp4")
    seen = look(tmp_path / "out.mp4")
    assert 10 < len(seen.frames) < 45
    assert report.frames == len(seen.frames)
    assert len(seen.sound) > 10
    assert any("breaks off" in note and "2.0 s" in note for note in report.notes), report.notes


def test_damage_in_the_middle_is_said(render, tmp_path):
    path = Clip(frames=50, options={"crf": "1", "g": "10", "preset": "ultrafast"}).write(tmp_path / "hurt.mp4")
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 2, len(data) // 2 + 1500):
        data[place] ^= 0x5A
    path.write_bytes(data)
    report = render(path, tmp_path / "out.mp4")
    assert report.frames >= 40
    assert len(look(tmp_path / "out.mp4").frames) == report.frames
    assert any("damaged" in note for note in report.notes), report.notes


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", BrokenInputError, "empty"),
        (b"no video at all" * 100, FormatError, "no video"),
        (
            b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08free\0\1\0\0mdat" + b"x" * 5000,
            BrokenInputError,
            "index",
        ),
    ],
)
def test_what_is_no_video_is_refused(render, tmp_path, content, kind, words):
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(kind, match=words):
        render(tmp_path / "bad.mp4", tmp_path / "out.mp4")
    assert names(tmp_path) == {"bad.mp4"}


def test_pictures_folders_and_nothing_are_refused(render, clip, tmp_path):
    with pytest.raises(MissingInputError):
        render(tmp_path / "none.mp4", tmp_path / "out.mp4")
    with pytest.raises(MissingInputError, match="folder"):
        render(tmp_path, tmp_path / "out.mp4")
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match="picture"):
        render(tmp_path / "a.png", tmp_path / "out.mp4")


def test_contradictions_are_refused_before_work(render, clip, tmp_path):
    with pytest.raises(ArgumentError, match="exclude"):
        render(clip, tmp_path / "out.mov", background="white", alpha="prores")
    with pytest.raises(ArgumentError, match=r"\.webm"):
        render(clip, tmp_path / "out.mov", alpha="vp9")
    with pytest.raises(ArgumentError, match="does not go"):
        render(clip, tmp_path / "out.webm", codec="h264")
    with pytest.raises(ArgumentError, match="unknown codec"):
        render(clip, tmp_path / "out.mp4", codec="divx")
    with pytest.raises(ArgumentError, match="0 to 51"):
        render(clip, tmp_path / "out.mp4", crf=60)
    with pytest.raises(ArgumentError, match="not after"):
        render(clip, tmp_path / "out.mp4", start=1.0, end=0.5)
    with pytest.raises(ArgumentError, match="after the end"):
        render(clip, tmp_path / "out.mp4", start=100.0)
    with pytest.raises(ArgumentError, match="written as"):
        render(clip, tmp_path / "out.avi")
    assert names(tmp_path) == set()


def test_inputs_and_existing_files_are_safe(render, clip, tmp_path):
    source = tmp_path / "clip.mkv"
    source.write_bytes(clip.read_bytes())
    with pytest.raises(OutputError, match="never overwritten"):
        render(source, source, overwrite=True)
    other = tmp_path / "b.mkv"
    other.write_bytes(clip.read_bytes())
    with pytest.raises(OutputError, match="never overwritten"):
        render(source, other, background=str(other), overwrite=True)
    (tmp_path / "there.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists"):
        render(source, tmp_path / "there.mp4")
    assert (tmp_path / "there.mp4").read_bytes() == b"mine"
    assert source.read_bytes() == clip.read_bytes()


def test_failures_in_any_stage_leave_nothing(render, clip, tmp_path, monkeypatch):
    def broken(*_arguments, **_options):
        raise EngineError("broke", subject="network")

    calls = iter(range(100))
    from cleanplate.matting import video as matting

    right = matting.advance

    def sometimes(small, state):
        return broken() if next(calls) == 20 else right(small, state)

    monkeypatch.setattr("cleanplate.tasks.video.advance", sometimes)
    with pytest.raises(EngineError, match="broke"):
        render(clip, tmp_path / "out.mp4")
    with monkeypatch.context() as patch:
        patch.setattr("cleanplate.encode.video.ClipWriter.finish", broken)
        with pytest.raises(EngineError, match="broke"):
            render(clip, tmp_path / "out.mp4")
    assert names(tmp_path) == set()
    assert not [thread for thread in threading.enumerate() if thread.name in ("decode", "network")]


@pytest.mark.parametrize("alpha", [None, "png"])
def test_a_full_disk_is_said_and_leaves_nothing(clip, red, tmp_path, alpha):
    """A limit on the size of files stands in for the disk: writing fails in the middle of the file."""
    target = "frames" if alpha else "out.mp4"
    what = "alpha='png'" if alpha else "background='white', crf=0"
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from cleanplate.tasks.video import replace_background\n"
        "from cleanplate.tasks.video_options import VideoOptions\n"
        "from cleanplate.errors import OutputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))\n"
        "try:\n"
        f"    replace_background(Path({str(clip)!r}), Path({target!r}), VideoOptions({what}, weights={str(red)!r}))\n"
        "except OutputError as error:\n"
        "    print(error); sys.exit(error.exit_code)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 5, ran.stderr
    assert target in ran.stdout
    assert names(tmp_path) == set()


@pytest.mark.parametrize("alpha", [False, True])
def test_interrupting_leaves_nothing(clip, red, tmp_path, alpha):
    what = ["--alpha", "png", "-o", "frames"] if alpha else ["--with", "white", "-o", "out.mp4"]
    program = (
        "import sys, time\n"
        "import cleanplate.tasks.video as video\n"
        "right = video.advance\n"
        "def slow(small, state):\n"
        "    time.sleep(0.05)\n"
        "    return right(small, state)\n"
        "video.advance = slow\n"
        "from cleanplate.cli.app import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", program, "video", str(clip), *what, "--weights", str(red)]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ)
    until = time.monotonic() + 30
    while not names(tmp_path) and time.monotonic() < until:
        time.sleep(0.02)
    assert all(name.startswith(".cleanplate-") for name in names(tmp_path))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert names(tmp_path) == set()


def test_work_ahead_is_bounded_and_ends():
    made = []

    def items():
        for number in range(1000):
            made.append(number)
            yield number

    with ahead(items(), depth=3, name="numbers") as numbers:
        assert next(numbers) == 0
        time.sleep(0.2)
        assert len(made) <= 6
    assert not [thread for thread in threading.enumerate() if thread.name == "numbers"]


def test_errors_ahead_arrive_where_items_are_taken():
    def items():
        yield 1
        raise ValueError("late")

    with ahead(items(), depth=3, name="numbers") as numbers:
        assert next(numbers) == 1
        with pytest.raises(ValueError, match="late"):
            next(numbers)
