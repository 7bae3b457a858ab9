"""The order of samples, and a loader that goes on at the exact sample where it stopped."""

from itertools import islice

import numpy as np
import pytest
import torch

from cleanplate.errors import ArgumentError
from cleanplate_training.data.loader import Loader
from cleanplate_training.data.order import SampleStream, batches
from cleanplate_training.data.sample import Sample


class Numbered:
    """Pictures whose first pixel is their index."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return Sample(str(index), np.full((4, 4, 3), index, np.uint8), "made", "none")


def noisy(sample, rng):
    return {"index": np.int64(sample.picture[0, 0, 0]), "noise": rng.random(3)}


def loader(length=23, **options):
    return Loader(Numbered(length), noisy, **({"batch_size": 4, "seed": 7} | options))


def same(a, b):
    return len(a) == len(b) and all(torch.equal(x[k], y[k]) for x, y in zip(a, b, strict=True) for k in x)


def test_every_epoch_is_another_permutation():
    stream = SampleStream(50, seed=1)
    epochs = [[stream[50 * epoch + place].sample for place in range(50)] for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert [stream[p].sample for p in range(50)] == epochs[0]  # going back works too
    assert [SampleStream(50, seed=2)[p].sample for p in range(50)] != epochs[0]


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_ranks_share_each_epoch_without_repeats(world_size):
    stream = SampleStream(24, seed=3)
    seen = []
    for rank in range(world_size):
        plan = batches(stream, start=0, batch_size=4, rank=rank, world_size=world_size, stop=24)
        seen += [ticket.sample for tickets in plan for ticket in tickets]
    assert sorted(seen) == list(range(24))


def test_resumed_batches_continue_the_unbroken_run():
    whole = list(islice(loader(), 20))
    first = loader()
    before = list(islice(first, 9))
    state = first.state_dict()
    assert state["samples_seen"] == 36
    second = loader()
    second.load_state_dict(state)
    assert same(before + list(islice(second, 11)), whole)
    assert second.epoch == pytest.approx(80 / 23)


def test_resume_with_other_ranks_goes_on_at_the_same_sample():
    whole = torch.cat([b["noise"] for b in islice(loader(), 8)])
    first = loader()
    list(islice(first, 4))
    parts = []
    for rank in range(2):
        part = loader(batch_size=2, rank=rank, world_size=2)
        part.load_state_dict(first.state_dict())
        parts.append([b["noise"] for b in islice(part, 4)])
    joined = torch.cat([half for step in zip(*parts, strict=True) for half in step])
    assert torch.equal(joined, whole[16:])


def test_workers_change_nothing():
    plain = list(islice(loader(), 7))
    forked = loader(workers=2, prefetch=2)
    assert same(list(islice(forked, 7)), plain)
    assert forked.samples_seen == 28  # what the workers had prepared ahead does not count


def test_a_bounded_pass_covers_everything_once():
    ordered = loader(shuffle=False, epochs=1)
    got = list(ordered)
    assert torch.cat([b["index"] for b in got]).tolist() == list(range(23))
    assert len(got[-1]["index"]) == 3
    assert ordered.samples_seen == 23
    assert list(ordered) == []


def test_heavier_samples_come_more_often():
    weights = np.ones(10)
    weights[3] = 11
    counts = np.zeros(10)
    for batch in islice(loader(10, weights=weights), 500):
        counts += np.bincount(batch["index"].numpy(), minlength=10)
    assert 0.5 < counts[3] / counts.sum() < 0.6


def test_a_foreign_position_is_refused():
    state = loader(22).state_dict()
    with pytest.raises(ArgumentError, match="length 22 but the loader 23"):
        loader().load_state_dict(state)
    with pytest.raises(ArgumentError, match="seed"):
        loader().load_state_dict(loader(seed=8).state_dict())


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"rank": 1}, {"workers": -1}, {"weights": np.zeros(23)}, {"weights": np.ones(3)}]
)
def test_bad_options_are_refused(options):
    with pytest.raises(ArgumentError):
        loader(**options)
    with pytest.raises(ArgumentError, match="no samples"):
        loader(0)
