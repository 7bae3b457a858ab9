"""``cleanplate video``: names of outputs, several clips, what is said, and the manual."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.pictures import listing
from tests.video.clips import Clip, look
from tests.video.graphs import red_is_person

MANUAL = (Path(__file__).parents[2] / "docs" / "video.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", MANUAL, re.DOTALL) for line in block.splitlines() if line]


@pytest.fixture
def video(cleanplate, tmp_path):
    Clip(frames=5).write(tmp_path / "talk.mp4")
    red = red_is_person(tmp_path.parent / f"{tmp_path.name}.onnx")
    return lambda *words: cleanplate("video", *words, "--weights", red)


def test_a_clip(video, tmp_path):
    ran = video("talk.mp4", "--with", "#00b140", "-o", "out.mp4", "--preset", "fast", "--crf", "30", "--smooth", "ofd")
    assert ran.code == 0, ran.stderr
    assert re.search(
        r"talk.mp4 -> out.mp4: 5 frames \(0.2 s\) in .* frames/s \(.* on cpu, h264, sound copied\)", ran.stdout
    )
    assert ran.stderr == ""
    assert listing(tmp_path) == {"talk.mp4", "out.mp4"}


def test_names_beside_the_clip(video, tmp_path):
    for words, name in (
        (["--with", "blur"], "talk-background.mp4"),
        (["--alpha", "prores"], "talk-cutout.mov"),
        (["--alpha", "vp9"], "talk-cutout.webm"),
        (["--alpha", "png"], "talk-frames/000005.png"),
    ):
        ran = video("talk.mp4", *words)
        assert ran.code == 0, ran.stderr
        assert (tmp_path / name).is_file()
    ran = video("talk.mp4", "--with", "blur")
    assert ran.code == 5
    assert "exists" in ran.error
    assert video("talk.mp4", "--with", "blur", "--overwrite").code == 0


def test_several_clips(video, tmp_path):
    (tmp_path / "b.mp4").write_bytes((tmp_path / "talk.mp4").read_bytes())
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    ran = video("talk.mp4", "broken.mp4", "b.mp4", "--with", "white", "-o", "done", "--json", "--no-sound")
    assert ran.code == 7
    assert "failed: broken.mp4" in ran.stderr
    records = json.loads(ran.stdout)["files"]
    assert [record["outputs"] for record in records] == [["done/talk.mp4"], ["done/b.mp4"]]
    assert listing(tmp_path / "done") == {"talk.mp4", "b.mp4"}
    assert look(tmp_path / "done" / "b.mp4").sound == []


def test_a_folder(video, tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").write_bytes((tmp_path / "talk.mp4").read_bytes())
    (tmp_path / "clips" / "B.MKV").write_bytes((tmp_path / "talk.mp4").read_bytes())
    (tmp_path / "clips" / "notes.txt").write_text("none")
    ran = video("clips", "--alpha", "vp9", "-o", "done")
    assert ran.code == 0, ran.stderr
    assert listing(tmp_path / "done") == {"a.webm", "B.webm"}
    (tmp_path / "empty").mkdir()
    assert "no video" in video("empty", "--with", "white").error


def test_json_of_one_clip(video):
    ran = video("talk.mp4", "--with", "white", "-o", "out.mkv", "--json", "--start", "0:00.04", "--end", "0.16")
    record = json.loads(ran.stdout)
    assert record["frames"] == 3
    assert record["timings"].keys() == {"decode", "network", "compose", "encode", "total"}
    assert record["network_size"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["talk.mp4"], 2, "--with"),
        (["talk.mp4", "--with", "white", "--alpha", "prores"], 2, "exclude"),
        (["talk.mp4", "--alpha", "gif"], 2, "prores, vp9, png"),
        (["talk.mp4", "--with", "white", "--preset", "turbo"], 2, "fast, balanced, best"),
        (["talk.mp4", "--with", "white", "--start", "soon"], 2, "--start"),
        (["talk.mp4", "--with", "transparent"], 2, "--alpha"),
        (["none.mp4", "--with", "white"], 3, "does not exist"),
        (["talk.mp4", "--with", "none.jpg"], 3, "none.jpg"),
        (["talk.mp4", "--with", "white", "-o", "talk.mp4"], 5, "input"),
        (["talk.mp4", "--with", "white", "-o", "none/out.mp4"], 5, "folder"),
        (["talk.mp4", "--with", "white", "--device", "abacus"], 6, "abacus"),
    ],
)
def test_what_is_refused(video, tmp_path, words, code, said):
    ran = video(*words)
    assert ran.code == code, ran.stderr
    assert said in ran.error
    assert listing(tmp_path) == {"talk.mp4"}


@pytest.mark.parametrize("line", COMMANDS)
def test_the_manual_is_understood(cleanplate, line, monkeypatch):
    asked = []
    monkeypatch.setattr("cleanplate.cli.video_run.run", asked.append)
    monkeypatch.setattr("cleanplate.cli.camera_run.run", lambda options, **_: asked.append(options))
    words = shlex.split(line)
    assert words[0] == "cleanplate"
    ran = cleanplate(*words[1:])
    if words[1] == "adapt":
        assert ran.code == 3, ran.stderr  # everything was understood, but there is no such run
        return
    assert ran.code == 0, ran.stderr
    assert len(asked) == 1


@pytest.mark.parametrize("command", ["video", "camera", "adapt"])
def test_every_option_is_explained(cleanplate, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "200")
    options = set(re.findall(r"--[a-z][a-z-]+", cleanplate(command, "--help").stdout))
    assert options - {"--help", "--output"} - set(re.findall(r"--[a-z][a-z-]+", MANUAL)) == set()


def test_adapting_needs_the_training_part(cleanplate, monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanplate_training.adapt", None)
    ran = cleanplate("adapt", "talk.mp4", "-o", "talk.onnx", "--from", "run")
    assert ran.code == 6
    assert "cleanplate[train]" in ran.error
