"""Perceptual and style losses on the features of a frozen network (Johnson et al. 2016, arXiv 1603.08155).

The features are those of an EfficientNet-lite, whose weights come with a Python package, or those of VGG-16, which the
papers use, where a user supplies the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from cleanplate_training.models import efficientnet_lite
from cleanplate_training.models.efficientnet_lite import MEAN, STD, EfficientNetLite
from cleanplate_training.models.vgg import Vgg16Features

_LEVELS = (0, 1, 2, 3)
"""Levels of EfficientNet-lite: strides 2, 4, 8 and 16."""


class Perceptual:
    """Distances of pictures in the features of a frozen network, which is made on first use and is in no checkpoint.

    Args:
        vgg: Weights of VGG-16 in torchvision's layout; None for EfficientNet-lite.
        lite: Which of those: a task that is measured by features of one had better not learn from the same.
        pretrained: False leaves the weights random (for tests).
    """

    def __init__(self, vgg: Path | None = None, *, lite: str = "lite0", pretrained: bool = True) -> None:
        self.vgg, self.lite, self.pretrained = vgg, lite, pretrained
        self._network: Vgg16Features | EfficientNetLite | None = None

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each level of the features, known without the weights."""
        if self.vgg is not None:
            return Vgg16Features.channels
        every = EfficientNetLite(self.lite, head=False).channels
        return tuple(every[level] for level in _LEVELS)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return features of RGB pictures in 0..1, ``N x 3 x H x W``: one tensor a level, finest first."""
        network = self._loaded().to(pictures.device)
        if isinstance(network, Vgg16Features):
            return network.forward(pictures)
        levels = network.features((pictures - MEAN) / STD)
        return [levels[level] for level in _LEVELS]

    def _loaded(self) -> Vgg16Features | EfficientNetLite:
        if self._network is None:
            self._network = (
                efficientnet_lite.load(self.lite, head=False, pretrained=self.pretrained)
                if self.vgg is None
                else Vgg16Features.load(self.vgg)
            )
            self._network.requires_grad_(False).eval()
        return self._network


def relative(ours: Sequence[Tensor], truth: Sequence[Tensor]) -> list[Tensor]:
    """Return features divided by how large the truth's are at the same level."""
    return [one / _size(other) for one, other in zip(ours, truth, strict=True)]


def feature_distance(ours: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of features, each level relative to how large the truth's are."""
    return _mean([(one - other).abs().mean() / _size(other) for one, other in zip(ours, truth, strict=True)])


def style_distance(ours: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of Gram matrices: which features occur together, wherever that is."""
    pairs = zip(relative(ours, truth), relative(truth, truth), strict=True)
    return _mean([(gram(one) - gram(other)).abs().mean() for one, other in pairs])


def gram(features: Tensor) -> Tensor:
    """Return ``N x C x C``: products of every two channels of ``N x C x H x W``, as means over places."""
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2]


def total_variation(picture: Tensor, mask: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbours within the hole and to its rim (arXiv 1804.07723).

    Args:
        picture: ``N x C x H x W``.
        mask: ``N x 1 x H x W``, 1 = hole.
    """
    grown = nn.functional.max_pool2d(mask, 3, 1, 1)
    across = (picture[..., 1:] - picture[..., :-1]).abs() * grown[..., 1:] * grown[..., :-1]
    down = (picture[..., 1:, :] - picture[..., :-1, :]).abs() * grown[..., 1:, :] * grown[..., :-1, :]
    return across.mean() + down.mean()


def _size(features: Tensor) -> Tensor:
    return features.detach().abs().mean().clamp(min=1e-6)


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack(values).mean()
