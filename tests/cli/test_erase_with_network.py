"""``--engine onnx`` with a file of the user's, end to end."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from cleanplate.tasks.engine_choice import GENERATED, PREFERENCE
from tests.cli.pictures import photo_pixels
from tests.inpaint.generators import generator
from tests.runtime.graphs import doubling, lama, migan

BOX = ("--box", "40,30,70,60")


@pytest.fixture(autouse=True)
def _no_weights_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.delenv("CLEANPLATE_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))


@pytest.mark.parametrize("make", [lama, migan])
def test_only_the_selection_and_its_rim_change(cleanplate, photo, tmp_path, make):
    make(tmp_path / "mine.onnx")
    ran = cleanplate(
        "erase", "photo.png", *BOX, "--engine", "onnx", "--weights", "mine.onnx", "--json", "-o", "clean.png"
    )
    assert ran.code == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert (report["engine"], report["device"]) == ("onnx", "cpu")
    before, after = photo_pixels(), np.asarray(Image.open(tmp_path / "clean.png"))
    left, top, right, bottom = report["mask_box"]
    assert left < 40 < 70 < right
    inside = np.zeros(before.shape[:2], np.bool_)
    inside[top:bottom, left:right] = True
    assert (after[~inside] == before[~inside]).all()
    # These networks fill by one colour, the mean of what is known: what was there is gone.
    assert np.abs(after[30:60, 40:70].astype(int) - before[30:60, 40:70]).mean() > 5


def test_weights_alone_choose_the_engine(cleanplate, photo, tmp_path):
    lama(tmp_path / "mine.onnx")
    ran = cleanplate("erase", "photo.png", *BOX, "--weights", "mine.onnx", "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    assert "(onnx on cpu)" in ran.stdout


@pytest.mark.parametrize("engine", ["cra", "hybrid", None])
def test_a_generator_runs_in_its_own_engines(cleanplate, photo, tmp_path, engine):
    generator(tmp_path / "mine.onnx")
    chosen = () if engine is None else ("--engine", engine)
    ran = cleanplate("erase", "photo.png", *BOX, *chosen, "--weights", "mine.onnx", "--json", "-o", "clean.png")
    assert ran.code == 0, ran.stderr
    assert json.loads(ran.stdout)["engine"] == (engine or next((e for e in PREFERENCE if e in GENERATED), "cra"))


def test_several_pictures_in_processes_of_their_own(cleanplate, photo, tmp_path):
    lama(tmp_path / "mine.onnx")
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    ran = cleanplate(
        "erase", "in", *BOX, "--engine", "onnx", "--weights", "mine.onnx", "--jobs", "2", "-o", "out", "--json"
    )
    assert ran.code == 0, ran.stderr
    files = json.loads(ran.stdout)["files"]
    assert [(file["engine"], file["device"]) for file in files] == [("onnx", "cpu")] * 2
    assert (tmp_path / "out" / "a.png").read_bytes() == (tmp_path / "out" / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "engine 'onnx' needs a network; give one by --weights FILE, or fetch one: cleanplate models fetch"),
        (("--weights", "gone.onnx"), "gone.onnx: there is no such file"),
        (("--weights", "twice.onnx"), "twice.onnx: is no completion network that is known here: it takes x (float32"),
        (("--weights", "text.onnx"), "text.onnx: cannot be loaded as a network"),
        (("--weights", "migan"), "weights 'migan': are not installed; run 'cleanplate models fetch migan'"),
        (("--weights", "mine.onnx", "--device", "cann"), "device 'cann' is not installed (installed: cpu"),
        (("--weights", "mine.onnx", "--device", "gpu"), "unknown device 'gpu'; choose one of: auto, cpu, cuda"),
    ],
)
def test_what_is_missing_is_one_line_and_leaves_nothing(cleanplate, photo, tmp_path, options, said):
    lama(tmp_path / "mine.onnx")
    doubling(tmp_path / "twice.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    ran = cleanplate("erase", "photo.png", *BOX, "--engine", "onnx", *options, "-o", "clean.png")
    assert ran.code == 6
    assert said in ran.error
    assert not (tmp_path / "clean.png").exists()


def test_commercial_only_refuses_a_network_of_unknown_terms(cleanplate, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANPLATE_COMMERCIAL_ONLY", "0")  # the option sets it for this process; put back afterwards
    lama(tmp_path / "mine.onnx")
    ran = cleanplate("erase", "photo.png", *BOX, "--weights", "mine.onnx", "--commercial-only", "-o", "clean.png")
    assert ran.code == 6
    assert "mine.onnx" in ran.stderr
    assert not (tmp_path / "clean.png").exists()
