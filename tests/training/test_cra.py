"""The generator of contextual residual aggregation, its attention, its critic, its losses and its task."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanplate.errors import ArgumentError
from cleanplate.runtime.session import start
from cleanplate_training import checkpoint, loop
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.export import export
from cleanplate_training.losses import adversarial
from cleanplate_training.losses.inpainting import context_l1, hole_l1
from cleanplate_training.models.cra import CraGenerator, halved
from cleanplate_training.models.cra_attention import CELL, attention_scores, fused, known_cells, transfer
from cleanplate_training.models.cra_critic import CraCritic
from cleanplate_training.models.feature_critic import FeatureCritic, in_hole
from cleanplate_training.models.gated_conv import GatedConv, GatedUp
from cleanplate_training.recipe import RECIPES, parse, read
from cleanplate_training.task import Phase
from cleanplate_training.tasks.inpainting import Critic, Inpainting, InpaintingOptions
from cleanplate_training.tasks.inpainting_data import Data, open_data
from cleanplate_training.tasks.inpainting_figures import FillFigures, hole_ssim, kernel_distance
from tests.training.network_contract import NetworkContract, picture

GATES = ("single", "separable", "pixel")


def weights(module):
    return sum(each.numel() for each in module.parameters())


def blob(height, width, *, top=40, left=48, side=50):
    mask = torch.zeros(1, 1, height, width)
    mask[:, :, top : top + side, left : left + side] = 1
    return mask


def image(height, width, *, seed=0):
    return (picture(height, width, seed=seed) * 0.2 + 0.5).clamp(0, 1)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return CraGenerator().eval()


def exported(generator):
    return Inpainting(InpaintingOptions(critic=Critic(kind="none")), seed=0).exported({"generator": generator})


class TestExported(NetworkContract):
    def exported(self):
        """Every kind of layer, but fewer of them: tracing takes longest."""
        return exported(CraGenerator(width=8, coarse_dilations=((1,), (8,)), refine_dilations=((2,),)))


@pytest.mark.slow
def test_the_whole_generator_exports_for_the_working_sizes(generator, tmp_path):
    """256, 512 and oblong, as the eraser uses it."""
    described = exported(generator)
    report = export(described, tmp_path / "cra.onnx", storage="float16")
    assert report.size <= 6_000_000
    session = start(report.path, device="cpu", threads=1)
    for size in ((256, 256), (512, 512), (192, 320)):
        pixels, mask = image(*size), blob(*size, side=70)
        with torch.no_grad():
            expected = dict(zip(("coarse", "fine", "scores"), described.module(pixels, mask), strict=True))
        answers = session.run({"image": pixels.numpy(), "mask": mask.numpy()})
        assert list(answers) == list(expected)
        for name in ("coarse", "fine"):
            np.testing.assert_allclose(answers[name], expected[name].numpy(), atol=0.01)
            assert 0 <= answers[name].min() <= answers[name].max() <= 1
        known, scores = known_cells(mask)[0].numpy(), answers["scores"][0]
        assert scores[:, known == 0].max() == 0
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize(("stride", "dilation", "kernel"), [(1, 1, 3), (2, 1, 3), (2, 1, 5), (1, 8, 3)])
def test_gated_convolution_pads_to_the_same_size(gate, stride, dilation, kernel):
    layer = GatedConv(5, 7, kernel, stride=stride, dilation=dilation, gate=gate)
    assert layer(torch.rand(2, 5, 32, 48)).shape == (2, 7, 32 // stride, 48 // stride)
    assert GatedUp(5, 7, gate=gate)(torch.rand(1, 5, 8, 12)).shape == (1, 7, 16, 24)


@pytest.mark.parametrize("dilation", [2, 8])
def test_gradients_in_bfloat16_are_those_of_float32(dilation):
    """The depthwise kernel for dilated layers writes what lay in its memory before (PyTorch 2.13, AVX-512)."""
    torch.manual_seed(0)
    innermost = torch.channels_last
    layer = GatedConv(64, 64, dilation=dilation, gate="separable").to(memory_format=innermost)
    x = torch.randn(4, 64, 32, 32).to(memory_format=innermost)
    gradients = []
    for narrow in (False, True):
        layer.zero_grad()
        filled = [torch.full_like(weight, 1e30) for weight in layer.parameters()]
        del filled
        with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            loss = layer(x).float().square().mean()
        loss.backward()
        gradients.append(layer.gate[0].weight.grad.clone())
    assert (gradients[0] - gradients[1]).abs().max() < 0.1 * gradients[0].abs().max()


def test_the_three_gates_cost_what_the_paper_says():
    """Section 3.4: k x k x in, k x k x in + in x out, and in x out numbers (biases aside)."""
    feature = 9 * 32 * 64 + 64
    assert weights(GatedConv(32, 64, gate="single")) == feature + 9 * 32 + 1
    assert weights(GatedConv(32, 64, gate="separable")) == feature + (9 * 32 + 32) + (32 * 64 + 64)
    assert weights(GatedConv(32, 64, gate="pixel")) == feature + 32 * 64 + 64


@pytest.mark.parametrize("gate", GATES)
def test_a_closed_gate_lets_nothing_through(gate):
    layer = GatedConv(4, 6, gate=gate)
    last = [part for part in layer.gate.modules() if isinstance(part, torch.nn.Conv2d)][-1]
    torch.nn.init.constant_(last.bias, -1e4)
    assert layer(torch.rand(1, 4, 8, 8)).abs().max() == 0


def test_signals_keep_their_size_through_many_layers():
    torch.manual_seed(0)
    x = torch.randn(1, 64, 32, 32)
    layers = torch.nn.Sequential(*(GatedConv(64, 64, gate="single") for _ in range(20)))
    with torch.no_grad():
        assert 0.3 < float(layers(x).square().mean()) < 3


def test_it_has_as_many_weights_as_the_paper(generator):
    """2.7 million (the paper's table 1); the critic is only needed in training."""
    assert weights(generator) == 2_742_351
    assert weights(generator.coarse) == 811_489
    assert weights(CraGenerator(refine_gate="pixel")) == 2_722_791
    assert weights(CraCritic()) == 5_961_601


@pytest.mark.parametrize("size", [(256, 256), (128, 192), (224, 128)])
def test_shapes_follow_the_picture(generator, size):
    height, width = size
    with torch.no_grad():
        coarse, fine, scores = generator(image(*size), blob(*size))
    cells = height * width // CELL**2
    assert coarse.shape == (1, 3, height // 2, width // 2)
    assert fine.shape == (1, 3, height, width)
    assert scores.shape == (1, cells, cells)


def test_what_lies_under_the_hole_has_no_influence(generator):
    mask, one = blob(128, 128), image(128, 128)
    other = torch.where(mask > 0, torch.rand(1, 3, 128, 128), one)
    with torch.no_grad():
        for left, right in zip(generator(one, mask), generator(other, mask), strict=True):
            assert torch.equal(left, right)


def test_even_nothing_finite_under_the_hole_gets_in(generator):
    mask = blob(128, 128)
    broken = torch.where(mask > 0, torch.nan, image(128, 128))
    with torch.no_grad():
        assert all(torch.isfinite(each).all() for each in generator(broken, mask))


def test_a_half_size_hole_covers_every_touched_pixel():
    mask = torch.zeros(1, 1, 8, 8)
    mask[0, 0, 3, 4] = 1
    small, smaller = halved(torch.ones(1, 3, 8, 8), mask)
    assert smaller.sum() == 1
    assert smaller[0, 0, 1, 2] == 1
    assert torch.equal(small, (1 - smaller).expand_as(small))


@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 2**16), st.sampled_from(["soft", "hard"]))
@settings(max_examples=40, deadline=None)
def test_attention_never_takes_from_holes(height, width, seed, kind):
    rng = np.random.default_rng(seed)
    known = torch.from_numpy((rng.random((2, height * width)) < rng.random()).astype(np.float32))
    features = torch.from_numpy(rng.normal(size=(2, 5, height, width)).astype(np.float32))
    scores = attention_scores(features, known, attention=kind)
    assert (scores >= 0).all()
    assert (scores[known.unsqueeze(1).expand_as(scores) == 0] == 0).all()
    expected = (known.sum(dim=1, keepdim=True) > 0).float().expand(2, height * width)
    torch.testing.assert_close(scores.sum(dim=2), expected)


def test_a_cell_with_one_hole_pixel_is_no_source():
    mask = torch.zeros(1, 1, 64, 96)
    mask[0, 0, 20, 40] = 1
    known = known_cells(mask).reshape(4, 6)
    assert known.sum() == 23
    assert known[1, 2] == 0


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_attention_finds_the_same_pattern(kind):
    """A hole whose features repeat a known part takes from the very cells that they repeat."""
    torch.manual_seed(1)
    features = torch.randn(1, 16, 8, 16)
    features[:, :, :, 8:] = features[:, :, :, :8]
    known = torch.ones(1, 8, 16)
    known[:, 2:6, 10:14] = 0
    scores = attention_scores(features, known.flatten(1), attention=kind).reshape(8, 16, 8, 16)
    for row in range(2, 6):
        for column in range(10, 14):
            assert scores[row, column, row, column - 8] > 0.9


def test_hard_attention_takes_one_cell_and_still_learns():
    features = torch.randn(1, 4, 4, 4, requires_grad=True)
    scores = attention_scores(features, torch.ones(1, 16), attention="hard")
    assert torch.allclose(scores.amax(dim=2), torch.ones(1, 16))
    (scores * torch.randn(16, 16)).sum().backward()
    assert features.grad.abs().sum() > 0


def test_fusion_adds_neighbours_at_the_same_offset_and_does_not_wrap():
    similar = torch.randn(1, 3, 4, 3, 4)
    by_hand = torch.zeros(3, 4, 3, 4)
    for y, x, v, u in np.ndindex(3, 4, 3, 4):
        for i, j in np.ndindex(3, 3):
            a, b, c, d = y + i - 1, x + j - 1, v + i - 1, u + j - 1
            if 0 <= a < 3 and 0 <= c < 3 and 0 <= b < 4 and 0 <= d < 4:
                by_hand[y, x, v, u] += similar[0, a, b, c, d]
    torch.testing.assert_close(fused(similar), by_hand.reshape(1, 12, 12))


@pytest.mark.parametrize("cell", [2, 4, 8])
def test_transfer_moves_whole_cells(cell):
    features = torch.rand(1, 3, 2 * cell, 3 * cell)
    order = torch.randperm(6)
    scores = torch.zeros(1, 6, 6)
    scores[0, torch.arange(6), order] = 1
    moved = transfer(features, scores, cell)
    for target, source in enumerate(order.tolist()):
        (y, x), (v, u) = divmod(target, 3), divmod(source, 3)
        taken = features[..., v * cell : (v + 1) * cell, u * cell : (u + 1) * cell]
        assert torch.equal(moved[..., y * cell : (y + 1) * cell, x * cell : (x + 1) * cell], taken)


def test_a_picture_without_known_cells_is_still_finite(generator):
    with torch.no_grad():
        coarse, fine, scores = generator(image(64, 64), torch.ones(1, 1, 64, 64))
    assert torch.isfinite(coarse).all()
    assert torch.isfinite(fine).all()
    assert not scores.any()


@pytest.mark.parametrize("with_mask", [False, True])
def test_one_critic_judges_pictures_of_every_size(with_mask):
    torch.manual_seed(0)
    critic = CraCritic(width=8, with_mask=with_mask)
    for side in (128, 256, 512):
        mask = (torch.zeros(2, 1, side, side),) if with_mask else ()
        assert critic(torch.rand(2, 3, side, side), *mask).shape == (2,)


def test_the_critics_convolutions_have_spectral_norm_one():
    torch.manual_seed(0)
    critic = CraCritic(width=8)
    for _ in range(50):
        critic(torch.rand(1, 3, 64, 64))
    for layer in critic.eval().layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_the_penalty_is_float32_and_trains_the_critic():
    torch.manual_seed(0)
    critic = CraCritic(width=8, with_mask=True)
    real, fake, mask = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64), torch.ones(2, 1, 64, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        penalty = adversarial.gradient_penalty(critic, real, fake, mask=mask)
    assert penalty.dtype == torch.float32
    penalty.backward()
    assert all(weight.grad is not None for name, weight in critic.named_parameters() if "bias" not in name)


def test_losses_look_at_their_own_pixels():
    truth, mask = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    answer = truth + 0.5 * mask + 0.25 * (1 - mask)
    assert hole_l1(answer, truth, mask).item() == pytest.approx(0.25)  # 0.5 on half of the picture
    assert context_l1(answer, truth, mask).item() == pytest.approx(0.25)  # normalised by the known half
    assert context_l1(answer, truth, torch.ones_like(mask)).item() == 0


def test_figures_of_perfect_and_of_worse_fills():
    truth = torch.cat([image(96, 96, seed=seed) for seed in range(6)])
    mask = blob(96, 96, side=30).expand(6, 1, 96, 96)
    noise = 0.1 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    found = {}
    for name, filled in (("same", truth), ("noisy", truth + noise), ("grey", torch.full_like(truth, 0.5))):
        figures = FillFigures()
        figures.add(torch.where(mask > 0, filled, truth), truth, mask)
        found[name] = figures.result()
    assert found["same"]["hole_l1"] == 0
    assert found["same"]["ssim"] == pytest.approx(1)
    assert found["same"]["feature_distance"] <= 0  # unbiased: a set against itself is below zero
    assert found["noisy"]["hole_l1"] == pytest.approx(0.08, abs=0.01)
    assert found["noisy"]["psnr"] == pytest.approx(20, abs=0.5)
    assert found["same"]["feature_distance"] < found["noisy"]["feature_distance"]
    assert found["same"]["feature_distance"] < found["grey"]["feature_distance"]


def test_ssim_only_looks_near_the_hole():
    truth, mask = image(64, 64), blob(64, 64, top=40, left=40, side=10)
    elsewhere = truth.clone()
    elsewhere[..., :20, :20] = 0
    assert hole_ssim(elsewhere, truth, mask).item() == pytest.approx(1, abs=1e-5)
    assert hole_ssim(torch.where(mask > 0, 0.0, truth), truth, mask).item() < 0.9


def test_kernel_distance_is_zero_for_one_distribution_and_grows():
    rng = torch.Generator().manual_seed(0)
    real, same = (torch.randn(400, 8, generator=rng, dtype=torch.float64) for _ in range(2))
    assert abs(kernel_distance(same, real)) < 0.05
    assert kernel_distance(same + 0.5, real) > 0.2
    assert kernel_distance(same + 1, real) > kernel_distance(same + 0.5, real)


@pytest.fixture
def tables():
    optim = {"kind": "adam", "lr": 2e-3, "betas": [0.5, 0.9]}
    return {
        "name": "tiny",
        "task": "inpainting",
        "network": {"width": 4},
        "critic": {"kind": "hinge", "width": 4, "steps": 2},
        "data": {"size": 64, "shapes": 32, "checked": 4},
        "train": {"steps": 30, "batch": 2, "ema": 0.9, "log_every": 10, "validate_every": 30, "sheet_every": 30},
        "optim": {"generator": optim, "critic": dict(optim)},
    }


def trained(tables, folder, **options):
    return loop.train(parse(tables), folder, device="cpu", tensorboard=False, quiet=True, **options)


@pytest.mark.parametrize("kind", ["none", "hinge", "wgan-gp", "features"])
def test_some_steps_lower_the_error_in_the_hole(tables, tmp_path, kind):
    tables["critic"]["kind"] = kind
    if kind == "none":
        del tables["optim"]["critic"]
    task = Inpainting(parse(tables).options, seed=0)
    torch.manual_seed(0)
    with torch.no_grad():
        before = task.validate(task.build_networks(), [batch_of(task)])
    outcome = trained(tables, tmp_path / kind)
    assert outcome.step == 30
    assert outcome.figures["hole_l1"] < 0.85 * before["hole_l1"]
    assert set(outcome.figures) == {"hole_l1", "psnr", "ssim", "feature_distance"}
    assert (tmp_path / kind / "sheets" / "00000030.png").exists()
    assert task.goal.figure == ("hole_l1" if kind == "none" else "feature_distance")


def test_perceptual_terms_teach_the_generator_and_choose_its_checkpoints(tables):
    tables["critic"]["kind"], tables["loss"] = "none", {"perceptual": 0.5, "style": 0.25}
    task = Inpainting(parse(tables).options, seed=0)
    assert task.goal.figure == "feature_distance"
    networks, batch = task.build_networks(), batch_of(task, count=1)
    terms = task.training_step(networks, batch, task.phases(0)[0]).terms
    for name in ("perceptual", "style"):
        networks["generator"].zero_grad()
        terms[name].backward(retain_graph=True)
        assert networks["generator"].refine.up_full.feature.weight.grad.abs().max() > 0
    alone = replace(task.options, loss=replace(task.options.loss, perceptual=0.0, style=0.0))
    assert not {"perceptual", "style"} & set(
        Inpainting(alone, seed=0).training_step(networks, batch, task.phases(0)[0]).terms
    )


def test_a_critic_of_features_learns_to_tell_a_flat_hole_from_texture(tables):
    tables["critic"], tables["loss"] = {"kind": "features", "width": 16}, {"adversarial": 0.1}
    task = Inpainting(parse(tables).options, seed=0)
    torch.manual_seed(0)
    networks, batch = task.build_networks(), batch_of(task)
    batch["image"] = torch.rand_like(batch["image"])
    generator_phase, critic_phase = task.phases(0)
    trained = [weight for weight in networks["critic"].parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(trained, 1e-3, betas=(0.5, 0.99))
    mixes = networks["critic"].mixes[0].weight.clone()
    for _ in range(30):
        task.training_step(networks, batch, generator_phase)
        judged = task.training_step(networks, batch, critic_phase)
        optimiser.zero_grad()
        judged.terms["critic"].backward()
        optimiser.step()
        task.phases(0)  # forgets the fills of this step
    assert judged.figures["margin"] > 1
    assert all(weight.grad is None for weight in networks["generator"].parameters())
    task.training_step(networks, batch, generator_phase).terms["adversarial"].backward()
    assert networks["generator"].refine.up_full.feature.weight.grad.abs().max() > 0
    assert torch.equal(networks["critic"].mixes[0].weight, mixes)


def test_a_critic_of_features_judges_places_that_see_the_hole():
    critic = FeatureCritic((3, 5), width=8)
    scores = critic([torch.rand(2, 3, 32, 32), torch.rand(2, 5, 16, 16)])
    assert [level.shape for level in scores] == [(2, 1, 16, 16), (2, 1, 8, 8)]
    mask = torch.zeros(2, 1, 64, 64)
    mask[0, :, 10:13, 20:22] = 1
    seen = in_hole(scores, mask)
    assert [len(level) for level in seen] == [4 // 2, 1]
    assert torch.equal(seen[1], scores[1][0, :, 1, 2])


def batch_of(task, *, count=4):
    data = task.build_data().validation
    drawn = [data.draw(place, np.random.default_rng((0, 2, place))) for place in range(count)]
    return {name: torch.stack([torch.from_numpy(each[name]) for each in drawn]) for name in ("image", "mask")}


def test_the_critic_comes_later_and_judges_the_fills_of_the_same_step(tables):
    tables["critic"] |= {"after": 5, "steps": 3}
    task = Inpainting(parse(tables).options, seed=0)
    assert task.phases(4) == [Phase("generator")]
    phases = task.phases(5)
    assert phases == [Phase("generator"), Phase("critic", fresh=False), Phase("critic"), Phase("critic")]
    networks, batch, calls = task.build_networks(), batch_of(task), []
    networks["generator"].register_forward_hook(lambda *_: calls.append(1))
    assert set(task.training_step(networks, batch, phases[0]).terms) > {"adversarial", "hole", "coarse_context"}
    task.training_step(networks, batch, phases[1])
    assert len(calls) == 1
    task.training_step(networks, batch_of(task), phases[2])
    assert len(calls) == 2


def test_the_critic_does_not_push_gradients_into_the_generator(tables):
    task = Inpainting(parse(tables).options, seed=0)
    networks, batch = task.build_networks(), batch_of(task)
    generator_phase, critic_phase = task.phases(0)[:2]
    task.training_step(networks, batch, generator_phase)
    sum(task.training_step(networks, batch, critic_phase).terms.values()).backward()
    assert all(weight.grad is None for weight in networks["generator"].parameters())
    assert all(weight.grad is not None for weight in networks["critic"].parameters())


def test_larger_pictures_go_on_with_generator_and_critic_of_smaller_ones(tables, tmp_path):
    tables["train"]["steps"] = 1
    trained(tables, tmp_path / "small")
    tables["train"]["start_from"] = str(tmp_path / "small")
    tables["data"]["size"] = 96
    for optim in tables["optim"].values():
        optim["lr"] = 0.0
    trained(tables, tmp_path / "large")
    small, large = (checkpoint.load(tmp_path / name / "last.pt") for name in ("small", "large"))
    torch.testing.assert_close(large["networks"]["critic"]["score.weight"], small["networks"]["critic"]["score.weight"])
    name = "refine.join.feature.weight"
    torch.testing.assert_close(large["networks"]["generator"][name], small["averages"]["generator"][name])


def test_shipped_recipes_are_valid():
    for name in ("cra-128", "cra-256-perceptual", "cra-256-critic", "cra-256", "cra-512", "cra-512-critic"):
        recipe = read(RECIPES / f"{name}.toml")
        assert recipe.options.data.size == int(name.split("-")[1])


def test_silhouettes_are_only_drawn_where_there_are_some(tables):
    tables["data"]["kinds"] = {"silhouettes": 2, "spots": 1}
    assert batch_of(Inpainting(parse(tables).options, seed=0))["mask"].any()


@pytest.fixture
def shards(tmp_path):
    """Six pictures of two sources, two of them with an outline."""
    rng = np.random.default_rng(0)
    with ShardWriter(tmp_path, split="train") as writer:
        for number in range(6):
            pixels = rng.integers(0, 255, (80, 90, 3), np.uint8)
            alpha = np.zeros((80, 90), np.uint8)
            alpha[20:60, 30:60] = 255
            source = "free" if number % 3 else "strict"
            writer.write(Sample(f"p{number}", pixels, source, "any", alpha=alpha if number < 2 else None))
    return next(tmp_path.glob("train-*.tar"))


def test_photographs_come_from_shards_without_the_sources_that_are_left_out(shards):
    shown = Data(train=(shards,), validation=(shards,), silhouettes=(shards,), size=64, checked=4, light=1.0)
    data = open_data(shown)
    assert (len(data.train), len(data.validation)) == (6, 4)
    drawn = data.train.draw(0, np.random.default_rng(0))
    assert (drawn["image"].shape, drawn["mask"].shape) == ((3, 64, 64), (1, 64, 64))
    assert drawn["image"].dtype == drawn["mask"].dtype == np.float32
    assert 0.02 <= drawn["mask"].mean() <= 0.4
    same = [data.validation.draw(1, np.random.default_rng(3))["mask"] for _ in range(2)]
    assert np.array_equal(*same)
    fewer = open_data(replace(shown, without=("strict",)))
    assert len(fewer.train) == 4
    assert {fewer.train.samples[place].source for place in range(4)} == {"free"}
    with pytest.raises(ArgumentError, match="the shards have free, strict"):
        open_data(replace(shown, without=("strickt",)))


def test_an_unknown_gate_is_refused(tables):
    tables["network"]["refine_gate"] = "double"
    with pytest.raises(ArgumentError, match="separable"):
        parse(tables)
