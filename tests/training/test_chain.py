"""The whole chain by its commands: train, stop, resume, evaluate, export with record and card, run by the runtime."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from cleanplate.errors import ArgumentError, BrokenInputError, MissingInputError, WeightsError
from cleanplate.runtime.session import start
from cleanplate.weights.record import read_record
from cleanplate_training import checkpoint, convert
from cleanplate_training.cli import app
from cleanplate_training.tasks.drawn_shapes import DrawnShapes
from cleanplate_training.tasks.segmentation import normalised
from tests.training.network_contract import described, picture

RECIPE = """
name = "tried"
task = "segmentation"
[network]
widths = [8, 16]
[data]
shapes = 64
size = 32
[train]
steps = 60
batch = 8
ema = 0.9
log_every = 10
validate_every = 30
sheet_every = 0
[optim.network]
lr = 1e-2
[export]
working_size = 48
[card]
title = "Finds drawn shapes"
task = "defects"
network = "U-Net"
paper = "arXiv 1505.04597"
licence = "Apache-2.0"
commercial_reason = "trained on drawn shapes only"
run_with = "cleanplate restore PHOTO"
notes = "A trial."
sources = ["this repository"]
training_data = [{ name = "drawn shapes", terms = "Apache-2.0", url = "https://example.org" }]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run trained by the command: stopped after one step, then resumed to its end."""
    folder = tmp_path_factory.mktemp("chain")
    (folder / "tried.toml").write_text(RECIPE)
    torch.set_num_threads(1)
    start_it = ["train", str(folder / "tried.toml"), "-o", str(folder / "run"), "--device", "cpu", "--no-tensorboard"]
    stopped = CliRunner().invoke(app, [*start_it, "--time-limit", "0"])
    assert stopped.exit_code == 0, stopped.output
    assert "time limit after step 1 (8 samples)" in stopped.output
    done = CliRunner().invoke(app, [*start_it, "--resume", "--set", "train.log_every=5"])
    assert done.exit_code == 0, done.output
    assert "recipe changed: train.log_every was 10, now 5" in done.output
    assert "finished after step 60 (480 samples)" in done.output
    return folder


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_loss_falls(folder):
    lines = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
    losses = [line["cross_entropy"] + line["dice"] for line in lines if line["kind"] == "train"]
    assert losses[-1] < 0.75 * losses[0]
    figures = [line["iou"] for line in lines if line["kind"] == "validation"]
    assert figures[-1] > 0.3


def test_evaluate_repeats_the_figures_of_the_run(folder):
    done = invoke("evaluate", folder / "run", "--device", "cpu")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    saved = checkpoint.load(folder / "run" / "best.pt")
    assert facts["figures"] == pytest.approx(saved["figures"])
    assert (facts["step"], facts["recipe_hash"]) == (saved["step"], saved["recipe_hash"])


def test_export_writes_what_the_runtime_and_the_catalog_read(folder):
    further = {"figure": "IoU", "value": 0.5, "unit": "none", "on": "test set", "command": "python -m evaluation"}
    (folder / "more.json").write_text(json.dumps([further]))
    options = ["--record", folder / "tried-shapes.toml", "--card", folder / "tried-shapes.md"]
    output = folder / "tried-shapes.onnx"
    done = invoke("export", folder / "run", "-o", output, *options, "--measured", folder / "more.json")
    assert done.exit_code == 0, done.output
    record = read_record(folder / "tried-shapes.toml")
    assert (record.name, record.precision, record.opset) == ("tried-shapes", "float16", 18)
    assert record.bytes == output.stat().st_size
    assert record.input.multiple_of == 2
    assert record.input.working_size == 48
    assert [figure.figure for figure in record.measured][:2] == ["iou", "cross_entropy"]
    assert record.measured[-1].on == "test set"
    assert [port.shape for port in record.ports] == ["N x 3 x H x W", "N x 1 x H x W"]
    card = (folder / "tried-shapes.md").read_text()
    assert record.sha256 in card
    assert "should see about 48 x 48 pixels" in card
    assert "| IoU | 0.5 | test set | `python -m evaluation` |" in card
    session = start(output, device="cpu")
    example = DrawnShapes(1, size=64).draw(0, np.random.default_rng(5))
    image = normalised(torch.from_numpy(example["image"])[None]).numpy()
    mask = session.run({"image": image})["mask"][0, 0]
    truth = example["mask"][0] > 0
    assert mask[truth].mean() > mask[~truth].mean() + 0.2


def test_a_static_export_says_its_size(folder):
    options = ["--record", folder / "fixed.toml", "--static-shape", "32x64", "--storage", "float32"]
    done = invoke("export", folder / "run", "-o", folder / "fixed.onnx", *options)
    assert done.exit_code == 0, done.output
    record = read_record(folder / "fixed.toml")
    assert record.input.fixed == (32, 64)
    assert record.ports[0].shape == "1 x 3 x 32 x 64"


def test_a_record_with_gaps_is_refused(folder):
    saved = checkpoint.load(folder / "run" / "best.pt")
    saved["recipe"]["card"]["commercial_use"] = "unclear"
    checkpoint.save(folder / "unclear.pt", {key: value for key, value in saved.items() if key != "format"})
    done = invoke("export", folder / "unclear.pt", "-o", folder / "gap.onnx", "--record", folder / "gap.toml")
    assert isinstance(done.exception, WeightsError)
    assert "commercial use is not clear" in str(done.exception)
    assert not (folder / "gap.toml").exists()


def test_the_program_ends_with_one_line_and_an_exit_code(tmp_path):
    command = [sys.executable, "-m", "cleanplate_training", "train", "shaps", "-o", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ})
    assert done.returncode == 3
    assert done.stderr.startswith("error: shaps: there is no such recipe; give a .toml file or one of ")
    assert done.stderr.endswith(", shapes\n")
    assert done.stderr.count("\n") == 1


def test_vote_reports_from_the_command_line(tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "x.png")
    votes = tmp_path / "votes.jsonl"
    arguments = ["vote", tmp_path / "a", tmp_path / "b", "--votes", votes, "--report"]
    assert invoke(*arguments).stdout == "no votes yet\n"
    votes.write_text('{"picture": "x", "shown": ["b", "a"], "chosen": "b", "voter": ""}\n')
    assert "b over a: 100 % (21 to 100)" in invoke(*arguments).stdout


def test_prepare_and_preview_reach_the_data_half(tmp_path):
    done = invoke("prepare", "no-such-recipe", "-o", tmp_path / "out", "--root", "photos=/nowhere")
    assert isinstance(done.exception, MissingInputError)
    done = invoke("prepare", "no-such-recipe", "-o", tmp_path / "out", "--root", "photos")
    assert isinstance(done.exception, ArgumentError)
    assert isinstance(invoke("preview", tmp_path / "none.tar", "-o", tmp_path / "out").exception, MissingInputError)


def test_convert_goes_through_the_gates(tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match="'nothing': has no converter; valid: "):
        convert.convert(tmp_path / "x.pth", "nothing", tmp_path / "x.onnx")

    def blur(content):
        layer = torch.nn.Conv2d(3, 3, 1)
        layer.load_state_dict(content)
        return described(layer, picture(8, 8), multiple=1)

    monkeypatch.setitem(convert.CONVERTERS, "blur", blur)
    with pytest.raises(ArgumentError, match="did you mean 'blur'"):
        convert.convert(tmp_path / "x.pth", "blurr", tmp_path / "x.onnx")
    with pytest.raises(MissingInputError):
        convert.convert(tmp_path / "none.pth", "blur", tmp_path / "x.onnx")
    (tmp_path / "bad.pth").write_bytes(b"no")
    with pytest.raises(BrokenInputError, match="not a readable checkpoint"):
        convert.convert(tmp_path / "bad.pth", "blur", tmp_path / "x.onnx")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(BrokenInputError, match="is not a checkpoint of blur"):
        convert.convert(tmp_path / "other.pth", "blur", tmp_path / "x.onnx")
    torch.save(torch.nn.Conv2d(3, 3, 1).state_dict(), tmp_path / "good.pth")
    assert convert.convert(tmp_path / "good.pth", "blur", tmp_path / "x.onnx").path.is_file()
