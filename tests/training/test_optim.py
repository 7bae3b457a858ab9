import pytest
import torch
from torch import nn

from cleanplate_training.ema import MovingAverage
from cleanplate_training.journal import tile
from cleanplate_training.optim import build_optimiser, schedule_factor
from cleanplate_training.recipe import Optim


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"schedule": "constant"}, {0: 1, 100: 1}),
        ({"schedule": "linear"}, {0: 1, 50: 0.5, 100: 0, 150: 0}),
        ({"schedule": "cosine", "floor": 0.1}, {0: 1, 50: 0.55, 100: 0.1}),
        ({"schedule": "steps", "milestones": (10, 20), "gamma": 0.5}, {9: 1, 10: 0.5, 20: 0.25}),
        ({"schedule": "linear", "warmup": 20}, {0: 0.05, 9: 0.5, 19: 1, 20: 1, 60: 0.5}),
    ],
)
def test_schedules(settings, expected):
    factor = schedule_factor(Optim(lr=1.0, **settings), steps=100)
    assert {done: factor(done) for done in expected} == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "rmsprop"])
def test_groups_keep_their_scale_and_frozen_weights_stay_out(kind):
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.bias.requires_grad_(False)
    groups = [{"params": first.parameters(), "lr_scale": 0.1}, {"params": second.parameters(), "weight_decay": 0.5}]
    optimiser = build_optimiser(Optim(lr=0.2, kind=kind, weight_decay=0.01), groups)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([0.02, 0.2])
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.01, 0.5]
    assert [len(group["params"]) for group in optimiser.param_groups] == [2, 1]


def test_the_moving_average_follows_weights_and_statistics():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    average = MovingAverage(network, 0.9)
    expected = network[0].weight.item()
    for update in range(30):
        with torch.no_grad():
            network[0].weight.fill_(update)
            network[1].running_mean.fill_(update)
            network[1].num_batches_tracked.fill_(update)
        average.update(network)
        keep = min(0.9, (1 + update) / (10 + update))
        expected = keep * expected + (1 - keep) * update
    assert average.module[0].weight.item() == pytest.approx(expected, rel=1e-5)
    assert average.module[1].num_batches_tracked.item() == 29
    assert not average.module.training
    assert not any(weight.requires_grad for weight in average.module.parameters())


def test_tile_lays_rows_and_columns_out():
    pictures = torch.zeros(2, 3, 3, 4, 5)
    pictures[1, 2] = torch.tensor([1.0, 0.5, 2.0])[:, None, None]
    tiled = tile(pictures)
    assert tiled.shape == (8, 15, 3)
    assert tiled[4:, 10:].reshape(-1, 3).tolist() == [[255, 128, 255]] * 20
    assert tiled[:4].sum() == tiled[:, :10].sum() == 0
