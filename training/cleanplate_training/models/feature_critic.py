"""A critic that looks at pictures through a frozen network (Sauer et al. 2021, arXiv 2111.01007).

A critic that starts from pixels must first learn what edges and textures are, which takes it hundreds of thousands of
pictures. Features of a network that knows them let it judge from the first hundred steps on.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class FeatureCritic(nn.Module):
    """Scores places of features: a frozen random mix of each level's channels, then three convolutions.

    The mix keeps a critic from picking the few channels that tell real from made most easily.

    Args:
        channels: Channels of each level.
        width: Channels of the mixes and of the layers.
    """

    def __init__(self, channels: Sequence[int], *, width: int = 64) -> None:
        super().__init__()
        self.mixes = nn.ModuleList(_mix(count, width) for count in channels)
        self.heads = nn.ModuleList(_head(width) for _ in channels)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return scores ``N x 1 x H/2 x W/2`` of each level, given as ``N x C x H x W`` of a size of about 1."""
        levels = zip(features, self.mixes, self.heads, strict=True)
        return [head(mix(level)) for level, mix, head in levels]


def in_hole(scores: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
    """Return the scores of each level at places that see any of the hole, as ``K``.

    Args:
        scores: ``N x 1 x h x w`` of each level.
        mask: ``N x 1 x H x W``, 1 = hole.
    """
    return [level[functional.adaptive_max_pool2d(mask, level.shape[2:]) > 0.5] for level in scores]


def _mix(channels: int, width: int) -> nn.Conv2d:
    mix = nn.Conv2d(channels, width, 1, bias=False)
    nn.init.normal_(mix.weight, std=channels**-0.5)
    return mix.requires_grad_(False)


def _head(width: int) -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(width, width, 4, 2, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(width, width, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(width, 1, 1)),
    )
