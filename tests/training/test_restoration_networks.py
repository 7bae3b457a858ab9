"""The networks of restoration keep the contract of all networks, and what is special to each."""

import itertools

import pytest
import torch

from cleanplate_training.models.colour import ColourNetwork, to_rgb, to_ycc
from cleanplate_training.models.colour_critic import ColourCritic
from cleanplate_training.models.defects import DefectNetwork, DefectProbability
from cleanplate_training.models.partial_conv import PartialConv, PartialUNet, pull_push
from cleanplate_training.models.vgg import Vgg16Features
from cleanplate_training.tasks.colour import Colour
from cleanplate_training.tasks.colour import Network as ColourSettings
from cleanplate_training.tasks.defects import Defects
from cleanplate_training.tasks.fill import Completed, Fill
from cleanplate_training.tasks.restoration_data import Data
from tests.training.network_contract import NetworkContract

WIDTHS = (4, 4, 8, 8, 8)


def data(**changes):
    return Data(train=(), validation=(), **changes)


class TestDefects(NetworkContract):
    def exported(self):
        task = Defects(Defects.Options(data()), seed=0)
        return task.exported({"network": DefectNetwork(widths=WIDTHS, pretrained=False)})


class TestFill(NetworkContract):
    def exported(self):
        options = Fill.Options(data())
        return Fill(options, seed=0).exported({"network": PartialUNet((4, 4, 6, 6, 8))})


class TestColour(NetworkContract):
    def exported(self):
        from cleanplate_training.tasks.colour_data import Data as ColourData

        options = Colour.Options(ColourData((), ()), ColourSettings(pretrained=False))
        network = ColourNetwork(widths=WIDTHS, pretrained=False)
        return Colour(options, seed=0).exported({"network": network})


@pytest.fixture
def noise():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_the_defect_encoder_keeps_full_resolution(noise):
    network = DefectNetwork(widths=WIDTHS, pretrained=False)
    features = network.unet.encoder.features(noise)
    assert features[0].shape[2:] == noise.shape[2:]
    assert network.multiple == 16


def test_mirror_images_are_averaged(noise):
    torch.manual_seed(0)
    network = DefectNetwork(widths=WIDTHS, pretrained=False).eval()
    with torch.no_grad():
        straight = DefectProbability(network, flips=True)(noise)
        mirrored = DefectProbability(network, flips=True)(noise.flip(3)).flip(3)
        single = DefectProbability(network)(noise)
    torch.testing.assert_close(straight, mirrored)
    assert not torch.allclose(straight, single)


def test_recomputed_features_give_the_same_gradients_and_statistics(noise):
    states, gradients = [], []
    for recompute in (False, True):
        torch.manual_seed(0)
        network = DefectNetwork(widths=WIDTHS, pretrained=False, recompute=recompute).train()
        network(noise).square().mean().backward()
        states.append(network.state_dict())
        gradients.append([weight.grad for weight in network.parameters()])
    assert states[0].keys() == states[1].keys()
    for one, other in itertools.chain(zip(*gradients, strict=True)):
        torch.testing.assert_close(one, other)
    for name, value in states[0].items():
        if "running" in name:
            torch.testing.assert_close(value, states[1][name])


def test_a_partial_convolution_with_everything_known_is_a_convolution(noise):
    layer = PartialConv([3], 5, norm=False, active=False)
    with torch.no_grad():
        answer, known = layer([noise], [torch.ones(1, 1, 64, 64)])
        plain = layer.conv(noise) + layer.bias
    assert bool(known.all())
    torch.testing.assert_close(answer[..., 1:-1, 1:-1], plain[..., 1:-1, 1:-1])


def test_a_partial_convolution_divides_by_the_known_share(noise):
    layer = PartialConv([1], 1, norm=False, active=False)
    torch.nn.init.ones_(layer.conv.weight)
    known = (torch.rand(1, 1, 64, 64) > 0.7).float()
    with torch.no_grad():
        answer, fresh = layer([torch.full((1, 1, 64, 64), 2.0)], [known])
    torch.testing.assert_close(answer, 18.0 * fresh)  # 9 taps of 2, however many are known


def test_each_layer_shrinks_the_hole_by_half_a_kernel():
    known = torch.ones(1, 1, 32, 32)
    known[..., 8:24, 8:24] = 0
    with torch.no_grad():
        _, after = PartialConv([1], 1, 5, norm=False)([known], [known])
    assert int((after == 0).sum()) == 12 * 12


def test_what_lies_under_the_hole_has_no_influence(noise):
    torch.manual_seed(0)
    network = Completed(PartialUNet((4, 4, 6, 6, 8))).eval()
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:40, 10:50] = 1
    with torch.no_grad():
        one = network(noise, mask)
        other = network(torch.where(mask > 0, 1 - noise, noise), mask)
    assert torch.equal(one, other)
    assert torch.equal(one * (1 - mask), noise * (1 - mask))


def test_the_smooth_fill_goes_on_with_what_is_around():
    image = torch.linspace(0, 1, 64).expand(1, 3, 64, 64).contiguous()
    known = torch.ones(1, 1, 64, 64)
    known[..., 24:40, 24:40] = 0
    filled = pull_push(torch.where(known > 0, image, 7.0), known, 3)
    assert torch.equal(filled * known, image * known)
    assert (filled - image).abs().max() < 0.15
    nothing = pull_push(image, torch.zeros_like(known), 2)
    assert torch.equal(nothing, torch.zeros_like(image))


def test_frozen_encoder_norms_are_those_of_the_encoder_only():
    network = PartialUNet((4, 4, 6))
    norms = network.encoder_norms()
    assert len(norms) == 2
    decoder = [m for m in network.decoder.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert decoder
    assert not {id(norm) for norm in norms} & {id(norm) for norm in decoder}


def test_light_and_chroma_make_the_picture_again(noise):
    torch.testing.assert_close(to_rgb(*to_ycc(noise)), noise)


def test_hints_change_the_colour_and_what_is_not_given_does_not(noise):
    torch.manual_seed(0)
    network = ColourNetwork(widths=WIDTHS, pretrained=False)
    torch.nn.init.normal_(network.unet.encoder.stem.weight)
    network.eval()
    luma, hints = noise[:, :1], torch.zeros(1, 3, 64, 64)
    stray = hints.clone()
    stray[:, :2, 30:34, 30:34] = 0.3  # colours without the plane that says that they are given
    given = stray.clone()
    given[:, 2, 30:34, 30:34] = 1
    with torch.no_grad():
        bare, ignored, hinted = (network(luma, each) for each in (hints, stray, given))
    assert torch.equal(bare, ignored)
    assert not torch.equal(bare, hinted)


def test_the_critic_begins_without_attention_and_learns_it(noise):
    critic = ColourCritic(8)
    assert critic.attention.gain.item() == 0
    luma, chroma = to_ycc(noise)
    scores = critic(luma, chroma)
    assert scores.shape == (1, 1, 4, 4)
    scores.mean().backward()
    assert float(critic.attention.gain.grad.abs()) > 0


def test_vgg_features_read_a_users_file(tmp_path, noise):
    torch.manual_seed(0)
    made = Vgg16Features()
    state = made.state_dict() | {"classifier.0.weight": torch.zeros(1)}
    torch.save(state, tmp_path / "vgg16.pth")
    levels = Vgg16Features.load(tmp_path / "vgg16.pth")(noise)
    assert [level.shape[1:] for level in levels] == [(64, 32, 32), (128, 16, 16), (256, 8, 8)]
    torch.testing.assert_close(levels[0], made(noise)[0])
