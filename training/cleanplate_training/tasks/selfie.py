"""Selfie segmentation: FCN, U-Net and FC-DenseNet learn under the same conditions which pixels are people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.errors import InputError
from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.data.augment.blur import Defocus, MotionBlur
from cleanplate_training.data.augment.chain import Chain
from cleanplate_training.data.augment.compression import Jpeg
from cleanplate_training.data.augment.geometry import RandomView
from cleanplate_training.data.augment.light import BackLight, Darkness, Gamma, LineLight, PointLight, Temperature
from cleanplate_training.data.augment.noise import SensorNoise
from cleanplate_training.data.hard_samples import HardSamples
from cleanplate_training.data.picked import without_sources
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.losses.segmentation import cross_entropy, soft_iou
from cleanplate_training.models.efficientnet_lite import MEAN, STD
from cleanplate_training.models.fc_densenet import FCDenseNet
from cleanplate_training.models.fcn import FCN
from cleanplate_training.models.unet import UNet
from cleanplate_training.models.unet_paper import PaperUNet
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData

Architecture = Literal[
    "fcn-32s",
    "fcn-16s",
    "fcn-8s",
    "fcn-8s-vgg16",
    "u-net",
    "u-net-lite0",
    "fc-densenet-56",
    "fc-densenet-67",
    "fc-densenet-103",
]


@dataclass(frozen=True)
class Network:
    """Which network learns.

    Attributes:
        architecture: its name.
        widths: channels of ``u-net`` and of the decoder of ``u-net-lite0``, finest level first.
        depths: blocks kept in each stage of the encoder of ``u-net-lite0``; none = all.
        dropout: of FC-DenseNet.
        pretrained: start EfficientNet-lite0 from its ImageNet weights where the network has one.
    """

    architecture: Architecture = "u-net"
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    depths: tuple[int, ...] = ()
    dropout: float = 0.2
    pretrained: bool = True


@dataclass(frozen=True)
class Data:
    """Where the samples come from and how they are varied.

    Attributes:
        train: shards to learn from.
        validation: shards for the figures; ``test`` shards are given to the evaluation instead.
        size: side of the square that the network sees.
        augment: also vary light, sharpness, noise and compression; flip and scale are always varied.
        hard: how much more often samples that fail are drawn (see :class:`HardSamples`).
        nobody: shards of photographs without people, to learn what is none; they take part in training only.
        nobody_without: sources of ``nobody`` that are left out, by the name that the shards give them.
        nobody_share: how often, 0..1, such a photograph takes the place of a sample.
    """

    train: tuple[Path, ...]
    validation: tuple[Path, ...]
    size: int = 224
    augment: bool = True
    hard: float = 3.0
    nobody: tuple[Path, ...] = ()
    nobody_without: tuple[str, ...] = ()
    nobody_share: float = 0.1


@dataclass(frozen=True)
class Loss:
    """Weights of the terms."""

    cross_entropy: float = 1.0
    soft_iou: float = 0.0


@dataclass(frozen=True)
class SelfieOptions:
    """The recipe's own tables."""

    data: Data
    network: Network = field(default_factory=Network)
    loss: Loss = field(default_factory=Loss)


class Selfie(Task):
    """Trains one segmentation network named ``network``; its goal is the mean IoU of the validation pictures."""

    Options = SelfieOptions
    goal = Goal("iou", "higher")
    averaged = ("network",)
    options: SelfieOptions

    def __init__(self, options: SelfieOptions, *, seed: int) -> None:
        super().__init__(options, seed=seed)
        self._hard: HardSamples | None = None

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the network."""
        return {"network": build(self.options.network)}

    def build_data(self) -> TaskData:
        """Open the shards."""
        settings = self.options.data
        train = SelfieExamples(
            ShardSet(settings.train), settings.size, moving=True, augment=settings.augment, nobody=_nobody(settings)
        )
        self._hard = HardSamples(len(train), strength=settings.hard)
        return TaskData(train, SelfieExamples(ShardSet(settings.validation), settings.size, moving=False))

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compare the logits with the mask."""
        weights = self.options.loss
        logits = networks["network"](normalised(batch["image"]))
        ious = _ious(logits, batch["mask"])
        shows_people = batch["place"] >= 0
        if self._hard is not None:
            seen = ious[shows_people].cpu().numpy().astype(np.float64)
            self._hard.saw(batch["place"][shows_people].cpu().numpy(), seen)
        terms = {"cross_entropy": weights.cross_entropy * cross_entropy(logits, batch["mask"])}
        if weights.soft_iou:
            terms["soft_iou"] = weights.soft_iou * soft_iou(logits, batch["mask"])
        return Losses(terms, {"iou": ious[shows_people].mean()} if shows_people.any() else {})

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return mean and median IoU of the pictures and the share of them below 0.8."""
        ious = torch.cat([_ious(networks["network"](normalised(b["image"])), b["mask"]) for b in batches])
        return {
            "iou": float(ious.mean()),
            "median_iou": float(ious.median()),
            "below_0.8": float((ious < 0.8).float().mean()),
        }

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Draw more often what fails."""
        return self._hard.weights() if self._hard is not None else None

    def state(self) -> dict[str, Any]:
        """Remember the IoUs of the training samples."""
        return {} if self._hard is None else {"ious": torch.from_numpy(self._hard.ious.copy())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take them back."""
        if self._hard is not None and "ious" in state:
            self._hard.ious[:] = state["ious"].numpy()

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show picture, prediction and truth of the first eight pictures."""
        images, truth = batch["image"][:8], batch["mask"][:8]
        guess = networks["network"](normalised(images)).sigmoid()
        return torch.stack([images, guess.expand_as(images), truth.expand_as(images)], dim=1)

    def exported(self, networks: Networks) -> Exported:
        """Export the network with normalisation and sigmoid: ``image`` 0..1 to ``alpha`` 0..1."""
        free = {0: "batch", 2: "height", 3: "width"}
        network = networks["network"]
        multiple = int(getattr(network, "multiple", 1))
        example = torch.from_numpy(np.random.default_rng(0).random((1, 3, 4 * multiple, 6 * multiple), np.float32))
        return Exported(
            module=nn.Sequential(Normalise(), network, nn.Sigmoid()),
            inputs=[Port("image", "RGB picture, 0..1", example, free)],
            outputs=[Port("alpha", "how likely a pixel belongs to a person", dynamic=free)],
            input=InputContract(multiple_of=multiple, minimum=multiple),
            output=OutputContract("how likely a pixel belongs to a person", "one", 0.0, 1.0, "none", "the input's"),
        )


class Normalise(nn.Module):
    """Shift and scale a picture in 0..1 as ImageNet encoders expect it."""

    def forward(self, image: Tensor) -> Tensor:
        """Map ``N x 3 x H x W`` in 0..1 to about -1..1."""
        return normalised(image)


def normalised(images: Tensor) -> Tensor:
    """Shift and scale pictures in 0..1 as ImageNet encoders expect them."""
    return (images - MEAN) / STD


def build(settings: Network) -> nn.Module:
    """Return the network that the recipe names, with its first weights."""
    kind = settings.architecture
    if kind.startswith("fc-densenet-"):
        return FCDenseNet(kind.removeprefix("fc-densenet-"), dropout=settings.dropout)
    if kind == "u-net":
        return PaperUNet(settings.widths)
    if kind == "u-net-lite0":
        return UNet(
            encoder="lite0",
            widths=settings.widths,
            pretrained=settings.pretrained,
            depths=settings.depths or None,
        )
    if kind == "fcn-8s-vgg16":
        return FCN(8, backbone="vgg16")
    return FCN(int(kind.removeprefix("fcn-").removesuffix("s")), pretrained=settings.pretrained)


class SelfieExamples:
    """Samples with masks as squares, each with its place in the set.

    Args:
        samples: with a mask or a matte each.
        size: side of the square.
        moving: vary place and size; otherwise the whole middle as it is.
        augment: vary light, sharpness, noise and compression too.
        nobody: photographs without people, and how often, 0..1, one takes the place of a sample (its place is -1).
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        size: int,
        *,
        moving: bool,
        augment: bool = False,
        nobody: tuple[Sequence[Sample], float] | None = None,
    ) -> None:
        self.samples, self.nobody = samples, nobody
        view = (
            RandomView((size, size), scale=(0.55, 1.0), rotation=10, aspect=(0.85, 1.18))
            if moving
            else RandomView((size, size), scale=(1.0, 1.0), flip=0.0)
        )
        self.change = Chain([*(_LIGHT if augment else ()), (1.0, view), *(_CAMERA if augment else ())])

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Read sample ``index`` and vary it with ``rng``."""
        chosen = _with_mask(self.samples[index])
        if self.nobody is not None and rng.random() < self.nobody[1]:
            others = self.nobody[0]
            chosen, index = _without_mask(others[int(rng.integers(len(others)))]), -1
        sample = self.change(chosen, rng)
        assert sample.mask is not None
        image = np.ascontiguousarray(sample.picture.transpose(2, 0, 1), np.float32) / np.float32(255)
        mask = np.ascontiguousarray(sample.mask[None], np.float32)
        return {"image": image, "mask": mask, "place": np.array(index, np.int64)}


_LIGHT = (
    (0.15, BackLight()),
    (0.15, Darkness()),
    (0.10, PointLight()),
    (0.10, LineLight()),
    (0.40, Gamma()),
    (0.40, Temperature()),
)
_CAMERA = (
    (0.10, MotionBlur()),
    (0.10, Defocus()),
    (0.25, SensorNoise()),
    (0.30, Jpeg()),
)


def _with_mask(sample: Sample) -> Sample:
    if sample.mask is not None:
        return replace(sample, instances=None, alpha=None)
    if sample.alpha is None:
        raise InputError("has neither mask nor matte", subject=f"{sample.source}/{sample.key}")
    return replace(sample, mask=sample.alpha >= 128, instances=None)


def _without_mask(sample: Sample) -> Sample:
    return replace(sample, mask=np.zeros(sample.picture.shape[:2], bool), alpha=None, instances=None)


def _nobody(settings: Data) -> tuple[Sequence[Sample], float] | None:
    if not settings.nobody:
        return None
    return without_sources(ShardSet(settings.nobody), settings.nobody_without), settings.nobody_share


def _ious(logits: Tensor, target: Tensor) -> Tensor:
    """Return the IoU of each picture at 0.5, (N,); 1 where both are empty."""
    with torch.no_grad():
        guess, truth = logits > 0, target > 0.5
        shared = (guess & truth).sum(dim=(1, 2, 3)).float()
        joined = (guess | truth).sum(dim=(1, 2, 3)).float()
        return torch.where(joined > 0, shared / joined.clamp(min=1), 1.0)
