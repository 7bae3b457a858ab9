"""The selfie task: what is kept, what is drawn more often, and that a network learns from it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cleanplate.errors import ArgumentError, InputError
from cleanplate_training.data.hard_samples import HardSamples
from cleanplate_training.data.prepare.people import PeoplePlan, selfie
from cleanplate_training.data.prepare.recipe import read_prepare, with_extra_classes
from cleanplate_training.data.sample import Instance, Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.losses.segmentation import soft_iou
from cleanplate_training.task import Phase
from cleanplate_training.tasks.selfie import Data, Network, Selfie, SelfieOptions, build


def block(left, top, right, bottom, *, size=(40, 40)):
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def shown(*instances, **changes):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (40, 40, 3)).astype(np.uint8)
    return replace(Sample("key", picture, "set", "CC0", instances=instances), **changes)


def person(left, top, right, bottom, *, label="person", crowd=False):
    return Instance(label, (left, top, right, bottom), block(left, top, right, bottom), crowd)


def steps(sample, plan=None):
    seen = []
    kept = selfie(sample, plan or PeoplePlan(), lambda step, holds: seen.append((step, holds)))
    return kept, seen


def test_one_large_person_is_kept_with_its_mask():
    kept, seen = steps(shown(person(10, 0, 30, 40)))
    assert np.array_equal(kept.mask, block(10, 0, 30, 40))
    assert all(holds for _, holds in seen)


@pytest.mark.parametrize(
    ("instances", "failed"),
    [
        ([], "shows people"),
        ([person(10, 0, 30, 40), person(0, 0, 5, 5, crowd=True)], "has no crowd"),
        ([person(0, 0, 10, 40), person(10, 0, 20, 40), person(20, 0, 30, 40)], "1 to 2 people"),
        ([person(0, 0, 10, 10)], "people cover 20% to 70%"),
        ([person(0, 0, 40, 38)], "people cover 20% to 70%"),
    ],
)
def test_a_picture_fails_at_the_step_that_it_does_not_meet(instances, failed):
    kept, seen = steps(shown(*instances))
    assert kept is None
    assert seen[-1] == (failed, False)


def test_tiny_people_count_neither_in_number_nor_in_the_mask():
    large, tiny = person(10, 0, 30, 40), person(0, 0, 2, 2)
    kept, _ = steps(shown(large, tiny, tiny), PeoplePlan(tiny=0.01))
    assert np.array_equal(kept.mask, large.mask)


def test_an_animal_on_the_arm_joins_the_person_and_one_far_away_does_not():
    near, far = person(30, 10, 34, 14, label="cat"), person(0, 36, 4, 40, label="cat")
    sample = shown(person(10, 0, 30, 40), near, far)
    joined, _ = steps(sample, PeoplePlan(extra=("cat",)))
    assert np.array_equal(joined.mask, block(10, 0, 30, 40) | near.mask)
    apart, _ = steps(sample, PeoplePlan(extra=("cat",), join_extra=False))
    assert np.array_equal(apart.mask, block(10, 0, 30, 40))
    assert [each.label for each in apart.instances] == ["person", "cat"]


def test_a_matte_stands_for_the_mask():
    alpha = np.where(block(10, 0, 30, 40), 200, 90).astype(np.uint8)
    kept, _ = steps(shown(alpha=alpha, instances=None))
    assert np.array_equal(kept.mask, block(10, 0, 30, 40))


def test_failures_are_drawn_more_often():
    hard = HardSamples(4, strength=3.0)
    assert hard.weights() is None
    hard.saw(np.array([0, 1]), np.array([1.0, 0.0]))
    assert hard.weights().tolist() == [1.0, 4.0, 2.5, 2.5]


def test_soft_iou_of_a_sure_guess_is_the_iou():
    target = torch.zeros(1, 1, 10, 10)
    target[..., :5] = 1
    guess = torch.full_like(target, -50.0)
    guess[..., :5, :] = 50.0
    assert float(soft_iou(guess, target, smooth=0.0)) == pytest.approx(1 - 25 / 75)


@pytest.fixture
def options(tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 2)):
        with ShardWriter(tmp_path, split=split, quality=None) as writer:
            for number in range(count):
                left = int(rng.integers(5, 15))
                mask = block(left, 5, left + 20, 40)
                picture = np.where(mask[..., None], 220, 30).astype(np.uint8).repeat(3, axis=2)
                writer.write(Sample(f"{split}-{number}", picture, "drawn", "CC0", mask=mask))
    data = Data((tmp_path / "train-000000.tar",), (tmp_path / "val-000000.tar",), size=32)
    return SelfieOptions(data, Network("u-net", widths=(4, 8)))


def stacked(examples, indices):
    drawn = [examples.draw(index, np.random.default_rng(index)) for index in indices]
    return {name: torch.from_numpy(np.stack([each[name] for each in drawn])) for name in drawn[0]}


def test_it_learns_and_remembers_where_it_failed(options):
    torch.manual_seed(0)
    task = Selfie(options, seed=0)
    networks, data = task.build_networks(), task.build_data()
    optimiser = torch.optim.RMSprop(networks["network"].parameters(), lr=3e-3)
    batch, losses = stacked(data.train, range(6)), []
    for _ in range(30):
        optimiser.zero_grad()
        terms = task.training_step(networks, batch, Phase("network")).terms
        loss = sum(terms.values())
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert task.sample_weights().shape == (6,)
    other = Selfie(options, seed=0)
    other.build_data()
    other.restore(task.state())
    assert np.array_equal(other.sample_weights(), task.sample_weights())


@pytest.fixture
def with_nobody(options, tmp_path):
    """The options, and plain grey photographs without people from two sources of which one is left out."""
    for source, level in (("walls", 100), ("crowds", 250)):
        with ShardWriter(tmp_path / source, split="train", quality=None) as writer:
            writer.write(Sample(f"{source}_0", np.full((40, 40, 3), level, np.uint8), source, "CC0"))
    shards = tuple(sorted(tmp_path.glob("[wc]*/*.tar")))
    data = replace(options.data, nobody=shards, nobody_without=("crowds",), nobody_share=0.5, augment=False)
    return replace(options, data=data)


def test_photographs_of_nobody_take_the_place_of_some_samples(with_nobody):
    train = Selfie(with_nobody, seed=0).build_data().train
    drawn = [train.draw(2, np.random.default_rng(seed)) for seed in range(40)]
    nobody = [each for each in drawn if each["place"] == -1]
    assert 10 < len(nobody) < 30
    assert all(each["mask"].max() == 0 and np.allclose(each["image"], 100 / 255) for each in nobody)
    assert all(each["mask"].max() == 1 and each["place"] == 2 for each in drawn if each["place"] != -1)


def test_photographs_of_nobody_are_not_remembered_as_failures(with_nobody):
    task = Selfie(with_nobody, seed=0)
    networks, train = task.build_networks(), task.build_data().train
    drawn = [train.draw(index, np.random.default_rng(index)) for index in range(6)]
    batch = {name: torch.from_numpy(np.stack([each[name] for each in drawn])) for name in drawn[0]}
    assert (batch["place"] == -1).any()
    task.training_step(networks, batch, Phase("network"))
    known = {int(place) for place in batch["place"] if place >= 0}
    assert set(np.flatnonzero(~np.isnan(task.state()["ious"].numpy()))) == known


def test_a_sample_without_mask_is_an_error(options, tmp_path):
    with ShardWriter(tmp_path / "bare", split="train", quality=None) as writer:
        writer.write(Sample("bare", np.zeros((40, 40, 3), np.uint8), "drawn", "CC0"))
    data = replace(options.data, train=tuple((tmp_path / "bare").glob("*.tar")))
    with pytest.raises(InputError, match="neither mask nor matte"):
        Selfie(replace(options, data=data), seed=0).build_data().train.draw(0, np.random.default_rng(0))


@pytest.mark.parametrize(
    "architecture", ["fcn-32s", "fcn-16s", "fcn-8s", "u-net", "u-net-lite0", "fc-densenet-56", "fc-densenet-67"]
)
def test_every_architecture_keeps_the_size(architecture):
    network = build(Network(architecture, widths=(4, 4, 8, 8, 8), pretrained=False)).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 32, 64)).shape == (1, 1, 32, 64)


def test_extra_classes_reach_coco_sources_only():
    recipe = with_extra_classes(read_prepare("coco-people"), ["cat", "person"], joined=False)
    assert recipe.sources[0].labels == ("person", "cat")
    assert recipe.people.extra == ("cat", "person")
    assert not recipe.people.join_extra
    with pytest.raises(ArgumentError, match="--extra-classes"):
        with_extra_classes(read_prepare("selfies"), ["cat"], joined=True)


def test_u_net_lite0_can_be_cut_short():
    whole, short = (
        build(Network("u-net-lite0", widths=(4, 4, 8, 8, 8), pretrained=False, depths=depths))
        for depths in ((), (1, 2, 2, 2, 2, 2, 0))
    )
    assert sum(p.numel() for p in short.parameters()) < 0.5 * sum(p.numel() for p in whole.parameters())
    with torch.no_grad():
        assert short.eval()(torch.zeros(1, 3, 32, 64)).shape == (1, 1, 32, 64)
