"""The tasks of restoration: what is drawn, that each learns, and that its figures mean what they say."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cleanplate_training.data.colour_hints import colour_hints
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.losses.defects import DamageRatio
from cleanplate_training.losses.perceptual import Perceptual, feature_distance, style_distance, total_variation
from cleanplate_training.losses.rebalance import ChromaBalance
from cleanplate_training.recipe import RECIPES, read
from cleanplate_training.task import Phase
from cleanplate_training.tasks import colour, defects, fill
from cleanplate_training.tasks.colour_data import Data as ColourData
from cleanplate_training.tasks.restoration_data import Data

WIDTHS = (4, 4, 8, 8, 8)


@pytest.fixture
def shards(tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 3)):
        with ShardWriter(tmp_path / "photos", split=split, quality=None) as writer:
            for number in range(count):
                coarse = rng.integers(40, 200, (2, 3, 3)).astype(np.uint8)
                picture = coarse.repeat(40, axis=0).repeat(30, axis=1)
                writer.write(Sample(f"{split}-{number}", picture, "drawn", "CC0"))
    with ShardWriter(tmp_path / "people", split="train", quality=None) as writer:
        alpha = np.zeros((90, 40), np.uint8)
        alpha[5:, 8:32] = 255
        writer.write(Sample("person", np.full((90, 40, 3), 140, np.uint8), "drawn", "CC0", alpha=alpha))
    return {
        "train": (tmp_path / "photos" / "train-000000.tar",),
        "validation": (tmp_path / "photos" / "val-000000.tar",),
        "cutouts": (tmp_path / "people" / "train-000000.tar",),
        "size": 64,
    }


def stacked(examples, indices):
    drawn = [examples.draw(index, np.random.default_rng(index)) for index in indices]
    return {name: torch.from_numpy(np.stack([each[name] for each in drawn])) for name in drawn[0]}


def losses_of(task, networks, batch, *, steps, lr=3e-3):
    optimiser = torch.optim.Adam(networks["network"].parameters(), lr=lr)
    task.set_training(networks)
    seen = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = sum(task.training_step(networks, batch, Phase("network")).terms.values())
        loss.backward()
        optimiser.step()
        seen.append(loss.item())
    return seen


def test_defects_are_learnt(shards):
    torch.manual_seed(0)
    options = defects.DefectOptions(Data(**shards), defects.Network(widths=WIDTHS, pretrained=False))
    task = defects.Defects(options, seed=0)
    networks, data = task.build_networks(), task.build_data()
    batch = stacked(data.train, range(2))
    assert batch["image"].shape == (2, 3, 64, 64)
    assert set(batch["mask"].unique().tolist()) <= {0.0, 1.0}
    seen = losses_of(task, networks, batch, steps=6, lr=1e-2)
    assert seen[-1] < 0.9 * seen[0]
    figures = task.validate(networks, [batch])
    assert {"best_iou", "thin_recall"} <= set(figures)
    assert task.sheet(networks, batch).shape == (2, 3, 3, 64, 64)


def test_fill_is_learnt_and_the_largest_hole_is_recorded(shards):
    torch.manual_seed(0)
    loss = fill.Loss(perceptual=0.0, style=0.0)
    options = fill.FillOptions(Data(**shards), fill.Network((4, 4, 8)), loss=loss)
    task = fill.Fill(options, seed=0)
    networks, data = task.build_networks(), task.build_data()
    batch = stacked(data.train, range(3))
    assert 0 < batch["mask"].mean() < 0.25
    seen = losses_of(task, networks, batch, steps=25)
    assert seen[-1] < 0.7 * seen[0]
    assert task.state()["largest"] == pytest.approx(float(batch["radius"].max()))
    other = fill.Fill(options, seed=0)
    other.restore(task.state())
    assert other.state() == task.state()


def test_frozen_norms_stay_as_they_are(shards):
    options = fill.FillOptions(Data(**shards), fill.Network((4, 4, 8)), freeze_norm=True)
    task = fill.Fill(replace(options, loss=fill.Loss(perceptual=0.0, style=0.0)), seed=0)
    networks, data = task.build_networks(), task.build_data()
    before = {name: each.clone() for name, each in networks["network"].named_buffers() if "running" in name}
    losses_of(task, networks, stacked(data.train, range(2)), steps=2)
    for name, each in networks["network"].named_buffers():
        if "running" in name:
            assert torch.equal(each, before[name]) == name.startswith("encoder"), name


def test_colours_are_learnt_with_a_critic(shards):
    torch.manual_seed(0)
    loss = colour.Loss(l1=10.0, adversarial=0.01)
    network = colour.Network(widths=WIDTHS, pretrained=False)
    data = ColourData(**shards, old=0.0)
    task = colour.Colour(colour.ColourOptions(data, network, colour.Critic(4), loss), seed=0)
    networks, opened = task.build_networks(), task.build_data()
    assert [phase.optimiser for phase in task.phases(0)] == ["network", "critic"]
    batch = stacked(opened.train, range(2))
    first = task.training_step(networks, batch, Phase("network")).terms
    assert {"l1", "adversarial"} == set(first)
    critic = task.training_step(networks, batch, Phase("critic", fresh=False))
    sum(critic.terms.values()).backward()
    assert networks["critic"].score.parametrizations.weight.original.grad is not None
    task.phases(0)
    seen = losses_of(task, networks, batch, steps=6, lr=1e-2)
    assert seen[-1] < 0.95 * seen[0]


def test_rare_colours_weigh_as_much_more_as_the_recipe_says():
    """A picture half red, a tenth blue, else grey, and an answer that is wrong in the blue only."""
    chroma = torch.zeros(1, 2, 64, 64)
    chroma[:, 1, :, 32:], chroma[:, 0, :, :6] = 0.25, 0.25
    answer = chroma.clone()
    answer[:, 0, :, :6] = 0.0
    batch = {"luma": torch.full((1, 1, 64, 64), 0.5), "chroma": chroma, "hints": torch.zeros(1, 3, 64, 64)}
    found = []
    for balance in (0.0, 0.5, 1.0):
        data = ColourData(train=(), validation=())
        options = colour.ColourOptions(data, loss=colour.Loss(l1=1.0, balance=balance))
        task = colour.Colour(options, seed=0)
        terms = task.training_step({"network": _Says(answer)}, batch, Phase("network")).terms
        found.append(float(terms["l1"]))
    assert found[0] == pytest.approx(float((answer - chroma).abs().mean()))
    assert found[0] < found[1] < found[2]


class _Says(torch.nn.Module):
    """Answers the same to everything."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, luma: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
        return self.answer


def test_hand_coloured_pictures_are_drawn_with_their_own_weight(shards, tmp_path):
    from cleanplate_training.data.pixels import encode_png

    folder = tmp_path / "coloured"
    folder.mkdir()
    (folder / "a.png").write_bytes(encode_png(np.full((70, 80, 3), (200, 60, 60), np.uint8)))
    data = ColourData(**shards, hand_coloured=folder, hand_coloured_weight=5.0, old=0.0)
    task = colour.Colour(colour.ColourOptions(data, colour.Network(pretrained=False)), seed=0)
    opened = task.build_data()
    assert task.sample_weights().tolist() == [1.0] * 6 + [5.0]
    drawn = opened.train.draw(6, np.random.default_rng(0))
    assert drawn["chroma"][1].mean() > 0.2  # red


def test_perfect_and_absent_colours_have_the_figures_they_should():
    truth = torch.rand(2, 2, 16, 16) * 0.2 - 0.1
    luma = torch.full((2, 1, 16, 16), 0.5)
    figures = colour.ColourFigures()
    figures.add(luma, truth, truth, {"chroma": truth})
    assert figures.result()["saving"] == pytest.approx(1)
    assert figures.result()["colourfulness"] == pytest.approx(1)
    nothing = colour.ColourFigures()
    nothing.add(luma, 0 * truth, truth, {"chroma": truth})
    assert nothing.result()["saving"] == pytest.approx(0)
    assert nothing.result()["chroma_mse"] == pytest.approx(float((255 * truth).square().mean()), rel=1e-4)


def test_perfect_and_absent_marks_have_the_figures_they_should():
    mask = torch.zeros(2, 1, 32, 32)
    mask[0, :, 10, 2:30] = 1
    mask[0, :, 18:28, 5:20] = 1
    counts = defects.Counts()
    counts.add(mask, mask)
    figures = counts.result()
    assert figures["best_iou"] == figures["dice"] == figures["thin_recall"] == figures["untouched"] == 1
    assert figures["false_alarm"] == 0
    assert int(defects.thin(mask).sum()) == 28


def test_rare_damage_weighs_more():
    ratio = DamageRatio()
    mask = torch.zeros(1, 1, 10, 10)
    mask[..., 0] = 1
    assert ratio.saw(mask) == pytest.approx(9)
    again = DamageRatio()
    again.restore(ratio.state())
    assert again.weight == ratio.weight
    assert DamageRatio(most=5).saw(mask) == 5


def test_rare_colours_weigh_more_than_frequent_ones():
    balance = ChromaBalance(uniform=0.5)
    chroma = torch.zeros(1, 2, 20, 20)
    chroma[..., :2] = 0.25
    weights = balance.weights(chroma)
    assert weights[..., 0].mean() > 2 * weights[..., 10].mean()
    assert 0.5 < weights.mean() < 2
    other = ChromaBalance(uniform=0.5)
    other.restore(balance.state())
    assert torch.equal(other.weights(chroma), balance.weights(chroma))


def test_hints_are_the_true_colours_near_enough():
    chroma = np.full((2, 40, 40), 0.2, np.float32)
    empty = [not colour_hints(chroma, np.random.default_rng(seed)).any() for seed in range(40)]
    assert 8 < sum(empty) < 32
    hints = colour_hints(chroma, np.random.default_rng(1), none=0.0)
    given = hints[2] > 0
    assert given.any()
    assert np.abs(hints[:2, given] - 0.2).max() < 0.06
    assert not hints[:2, ~given].any()


def test_perceptual_terms_are_zero_for_equal_pictures_only():
    torch.manual_seed(0)
    seen = Perceptual(pretrained=False)
    one, other = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    features, others = seen.features(one), seen.features(other)
    for distance in (feature_distance, style_distance):
        assert float(distance(features, features)) == 0
        assert float(distance(features, others)) > 0
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:40, 20:40] = 1
    assert float(total_variation(torch.ones(1, 3, 64, 64), mask)) == 0
    assert float(total_variation(one, mask)) > 0


@pytest.mark.parametrize("name", sorted(p.stem for k in ("defects", "fill", "colour") for p in RECIPES.glob(f"{k}-*")))
def test_the_recipes_that_ship_can_be_read(name):
    recipe = read(RECIPES / f"{name}.toml")
    assert recipe.name == name
    assert recipe.task == name.split("-")[0]
    assert recipe.card is not None
