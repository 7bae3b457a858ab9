"""A convolution that goes around bfloat16 kernels which are slow or wrong on processors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Conv2d(nn.Conv2d):
    """``nn.Conv2d``, computed another way where PyTorch 2.13's bfloat16 kernels (oneDNN, AVX-512) do badly.

    Those are the gradients of convolutions that filter each channel alone. With dilation they are numbers of any
    size: such a convolution is an undilated one of every ``dilation``-th row and column, and computed as that. With 5x5
    taps or a stride they are right, but take two to five times as long as in float32: these leave bfloat16.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W``."""
        narrow = x.dtype == torch.bfloat16 or torch.is_autocast_enabled("cpu")
        if not narrow or x.device.type != "cpu" or not self.groups == self.in_channels > 1:
            return super().forward(x)
        dilation, kernel = self.dilation[0], self.kernel_size[0]
        if dilation > 1:
            same = self.padding == (dilation * (kernel // 2),) * 2 and self.stride == (1, 1)
            if same and x.shape[2] % dilation == x.shape[3] % dilation == 0:
                return self._by_phases(x, dilation)
        elif kernel == 3 and self.stride == (1, 1):
            return super().forward(x)
        return self._in_float32(x)

    def _by_phases(self, x: Tensor, dilation: int) -> Tensor:
        count, channels, height, width = x.shape
        rows, columns = height // dilation, width // dilation
        # Channels last: with the channels innermost the phases are copies of whole runs.
        split = x.permute(0, 2, 3, 1).reshape(count, rows, dilation, columns, dilation, channels)
        phases = split.permute(0, 2, 4, 1, 3, 5).reshape(-1, rows, columns, channels).permute(0, 3, 1, 2)
        padding = (self.kernel_size[0] // 2, self.kernel_size[1] // 2)
        y = functional.conv2d(phases, self.weight, self.bias, padding=padding, groups=self.groups)
        joined = y.permute(0, 2, 3, 1).reshape(count, dilation, dilation, rows, columns, channels)
        return joined.permute(0, 3, 1, 4, 2, 5).reshape(count, height, width, channels).permute(0, 3, 1, 2)

    def _in_float32(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.float()
        with torch.autocast("cpu", enabled=False):
            y: Tensor = self._conv_forward(x.float(), self.weight.float(), bias)
        return y.to(torch.bfloat16)
