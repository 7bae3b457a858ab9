import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import ArgumentError
from cleanplate_training.stream import Order, TrainingBatches, validation_batches


class Indices:
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def draw(self, index, rng):
        return {"index": index, "noise": rng.integers(0, 2**31)}


def taken(batches, count):
    return [(b["index"].tolist(), b["noise"].tolist()) for b in itertools.islice(iter(batches), count)]


@settings(max_examples=25, deadline=None)
@given(
    length=st.integers(1, 12),
    batch=st.integers(1, 5),
    world=st.integers(1, 3),
    before=st.integers(0, 6),
    seed=st.integers(0, 2**32),
)
def test_a_stream_resumes_anywhere_and_ranks_share_it_out(length, batch, world, before, seed):
    def stream(rank):
        return TrainingBatches(Indices(length), batch=batch, seed=seed, rank=rank, world=world)

    whole = [taken(stream(rank), before + 2) for rank in range(world)]
    for rank in range(world):
        first = stream(rank)
        assert taken(first, before) == whole[rank][:before]
        assert first.seen == before * batch * world
        second = stream(rank)
        second.restore(first.state())
        assert taken(second, 2) == whole[rank][before:]
    row = [index for step in zip(*whole, strict=True) for indices, _ in step for index in indices]
    for start in range(0, len(row) - length + 1, length):
        assert sorted(row[start : start + length]) == list(range(length))
    assert row == [Order(length, seed=seed)[place].example for place in range(len(row))]


def test_validation_is_one_pass_in_order_and_repeats():
    passes = [list(validation_batches(Indices(5), batch=2, seed=3)) for _ in range(2)]
    assert [batch["index"].tolist() for batch in passes[0]] == [[0, 1], [2, 3], [4]]
    assert [b["noise"].tolist() for b in passes[0]] == [b["noise"].tolist() for b in passes[1]]


def test_weights_decide_how_often_a_sample_comes():
    weights = np.array([0.0, 1.0, 3.0])
    order = Order(3, seed=0, weights=weights)
    counts = np.bincount([order[place].example for place in range(3000)], minlength=3)
    assert counts[0] == 0
    assert counts[2] / counts[1] == pytest.approx(3, rel=0.15)
    for bad in (np.zeros(3), np.ones(2), np.array([1.0, -1.0, 1.0]), np.array([1.0, np.nan, 1.0])):
        with pytest.raises(ArgumentError, match="must be 3 non-negative numbers"):
            Order(3, seed=0, weights=bad)


def test_an_empty_set_is_refused():
    with pytest.raises(ArgumentError, match="has no examples"):
        TrainingBatches(Indices(0), batch=1, seed=0)
