"""Moving averages of weights: smoother than the weights of any one step, and what is validated and exported."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class MovingAverage:
    """Exponential moving average of a network's weights and floating-point buffers.

    The decay rises from 0.1 towards ``decay`` over the first updates, so that a short run is not dominated by its
    first, random weights. (torch's ``AveragedModel`` has a fixed decay, or asks the device for a number each step.)

    Args:
        network: The network without wrappers; it is copied.
        decay: Share of the old average that an update keeps, below 1.

    Attributes:
        module: The averaged network, in evaluation mode.
        updates: How many updates it has seen.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the present weights of ``network``."""
        keep = min(self.decay, (1 + self.updates) / (10 + self.updates))
        averaged, present = _tensors(self.module), _tensors(network)
        moving = [place for place, tensor in enumerate(averaged) if tensor.is_floating_point()]
        torch._foreach_lerp_([averaged[i] for i in moving], [present[i] for i in moving], 1 - keep)
        for old, new in zip(averaged, present, strict=True):
            if not old.is_floating_point():
                old.copy_(new)
        self.updates += 1


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
