"""Packed checkpoints: small files that hold all weights, and from which runs go on."""

import json

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from cleanplate.errors import ArgumentError, BrokenInputError, MissingInputError, OutputError
from cleanplate_training import checkpoint, loop, packed
from cleanplate_training.cli import app
from cleanplate_training.recipe import parse
from cleanplate_training.trained import evaluate, open_trained


def train(tables, folder, **options):
    return loop.train(parse(tables), folder, device="cpu", tensorboard=False, quiet=True, **options)


@pytest.fixture
def run(adversarial_tables, tmp_path):
    """A run of 8 steps with a generator, its average, and a critic."""
    train(adversarial_tables, tmp_path / "run")
    return tmp_path / "run"


def pack(run, file):
    done = CliRunner().invoke(app, ["pack", str(run), "-o", str(file)])
    assert done.exit_code == 0, done.output
    return file


def test_a_packed_checkpoint_has_all_weights_and_no_moments(run, tmp_path):
    file = pack(run, tmp_path / "run.safetensors")
    whole, small = checkpoint.load(run / "last.pt"), checkpoint.load(file)
    assert file.stat().st_size < 0.4 * (run / "last.pt").stat().st_size
    assert "optimisers" not in small
    for key in ("networks", "averages"):
        for name, weights in whole[key].items():
            assert list(small[key][name]) == list(weights)
            for entry, tensor in weights.items():
                again = small[key][name][entry]
                assert (again.dtype, again.shape) == (tensor.dtype, tensor.shape)
                torch.testing.assert_close(again, tensor, rtol=1e-3 if tensor.dim() > 1 else 0, atol=1e-7)
    for key in ("step", "samples", "recipe_hash", "figures"):
        assert small[key] == whole[key]


def test_packing_twice_gives_the_same_bytes(run, tmp_path):
    one, other = (pack(run, tmp_path / f"{name}.safetensors") for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_a_run_goes_on_from_a_packed_checkpoint(run, adversarial_tables, tmp_path):
    file = pack(run, tmp_path / "run.safetensors")
    adversarial_tables["train"]["steps"] = 10
    outcome = train(adversarial_tables, tmp_path / "later", resume_from=file)
    assert (outcome.reason, outcome.step) == ("finished", 10)
    before, after = (checkpoint.load(each) for each in (run / "last.pt", tmp_path / "later" / "last.pt"))
    assert after["samples"] == before["samples"] * 10 // 8
    assert after["averaged"] == {"generator": 10}
    assert after["updates"] == {"critic": 20, "generator": 10}
    unbroken = train(adversarial_tables, tmp_path / "unbroken")
    assert outcome.figures["l1"] == pytest.approx(unbroken.figures["l1"], rel=0.1)  # fresh moments


def test_the_same_command_goes_on_from_the_folder_once_it_has_a_checkpoint(run, adversarial_tables, tmp_path):
    file = pack(run, tmp_path / "run.safetensors")
    adversarial_tables["train"]["steps"] = 9
    train(adversarial_tables, tmp_path / "later", resume_from=file)
    adversarial_tables["train"]["steps"] = 10
    again = train(adversarial_tables, tmp_path / "later", resume_from=file)
    assert again.step == 10
    saved = checkpoint.load(tmp_path / "later" / "last.pt")
    moments = saved["optimisers"]["generator"]["state"][0]
    assert int(moments["step"]) == 2  # the two steps since the packed file, not the one since the stop


def test_a_new_run_starts_from_the_averages_of_a_packed_checkpoint(run, adversarial_tables, tmp_path):
    file = pack(run, tmp_path / "run.safetensors")
    adversarial_tables["train"] |= {"start_from": str(file), "steps": 1}
    adversarial_tables["optim"]["generator"]["lr"] = 0.0
    adversarial_tables["optim"]["generator"].pop("schedule")
    train(adversarial_tables, tmp_path / "next")
    begun = checkpoint.load(tmp_path / "next" / "last.pt")["networks"]["generator"]
    averages = checkpoint.load(file)["averages"]["generator"]
    torch.testing.assert_close(begun["0.weight"], averages["0.weight"])


def test_it_can_be_evaluated_and_exported(shapes_tables, tmp_path):
    train(shapes_tables, tmp_path / "run")
    file = pack(tmp_path / "run", tmp_path / "run.safetensors")
    opened = open_trained(file)
    assert evaluate(opened, device="cpu")["iou"] == pytest.approx(opened.figures["iou"], abs=0.01)
    done = CliRunner().invoke(app, ["export", str(file), "-o", str(tmp_path / "run.onnx")])
    assert done.exit_code == 0, done.output


def test_it_does_not_tell_where_the_data_lay(run, tmp_path):
    content = checkpoint.load(run / "last.pt")
    content["recipe"]["places"] = ["/home/someone/train-0.tar", "C:\\photos\\a.tar", "shards/b.tar"]
    packed.pack(content, tmp_path / "x.safetensors")
    assert packed.unpack(tmp_path / "x.safetensors")["recipe"]["places"] == ["train-0.tar", "a.tar", "shards/b.tar"]
    assert b"someone" not in (tmp_path / "x.safetensors").read_bytes()


def test_what_the_task_remembers_is_kept(run, tmp_path):
    content = checkpoint.load(run / "last.pt")
    content["task"] = {"weights": torch.arange(3.0), "rows": [1, {"deep": torch.ones(2, 2)}]}
    packed.pack(content, tmp_path / "x.safetensors")
    task = packed.unpack(tmp_path / "x.safetensors")["task"]
    assert torch.equal(task["weights"], torch.arange(3.0))
    assert torch.equal(task["rows"][1]["deep"], torch.ones(2, 2))


def test_files_that_are_none_are_refused(run, tmp_path):
    (tmp_path / "junk.safetensors").write_bytes(b"no weights")
    save_file({"a": torch.ones(2)}, tmp_path / "other.safetensors")
    whole = pack(run, tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / "half.safetensors").write_bytes(whole[: len(whole) // 2])
    for name in ("junk", "other", "half"):
        with pytest.raises(BrokenInputError):
            checkpoint.load(tmp_path / f"{name}.safetensors")
    with pytest.raises(MissingInputError):
        checkpoint.load(tmp_path / "none.safetensors")


def test_nothing_is_replaced_unasked_and_nothing_unsound_is_written(run, tmp_path):
    file = pack(run, tmp_path / "run.safetensors")
    before = file.read_bytes()
    content = checkpoint.load(run / "last.pt")
    with pytest.raises(OutputError):
        packed.pack(content, file)
    content["networks"]["generator"]["0.weight"][0, 0, 0, 0] = 1e6
    with pytest.raises(BrokenInputError, match=r"0\.weight"):
        packed.pack(content, file, overwrite=True)
    assert file.read_bytes() == before
    done = CliRunner().invoke(app, ["pack", str(run), "-o", str(tmp_path / "run.pt")])
    assert isinstance(done.exception, ArgumentError)


def test_the_header_is_plain_json(run, tmp_path):
    from safetensors import safe_open

    with safe_open(pack(run, tmp_path / "run.safetensors"), framework="pt") as file:
        facts = file.metadata()
    assert json.loads(facts[packed.FORMAT])["step"] == 8
