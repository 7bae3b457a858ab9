"""MODNet: the published network, that of the paper, the slim ones, their losses, their data and their task."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cleanplate.errors import ArgumentError, BrokenInputError
from cleanplate_training import convert
from cleanplate_training.data.matting.framing import head_of, portrait
from cleanplate_training.data.matting.hair import Hair
from cleanplate_training.data.matting.previous import PreviousAlpha
from cleanplate_training.data.matting.scenes import KINDS, Scenes, Sources, fully_labelled
from cleanplate_training.data.prepare.recipe import read_prepare
from cleanplate_training.data.sample import Instance, Sample
from cleanplate_training.data.sources.opened import opened
from cleanplate_training.losses import matting as losses
from cleanplate_training.models.modnet import EfficientASPP, IBNorm, MODNet
from cleanplate_training.models.modnet_published import own_keys
from cleanplate_training.models.modnet_slim import FULL_DEPTHS, Mattes, SlimMODNet
from cleanplate_training.recipe import RECIPES, read
from cleanplate_training.task import Phase
from cleanplate_training.tasks.matting import Loss, Matting, MattingOptions, Network, build, exported_matte
from cleanplate_training.tasks.matting_data import Data
from tests.training.network_contract import NetworkContract

LAYOUT = Path(__file__).parent / "layouts" / "modnet_photographic_portrait_matting.tsv"
SHIPPED = {"depths": (1, 2, 2, 2, 2, 2, 0), "semantic": 48, "detail": 24, "fine": 16}
SHORTEST = (1, 1, 1, 1, 1, 1, 0)
SMALL = Network(backbone="tiny", semantic=16, detail=8, fine=8, pretrained=False)


def slim(**settings):
    torch.manual_seed(0)
    return SlimMODNet("lite0", pretrained=False, **{**SHIPPED, **settings})


def macs(network, side):
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        network.eval()(torch.rand(1, 3, side, side))
    return counted.get_total_flops() / 2e9


class TestSlim(NetworkContract):
    def exported(self):
        return exported_matte(slim(depths=SHORTEST), previous=False)


class TestSlimWithPrevious(NetworkContract):
    def exported(self):
        return exported_matte(slim(depths=SHORTEST, in_channels=4), previous=True)


def published():
    """A state dict of the published layout with random weights."""
    random = np.random.default_rng(0)
    state = {}
    for line in LAYOUT.read_text().splitlines()[1:]:
        key, shape, dtype = line.split("\t")
        sides = [] if shape == "scalar" else [int(side) for side in shape.split("x")]
        spread = 1 / np.sqrt(max(1, np.prod(sides[1:], dtype=int)))
        values = random.normal(0, spread, sides) if not key.endswith("running_var") else random.uniform(0.5, 2, sides)
        state[key] = torch.tensor(np.asarray(values), dtype=getattr(torch, dtype))
    for key in [key for key in state if "lr_branch.backbone." in key]:
        state[key] = state[key.replace("lr_branch.backbone.", "backbone.")].clone()
    return state


def test_the_published_layout_is_kept_exactly():
    network = MODNet("code")
    own = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert own == {key: tuple(value.shape) for key, value in own_keys(published()).items()}
    assert own["lr_branch.se_block.fc.0.weight"] == (320, 1280)


@pytest.mark.slow
def test_a_published_checkpoint_becomes_a_graph(tmp_path):
    torch.save(published(), tmp_path / "modnet.ckpt")
    report = convert.convert(tmp_path / "modnet.ckpt", "modnet-photographic", tmp_path / "modnet.onnx")
    assert report.path.is_file()
    assert report.parity.largest < 1e-3


def test_a_checkpoint_whose_shared_encoder_differs_is_refused(tmp_path):
    state = published()
    state["module.lr_branch.backbone.model.features.0.0.weight"] += 1
    torch.save(state, tmp_path / "modnet.ckpt")
    with pytest.raises(BrokenInputError, match=r"copy at lr_branch\.backbone"):
        convert.convert(tmp_path / "modnet.ckpt", "modnet-photographic", tmp_path / "modnet.onnx")


def test_a_checkpoint_without_a_key_is_refused(tmp_path):
    state = published()
    del state["module.f_branch.conv_f.1.layers.0.bias"]
    torch.save(state, tmp_path / "modnet.ckpt")
    with pytest.raises(BrokenInputError, match="conv_f"):
        convert.convert(tmp_path / "modnet.ckpt", "modnet-photographic", tmp_path / "modnet.onnx")


def test_the_published_network_has_the_size_of_the_paper():
    weights = sum(weight.numel() for weight in MODNet("code").parameters()) / 1e6
    assert weights == pytest.approx(6.5, abs=0.1)


def test_half_of_ibnorm_is_batch_norm_and_half_instance_norm():
    norm = IBNorm(6).eval()
    x = torch.randn(2, 6, 5, 7)
    y = norm(x)
    torch.testing.assert_close(y[:, :3], norm.bnorm(x[:, :3]))
    rest = x[:, 3:]
    mean, variance = rest.mean((2, 3), keepdim=True), rest.var((2, 3), unbiased=False, keepdim=True)
    torch.testing.assert_close(y[:, 3:], (rest - mean) / (variance + 1e-5).sqrt())


@pytest.mark.parametrize("make", [lambda n: slim(in_channels=n), lambda n: MODNet("code", in_channels=n)])
def test_the_fourth_channel_starts_as_nothing(make):
    stills, video = make(3).eval(), make(4).eval()
    video.load_state_dict(stills.state_dict())  # the stem is widened on the way
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        expected, blank = stills(image), video(image)
        given = video(image, torch.rand(1, 1, 64, 96))
    for one, two, three in zip(expected, blank, given, strict=True):
        torch.testing.assert_close(one, two)
        torch.testing.assert_close(one, three)


def test_the_previous_alpha_enters_the_backbone_only_and_learns():
    network = slim(in_channels=4)
    alpha = network(torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)).alpha
    alpha.square().mean().backward()
    assert network.backbone.stem.weight.grad[:, 3].abs().sum() > 0
    assert network.detail.patches[0].weight.shape[1] == 3


def test_every_weight_of_the_papers_variant_learns():
    network = MODNet("paper").train()
    sum(part.mean() for part in network(torch.rand(2, 3, 32, 64))).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []
    assert "lr_branch.e_aspp.across_scales.weight" in network.state_dict()


def test_efficient_aspp_joins_the_scales_of_each_channel_alone():
    aspp = EfficientASPP(16, dilations=(1, 2)).eval()
    x = torch.rand(1, 4, 8, 8, requires_grad=True)
    scales = torch.stack([scale(x) for scale in aspp.scales], dim=2).flatten(1, 2)
    aspp.across_scales(scales)[0, 2].sum().backward()
    seen = x.grad.abs().sum((0, 2, 3)) > 0
    assert seen.tolist() == [False, False, True, False]


def test_a_network_for_stills_refuses_a_previous_alpha():
    for network in (slim(), MODNet()):
        with pytest.raises(ArgumentError, match="4 channels"):
            network(torch.rand(1, 3, 32, 32), torch.rand(1, 1, 32, 32))
    with pytest.raises(ArgumentError, match="in_channels"):
        SlimMODNet("tiny", in_channels=5)
    with pytest.raises(ArgumentError, match="depths"):
        slim(depths=(1, 2, 2, 3, 3, 5, 1))
    with pytest.raises(ArgumentError, match="variant"):
        MODNet("other")


def test_predictions_have_their_sizes():
    for network in (slim(), MODNet("code"), MODNet("paper")):
        found = network.eval()(torch.rand(2, 3, 64, 96))
        assert isinstance(found, Mattes)
        assert found.semantic.shape == (2, 1, 4, 6)
        assert found.detail.shape == found.alpha.shape == (2, 1, 64, 96)


def test_slim_networks_cost_what_two_cores_can_bear():
    shipped = slim()
    shipped.without_heads()
    assert [macs(shipped, side) for side in (192, 384, 512)] == pytest.approx([0.27, 1.09, 1.94], rel=0.03)
    assert sum(weight.numel() for weight in shipped.parameters()) < 1.3e6  # 2.4 MB in float16
    full, tiny = slim(depths=FULL_DEPTHS), build(SMALL)
    published_size = MODNet("code")
    published_size.without_heads()
    assert macs(tiny, 192) < macs(shipped, 192) < macs(full, 192) < macs(published_size, 192) / 5


def test_shortened_encoders_keep_the_first_blocks_of_the_whole_one():
    whole, short = slim(depths=FULL_DEPTHS).state_dict(), slim().state_dict()
    kept = [key for key in short if key.startswith("backbone.")]
    assert set(kept) < set(whole)
    assert all(short[key].shape == whole[key].shape for key in kept)


# --- losses ---------------------------------------------------------------------------------------------------------


def disk(side=64, radius=18, sigma=1.0):
    y, x = np.mgrid[:side, :side] - side / 2
    hard = (np.hypot(x, y) < radius).astype(np.float32)
    return torch.from_numpy(cv2.GaussianBlur(hard, (0, 0), sigma))[None, None]


def test_losses_vanish_at_the_truth_and_grow_with_the_error():
    alpha, image = disk(), torch.rand(1, 3, 64, 64)
    band = losses.boundary_band(alpha, 4)
    coarse = losses.blurred(torch.nn.functional.avg_pool2d(alpha, 16))
    assert losses.semantic_loss(coarse, alpha) == 0
    for loss in (
        lambda a: losses.detail_loss(a, alpha, band),
        lambda a: losses.alpha_loss(a, alpha, band),
        lambda a: losses.composition_loss(a, alpha, image, band),
        lambda a: losses.gradient_loss(a, alpha),
    ):
        right, near, far = loss(alpha), loss(disk(radius=19)), loss(disk(radius=24))
        assert right < 5e-3
        assert right < near < far


def test_the_band_lies_around_the_boundary_only():
    alpha = disk(sigma=0.5)
    band = losses.boundary_band(alpha, 4)[0, 0]
    assert band[32, 32] == 0
    assert band[2, 2] == 0
    assert band[32, 32 + 18] == 1
    assert losses.boundary_band(torch.zeros(1, 1, 32, 32)).sum() == 0


def test_detail_outside_the_band_costs_nothing():
    alpha = disk()
    band = losses.boundary_band(alpha, 4)
    spoiled = torch.where(band > 0, alpha, 1 - alpha)
    assert losses.detail_loss(spoiled, alpha, band) < 5e-3


# --- data -----------------------------------------------------------------------------------------------------------


def figure(seed=0, side=128):
    """A cut-out of a head on shoulders, on a dull ground."""
    rng = np.random.default_rng(seed)
    alpha = np.zeros((side, side), np.uint8)
    cv2.ellipse(alpha, (side // 2, side // 3), (side // 9, side // 7), 0, 0, 360, 255, -1)
    cv2.ellipse(alpha, (side // 2, side), (side // 4, side // 2), 0, 180, 360, 255, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.8)
    picture = rng.integers(40, 200, (side, side, 3), dtype=np.uint8)
    return Sample(f"figure{seed}", cv2.blur(picture, (5, 5)), "test", "none", alpha=alpha)


def photo(seed=0):
    rng = np.random.default_rng(100 + seed)
    return Sample(f"photo{seed}", rng.integers(0, 255, (96, 128, 3), dtype=np.uint8), "test", "none")


@pytest.fixture
def sources():
    return Sources([figure(0), figure(1)], [figure(2), figure(3)], [photo(0), photo(1)])


@pytest.mark.parametrize("kind", KINDS)
def test_scenes_of_every_kind(sources, kind):
    scenes = Scenes(sources, (64, 64), {kind: 1.0})
    for seed in range(4):
        scene = scenes.draw(np.random.default_rng(seed))
        again = scenes.draw(np.random.default_rng(seed))
        assert scene.picture.shape == (64, 64, 3)
        assert scene.alpha.shape == (64, 64)
        assert np.array_equal(scene.picture, again.picture)
        assert (scene.alpha.max() == 0) == (kind == "empty")


def test_scenes_leave_their_sources_alone(sources):
    before = [part.picture.copy() for part in (*sources.mattes, *sources.cutouts, *sources.photos)]
    scenes = Scenes(sources, (64, 64), dict.fromkeys(KINDS, 1.0))
    for seed in range(12):
        scenes.draw(np.random.default_rng(seed))
    after = [part.picture for part in (*sources.mattes, *sources.cutouts, *sources.photos)]
    assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))


def test_hair_adds_soft_strands_above_the_head_and_nothing_below():
    person = figure(side=256)
    hairy = Hair()(person, np.random.default_rng(1))
    added = hairy.alpha.astype(int) - person.alpha
    assert added.min() >= -1  # rounding
    assert (added[:110] > 20).sum() > 300
    assert not (added[200:] > 2).any()
    soft = (hairy.alpha > 25) & (hairy.alpha < 230)
    assert soft.sum() > 1.5 * ((person.alpha > 25) & (person.alpha < 230)).sum()


def test_hair_needs_a_figure():
    nobody = Sample("none", np.zeros((64, 64, 3), np.uint8), "test", "none", alpha=np.zeros((64, 64), np.uint8))
    assert Hair()(nobody, np.random.default_rng(0)) is nobody
    assert Hair()(photo(), np.random.default_rng(0)).alpha is None


def test_a_portrait_holds_the_head():
    person = figure(side=256)
    x, y, _ = head_of(person.alpha)
    assert abs(x - 128) < 12
    assert 40 < y < 110
    for seed in range(6):
        near = portrait(person, np.random.default_rng(seed))
        assert near.picture.shape[:2] == near.alpha.shape
        assert near.alpha.mean() > person.alpha.mean() * 0.8
    assert head_of(np.zeros((64, 64), np.uint8)) is None


def test_mattes_that_leave_people_out_are_known():
    person = figure()
    here, nowhere = (40.0, 20.0, 90.0, 128.0), (0.0, 0.0, 30.0, 30.0)
    labelled = [Instance("person", here)]
    sample = Sample("a", person.picture, "t", "n", alpha=person.alpha, instances=tuple(labelled))
    assert fully_labelled(sample)
    labelled.append(Instance("person", nowhere))
    assert not fully_labelled(Sample("a", person.picture, "t", "n", alpha=person.alpha, instances=tuple(labelled)))


def test_the_previous_alpha_is_near_the_present_one_or_blank():
    alpha = disk(96, 28)[0, 0].numpy()
    drawn = [PreviousAlpha(foreign=0, damage=0)(alpha, np.random.default_rng(seed)) for seed in range(300)]
    blank = [not each.any() for each in drawn]
    assert 0.2 < np.mean(blank) < 0.4
    given = [each for each, none in zip(drawn, blank, strict=True) if not none]
    overlap = [np.minimum(each, alpha).sum() / np.maximum(each, alpha).sum() for each in given]
    assert min(overlap) > 0.6
    assert np.mean([np.abs(each - alpha).max() > 0.05 for each in given]) > 0.95
    damaged = [PreviousAlpha(given=1)(alpha, np.random.default_rng(seed)) for seed in range(50)]
    assert all(each.dtype == np.float32 and each.min() >= 0 and each.max() <= 1 for each in damaged)


# --- task -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("previous", [False, True])
def test_a_few_steps_lower_the_loss(previous):
    torch.manual_seed(0)
    network = Network(backbone="tiny", semantic=16, detail=8, fine=8, previous=previous)
    task = Matting(MattingOptions(Data(length=8, size=64, sizes=(64,)), network, Loss(band=3)), seed=0)
    networks = task.build_networks()
    data = task.build_data()
    rows = [data.train.draw(i, np.random.default_rng(i)) for i in range(4)]
    batch = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
    optimiser = torch.optim.Adam(task.parameter_groups(networks, "network"), lr=5e-3)
    found = []
    for _ in range(25):
        terms = task.training_step(networks, batch, Phase("network")).terms
        total = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        found.append(float(total.detach()))
    assert set(terms) == {"semantic", "detail", "alpha", "composition", "gradient"}
    assert np.mean(found[-3:]) < 0.75 * np.mean(found[:3])
    networks["network"].eval()
    with torch.no_grad():
        figures = task.validate(networks, [batch])
        sheet = task.sheet(networks, batch)
    assert 0 <= figures["mad"] <= 1
    assert sheet.shape == (4, 5 if previous else 4, 3, 64, 64)


def test_the_encoder_learns_more_slowly_than_the_branches():
    task = Matting(MattingOptions(network=Network(pretrained=True, **SHIPPED), loss=Loss(encoder_rate=0.25)), seed=0)
    networks = task.build_networks()
    branches, encoder = task.parameter_groups(networks, "network")
    assert encoder["lr_scale"] == 0.25
    count = sum(weight.numel() for group in (branches, encoder) for weight in group["params"])
    assert count == sum(weight.numel() for weight in networks["network"].parameters())


@pytest.mark.parametrize("name", ["matte-lite0", "matte-video-lite0"])
def test_recipes_are_read(name):
    recipe = read(RECIPES / f"{name}.toml")
    assert recipe.options.network.previous == ("video" in name)
    assert recipe.card is not None
    network = recipe.options.network
    assert {key: getattr(network, key) for key in SHIPPED} == SHIPPED


def test_data_settings_are_checked():
    with pytest.raises(ArgumentError, match="multiples of 32"):
        Data(sizes=(100,))
    with pytest.raises(ArgumentError, match="unknown kind"):
        Data(shares={"people": 1.0})


@pytest.mark.parametrize(
    ("recipe", "pictures", "alphas"),
    [("videomatte", "train/fgr", "train/pha"), ("conference-video", "images", "masks")],
)
def test_clips_are_prepared_with_their_frames_together(tmp_path, recipe, pictures, alphas):
    spec = read_prepare(recipe).sources[0]
    for clip in ("0001", "0002"):
        for frame in ("00010", "00020", "00021"):
            person = figure(int(frame), side=64)
            for folder, plane in ((pictures, person.picture), (alphas, person.alpha)):
                path = tmp_path / folder / clip / f"{frame}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), plane)
    entries = opened(spec, tmp_path)
    assert len(entries) == (4 if recipe == "videomatte" else 6)
    groups = {entry.group for entry in entries}
    assert len(groups) == 2
    sample = entries[0].read()
    assert sample.group in groups
    assert sample.alpha.max() > 200
