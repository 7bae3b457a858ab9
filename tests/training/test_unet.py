import pytest
import torch
from torch import nn

from cleanplate.errors import ArgumentError
from cleanplate_training.models.unet import UNet
from tests.training.network_contract import NetworkContract, described, picture


class TestPlainUNet(NetworkContract):
    def exported(self):
        network = UNet(widths=(4, 8, 16))
        step = network.multiple
        return described(nn.Sequential(network, nn.Sigmoid()), picture(2 * step, 3 * step), multiple=step)


@pytest.mark.parametrize(
    ("encoder", "full", "multiple"), [("plain", False, 16), ("lite0", False, 32), ("lite0", True, 16)]
)
def test_the_output_has_the_size_of_the_input(encoder, full, multiple):
    network = UNet(encoder=encoder, full_resolution=full, pretrained=False, widths=(4, 4, 8, 8, 8), out_channels=2)
    assert network.multiple == multiple
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, 3, 32, 64)).shape == (1, 2, 32, 64)


def test_the_first_pixels_see_the_input_at_full_resolution():
    """With full resolution a change of one pixel is found in the first features at that pixel."""
    network = UNet(encoder="lite0", full_resolution=True, pretrained=False, widths=(4, 4, 8, 8, 8)).eval()
    first = network.encoder.features(torch.zeros(1, 3, 32, 32))[0]
    assert first.shape[-2:] == (32, 32)


def test_too_few_widths_are_refused():
    with pytest.raises(ArgumentError, match="must have 5 entries, not 2"):
        UNet(encoder="lite0", pretrained=False, widths=(4, 8))
