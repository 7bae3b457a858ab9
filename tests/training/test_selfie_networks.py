"""FCN, U-Net and FC-DenseNet against the tables of their papers."""

import pytest
import torch
from torch import nn

from cleanplate.errors import ArgumentError
from cleanplate_training.models.fc_densenet import Depths, FCDenseNet
from cleanplate_training.models.fcn import FCN, Vgg16
from cleanplate_training.models.unet_paper import PaperUNet
from tests.training.network_contract import NetworkContract, described, picture


def parameters(module):
    return sum(weight.numel() for weight in module.parameters())


class TestFCDenseNet(NetworkContract):
    def exported(self):
        return described(nn.Sequential(FCDenseNet(Depths((2, 2), 2, 4)), nn.Sigmoid()), picture(16, 24), multiple=4)


class TestFCN8s(NetworkContract):
    def exported(self):
        network = FCN(8, backbone="lite0", pretrained=False)
        nn.init.normal_(network.score.weight, std=0.1)  # zero scores would make parity trivial
        return described(nn.Sequential(network, nn.Sigmoid()), picture(64, 96), multiple=32)


class TestPaperUNet(NetworkContract):
    def exported(self):
        return described(nn.Sequential(PaperUNet((4, 8, 16)), nn.Sigmoid()), picture(16, 24), multiple=4)


def test_channels_of_fc_densenet_103_are_those_of_table_2():
    """The paper prints 578 for the third block on the way up; 304 + 160 + 112 are 576."""
    with torch.device("meta"):
        network = FCDenseNet("103", out_channels=11)
    assert network.first.out_channels == 48
    assert network.down_widths == (112, 192, 304, 464, 656)
    assert network.bottom_width == 896
    assert network.up_widths == (1088, 816, 576, 384, 256)


@pytest.mark.parametrize(("member", "millions"), [("56", 1.4), ("67", 3.5), ("103", 9.4)])
def test_sizes_of_fc_densenet_are_those_of_table_3(member, millions):
    """The paper gives 1.5 M for 56 layers; counting its own layers gives 1.37 M, the others agree to 0.1 M."""
    with torch.device("meta"):
        network = FCDenseNet(member, out_channels=11)
    assert parameters(network) / 1e6 == pytest.approx(millions, abs=0.1)


@pytest.mark.parametrize("member", ["56", "67", "103"])
def test_an_fc_densenet_has_as_many_layers_as_its_name_says(member):
    with torch.device("meta"):
        network = FCDenseNet(member)
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(layers) == int(member)


def test_a_step_of_fc_densenet_103_lowers_its_loss():
    torch.manual_seed(0)
    network = FCDenseNet("103", dropout=0.0)
    image, target = torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)
    target[:, :, :16] = 1
    optimiser = torch.optim.RMSprop(network.parameters(), lr=1e-4)
    losses = []
    for _ in range(3):
        loss = nn.functional.binary_cross_entropy_with_logits(network(image), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_vgg16_has_the_published_size():
    with torch.device("meta"):
        network = Vgg16()
    assert parameters(network) == 14_714_688


def test_fcn_has_the_size_of_the_paper():
    """The paper's table 1: 134 M parameters for FCN-VGG16 with 21 classes."""
    with torch.device("meta"):
        network = FCN(32, backbone="vgg16", out_channels=21)
    learned = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    assert learned == 14_714_688 + (512 * 49 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 21
    assert round(learned / 1e6) == 134


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_each_fcn_has_the_size_of_its_input(stride):
    network = FCN(stride, pretrained=False).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 64, 96)).shape == (1, 1, 64, 96)
    assert len(network.skips) == {32: 0, 16: 1, 8: 2}[stride]


def test_a_finer_fcn_begins_as_the_coarser_one():
    """Scores of finer features start at zero, and enlarging twice and eightfold is enlarging sixteenfold, inside."""
    torch.manual_seed(0)
    coarse, fine = FCN(32, pretrained=False).eval(), FCN(8, pretrained=False).eval()
    nn.init.normal_(coarse.score.weight)
    fine.backbone.load_state_dict(coarse.backbone.state_dict())
    fine.score.load_state_dict(coarse.score.state_dict())
    image = picture(256, 256)
    with torch.no_grad():
        a, b = (network(image)[:, :, 64:-64, 64:-64] for network in (coarse, fine))
    # Piecewise linear at 32 px a cell and at 8 px a cell differ by less than the steps between cells.
    assert (a - b).abs().mean() < 0.2 * a.std()


def test_the_unet_has_the_widths_of_the_paper():
    with torch.device("meta"):
        network = PaperUNet(out_channels=2, in_channels=1, batch_norm=False)
    assert [block[0].out_channels for block in network.down] == [64, 128, 256, 512, 1024]
    assert [layer.out_channels for layer in network.enlarge] == [512, 256, 128, 64]
    convolutions = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(convolutions) == 23  # "In total the network has 23 convolutional layers"
    assert parameters(network) == 31_030_658


@pytest.mark.parametrize(
    "build", [lambda: FCDenseNet("57"), lambda: FCN(4), lambda: FCN(8, backbone="vgg19"), lambda: PaperUNet((8,))]
)
def test_what_does_not_exist_is_refused(build):
    with pytest.raises(ArgumentError):
        build()
