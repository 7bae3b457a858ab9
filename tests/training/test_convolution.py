import pytest
import torch

from cleanplate_training.models.convolution import Conv2d


def gradients(conv, x, *, narrow):
    conv.zero_grad()
    x = x.detach().to(memory_format=torch.channels_last).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
        y = conv(x)
    direction = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
    (y.float() * direction).sum().backward()
    return [y.detach().float(), x.grad, *(weight.grad.clone() for weight in conv.parameters())]


# Kernel, stride, dilation, padding, side: every way through the module, and sides that the dilation does not divide.
CASES = [
    (3, 1, 1, 1, 16),
    (5, 1, 1, 2, 16),
    (3, 2, 1, 1, 16),
    (5, 2, 1, 0, 15),
    (3, 1, 4, 4, 32),
    (3, 1, 4, 4, 30),
    (5, 1, 2, 4, 16),
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kernel", "stride", "dilation", "padding", "side"), CASES)
def test_values_and_gradients_in_bfloat16_are_those_of_float32(kernel, stride, dilation, padding, side, bias):
    torch.manual_seed(0)
    conv = Conv2d(8, 8, kernel, stride, padding, dilation, groups=8, bias=bias)
    x = torch.randn(2, 8, side, side)
    for ours, exact in zip(gradients(conv, x, narrow=True), gradients(conv, x, narrow=False), strict=True):
        assert (ours - exact).norm() < 0.01 * exact.norm()  # eight bits of mantissa


@pytest.mark.parametrize("dilation", [2, 4])
def test_answers_are_bfloat16_under_autocast(dilation):
    conv = Conv2d(4, 4, 3, 1, dilation, dilation, groups=4)
    with torch.autocast("cpu", torch.bfloat16):
        assert conv(torch.randn(1, 4, 16, 16)).dtype == torch.bfloat16
        assert Conv2d(4, 4, 5, 2, groups=4)(torch.randn(1, 4, 16, 16)).dtype == torch.bfloat16
