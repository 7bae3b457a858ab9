import json
import os
import signal

import pytest
import torch
from torch import nn

from cleanplate.errors import ArgumentError, DeviceError, EngineError, InputError, OutputError
from cleanplate_training import checkpoint, recipe
from cleanplate_training.loop import train


def run(tables, folder, **options):
    return train(recipe.parse(tables), folder, device="cpu", tensorboard=False, quiet=True, **options)


def lines(folder, *, without=("seconds/step", "seconds/data")):
    read = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in without} for line in read]


def assert_same_run(one, other):
    first, second = checkpoint.load(one / "last.pt"), checkpoint.load(other / "last.pt")
    for part in ("networks", "averages"):
        for name, weights in first[part].items():
            for key, value in weights.items():
                torch.testing.assert_close(second[part][name][key], value, atol=1e-6, rtol=1e-5)
    for key in ("step", "samples", "data", "kept", "updates", "averaged"):
        assert first[key] == second[key], key
    assert len(lines(one)) == len(lines(other))
    for left, right in zip(lines(one), lines(other), strict=True):
        assert left.pop("kind") == right.pop("kind")
        assert left == pytest.approx(right, rel=1e-5, abs=1e-7)


@pytest.fixture
def staged():
    from tests.training.staged_task import Staged

    Staged.moments, Staged.seen = {}, []
    yield Staged
    Staged.moments, Staged.seen = {}, []


@pytest.fixture
def staged_tables():
    return {
        "name": "staged",
        "task": "staged",
        "train": {"steps": 12, "batch": 2, "ema": 0, "log_every": 5, "validate_every": 4, "checkpoint_every": 3},
        "optim": {"network": {"kind": "adam", "lr": 0.05}},
    }


def test_adversarial_run_stopped_and_resumed_equals_the_unbroken_one(adversarial_tables, tmp_path):
    """Two optimisers, spectral norm, batch norm, dropout, moving average, accumulation: all go on exactly."""
    run(adversarial_tables, tmp_path / "whole")
    folder, stops = tmp_path / "broken", 0
    while run(adversarial_tables, folder, resume=True, minutes=0).reason == "time limit":
        stops += 1
    assert stops == 7
    assert_same_run(tmp_path / "whole", folder)


def test_resume_after_a_crash_goes_on_from_the_last_checkpoint(staged, staged_tables, tmp_path):
    run(staged_tables, tmp_path / "whole")
    staged.seen, staged.moments = [], {8: lambda loss: 1 / 0}
    with pytest.raises(ZeroDivisionError):
        run(staged_tables, tmp_path / "broken")
    staged.moments = {}
    assert run(staged_tables, tmp_path / "broken", resume=True).step == 12
    assert_same_run(tmp_path / "whole", tmp_path / "broken")


@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted")], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_signal_ends_the_run_with_a_checkpoint(staged, staged_tables, tmp_path, number, reason):
    run(staged_tables, tmp_path / "whole")

    def send(loss):
        os.kill(os.getpid(), number)
        return loss

    staged.seen, staged.moments = [], {4: send}
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    outcome = run(staged_tables, tmp_path / "broken")
    assert (outcome.reason, outcome.step) == (reason, 5)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    staged.moments = {}
    assert run(staged_tables, tmp_path / "broken", resume=True).reason == "finished"
    assert_same_run(tmp_path / "whole", tmp_path / "broken")


def test_a_second_ctrl_c_stops_at_once(staged, staged_tables, tmp_path):
    def twice(loss):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        return loss

    staged.moments = {4: twice}
    with pytest.raises(KeyboardInterrupt):
        run(staged_tables, tmp_path)


def test_not_finite_stops_before_the_update_and_saves_the_batch(staged, staged_tables, tmp_path):
    staged.moments = {7: lambda loss: loss * float("nan")}
    with pytest.raises(EngineError, match=r"not finite at step 7: error, gradient") as caught:
        run(staged_tables, tmp_path)
    saved = checkpoint.load(tmp_path / "not-finite-00000007-0.pt")
    assert saved["batches"][0]["index"].tolist() == staged.seen[7]
    assert all(torch.isfinite(weight).all() for weight in saved["networks"]["network"].values())
    assert checkpoint.load(tmp_path / "last.pt")["step"] == 6
    assert "not-finite-00000007-0.pt" in str(caught.value)


def test_time_limit_and_finished_run(staged, staged_tables, tmp_path):
    outcome = run(staged_tables, tmp_path, minutes=0)
    assert (outcome.reason, outcome.step, outcome.samples) == ("time limit", 1, 2)
    assert run(staged_tables, tmp_path, resume=True).reason == "finished"
    again = run(staged_tables, tmp_path, resume=True)
    assert (again.reason, again.step) == ("finished", 12)


def test_each_pass_has_every_sample_once(staged, staged_tables, tmp_path):
    run(staged_tables, tmp_path)
    drawn = [index for batch in staged.seen for index in batch]
    assert sorted(drawn[:10]) == list(range(10)) == sorted(drawn[10:20])
    assert drawn[:10] != drawn[10:20]


def test_sample_weights_follow_validation_and_survive_a_stop(staged, staged_tables, tmp_path):
    staged_tables["growing_weights"] = True
    run(staged_tables, tmp_path / "whole")
    whole = list(staged.seen)
    assert sum(sum(batch) for batch in whole[8:]) > sum(sum(batch) for batch in whole[:4])
    staged.seen = []
    while run(staged_tables, tmp_path / "broken", resume=True, minutes=0).reason == "time limit":
        pass
    assert staged.seen == whole


def test_a_used_folder_needs_resume(staged, staged_tables, tmp_path):
    run(staged_tables, tmp_path)
    with pytest.raises(OutputError, match="already holds a run; use --resume"):
        run(staged_tables, tmp_path)


def test_resume_follows_the_recipe_that_is_given(staged, staged_tables, tmp_path):
    run(staged_tables, tmp_path, minutes=0)
    staged_tables["optim"]["network"]["lr"] = 0.5
    run(staged_tables, tmp_path, resume=True)
    assert {line["lr/network"] for line in lines(tmp_path) if line["kind"] == "train"} == {0.5}
    staged_tables["examples"] = 11
    with pytest.raises(ArgumentError, match="has length 10 but the data now 11"):
        run(staged_tables, tmp_path, resume=True)


def test_best_checkpoints_are_kept(staged, staged_tables, tmp_path):
    staged_tables["train"] |= {"steps": 20, "keep_best": 2}
    run(staged_tables, tmp_path)
    last = checkpoint.load(tmp_path / "last.pt")
    figures = {line["step"]: line["error"] for line in lines(tmp_path) if line["kind"] == "validation"}
    best = sorted(figures, key=figures.get)[:2]
    assert [step for _, step in last["kept"]] == best
    assert sorted(path.name for path in tmp_path.glob("step-*.pt")) == sorted(f"step-{step:08d}.pt" for step in best)
    assert checkpoint.load(tmp_path / "best.pt")["step"] == best[0]


def test_accumulated_batches_equal_one_large_batch(staged, staged_tables, tmp_path):
    staged_tables["optim"]["network"] = {"kind": "sgd", "lr": 0.01}
    staged_tables["train"]["batch"] = 4
    run(staged_tables, tmp_path / "large")
    staged_tables["train"] |= {"batch": 2, "accumulate": 2}
    run(staged_tables, tmp_path / "small")
    large, small = (checkpoint.load(tmp_path / name / "last.pt") for name in ("large", "small"))
    assert large["samples"] == small["samples"] == 48
    torch.testing.assert_close(small["networks"], large["networks"], atol=1e-5, rtol=1e-5)


def test_worker_processes_change_nothing(shapes_tables, tmp_path):
    run(shapes_tables, tmp_path / "alone")
    shapes_tables["train"]["workers"] = 2
    run(shapes_tables, tmp_path / "helped")
    alone, helped = (checkpoint.load(tmp_path / name / "last.pt") for name in ("alone", "helped"))
    torch.testing.assert_close(helped["averages"], alone["averages"], atol=0, rtol=0)


def test_bf16_keeps_weights_and_the_gradient_penalty_in_float32(adversarial_tables, tmp_path, monkeypatch):
    adversarial_tables["train"] |= {"precision": "bf16-mixed", "steps": 2}
    computed = {"forward": set(), "penalty": set()}
    convolve = nn.Conv2d.forward

    def spy(self, x):
        y = convolve(self, x)
        computed["penalty" if x.requires_grad and x.grad_fn is None else "forward"].add(y.dtype)
        return y

    monkeypatch.setattr(nn.Conv2d, "forward", spy)
    run(adversarial_tables, tmp_path)
    assert computed["penalty"] == {torch.float32}
    assert torch.bfloat16 in computed["forward"]
    saved = checkpoint.load(tmp_path / "last.pt")
    weights = [value for network in saved["networks"].values() for value in network.values()]
    assert {value.dtype for value in weights if value.is_floating_point()} == {torch.float32}


def test_start_from_takes_the_averaged_weights(shapes_tables, tmp_path):
    run(shapes_tables, tmp_path / "first")
    shapes_tables["train"] |= {"start_from": str(tmp_path / "first"), "steps": 1}
    shapes_tables["optim"]["network"]["lr"] = 0.0
    run(shapes_tables, tmp_path / "second")
    first, second = (checkpoint.load(tmp_path / name / "best.pt") for name in ("first", "second"))
    for key, value in first["averages"]["network"].items():
        if key.endswith(("weight", "bias")):
            torch.testing.assert_close(second["networks"]["network"][key], value)
    shapes_tables["network"] = {"widths": [4, 16]}
    with pytest.raises(InputError, match="does not fit the network 'network'"):
        run(shapes_tables, tmp_path / "third")


def test_only_the_phase_s_networks_get_gradients(adversarial_tables, tmp_path, monkeypatch):
    from tests.training.adversarial_task import Adversarial

    flags = []
    original = Adversarial.training_step

    def spy(self, networks, batch, phase):
        trainable = {name: all(w.requires_grad for w in network.parameters()) for name, network in networks.items()}
        flags.append((phase.optimiser, trainable))
        return original(self, networks, batch, phase)

    monkeypatch.setattr(Adversarial, "training_step", spy)
    adversarial_tables["train"]["steps"] = 1
    run(adversarial_tables, tmp_path)
    phases = [name for name, _ in flags]
    assert phases == ["critic"] * 4 + ["generator"] * 2
    assert all(trainable == {"critic": name == "critic", "generator": name == "generator"} for name, trainable in flags)


def test_wrong_optimisers_and_devices_are_refused(staged, staged_tables, tmp_path):
    with pytest.raises(ArgumentError, match="is not one of auto, cpu, cuda, mps"):
        train(recipe.parse(staged_tables), tmp_path, device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="not available to PyTorch"):
            train(recipe.parse(staged_tables), tmp_path, device="cuda")
    staged_tables["optim"] = {"generator": {"lr": 1.0}}
    with pytest.raises(ArgumentError, match=r"has \[optim.generator\] but task 'staged' needs \[optim.network\]"):
        run(staged_tables, tmp_path)


def test_sheets_lines_and_tensorboard_are_written(shapes_tables, tmp_path):
    train(recipe.parse(shapes_tables), tmp_path, device="cpu", quiet=True)
    assert sorted(path.name for path in (tmp_path / "sheets").iterdir()) == ["00000003.png", "00000006.png"]
    assert list((tmp_path / "tensorboard").glob("events*"))
    kinds = [(line["kind"], line["step"], line["samples"]) for line in lines(tmp_path)]
    assert kinds == [("train", 2, 8), ("validation", 3, 12), ("train", 4, 16), ("train", 6, 24), ("validation", 6, 24)]
