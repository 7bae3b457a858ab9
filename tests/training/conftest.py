"""Settings of the tests of the training half: they need the extra ``train`` and use one thread."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from cleanplate_training import tasks  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def test_tasks(monkeypatch):
    """Let recipes name the tasks that only tests have."""
    monkeypatch.setitem(tasks.TASKS, "adversarial", "tests.training.adversarial_task:Adversarial")
    monkeypatch.setitem(tasks.TASKS, "staged", "tests.training.staged_task:Staged")


@pytest.fixture
def adversarial_tables():
    optim = {"kind": "adam", "lr": 1e-3, "betas": [0.5, 0.9]}
    return {
        "name": "adversarial",
        "task": "adversarial",
        "critic_steps": 2,
        "train": {"steps": 8, "batch": 2, "accumulate": 2, "ema": 0.9, "log_every": 3, "validate_every": 4},
        "optim": {"critic": dict(optim), "generator": {**optim, "schedule": "cosine", "clip_norm": 1.0}},
    }


@pytest.fixture
def shapes_tables():
    return {
        "name": "shapes",
        "task": "segmentation",
        "network": {"widths": [4, 8]},
        "data": {"shapes": 12, "size": 16},
        "train": {"steps": 6, "batch": 4, "ema": 0.9, "log_every": 2, "validate_every": 3, "sheet_every": 3},
        "optim": {"network": {"lr": 1e-2}},
    }
