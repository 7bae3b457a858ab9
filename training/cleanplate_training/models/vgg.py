"""The first three stages of VGG-16 (Simonyan and Zisserman 2014, arXiv 1409.1556) as a feature extractor.

Its weights are not shipped and never fetched: a user gives a file in torchvision's layout.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import MissingInputError, WeightsError

_STAGES = ((64, 64), (128, 128), (256, 256, 256))
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Vgg16Features(nn.Module):
    """Maps RGB ``N x 3 x H x W`` in 0..1 to the outputs of the first three poolings (strides 2, 4 and 8)."""

    channels = tuple(stage[-1] for stage in _STAGES)
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for stage in _STAGES:
            for width in stage:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        # Numbered as torchvision does.
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)

    @classmethod
    def load(cls, path: Path) -> Vgg16Features:
        """Read the weights; layers beyond the third stage are left aside.

        Raises:
            MissingInputError: the file is not there.
            WeightsError: it lacks layers, or their shapes differ.
        """
        network = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except OSError as error:
            raise MissingInputError(error.strerror or "cannot be read", subject=path) from error
        own = network.state_dict()
        try:
            network.load_state_dict({key: state[key] for key in own})
        except (KeyError, RuntimeError, TypeError) as error:
            raise WeightsError("is no VGG-16 in torchvision's layout", subject=path) from error
        return network

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return the three levels, finest first."""
        x, levels = (pictures - self.mean) / self.std, []
        for layer in self.features:
            x = functional.relu(x) if isinstance(layer, nn.ReLU) else layer(x)
            if isinstance(layer, nn.MaxPool2d):
                levels.append(x)
        return levels
