"""Binary segmentation with a U-Net: which pixels belong to what the data marks (people, damage, ...)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.errors import InputError
from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.data.examples import SampleExamples
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet
from cleanplate_training.losses.segmentation import cross_entropy, dice
from cleanplate_training.models.efficientnet_lite import MEAN, STD
from cleanplate_training.models.unet import EncoderName, UNet
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.drawn_shapes import DrawnShapes


@dataclass(frozen=True)
class Network:
    """The U-Net (see :class:`UNet`).

    Attributes:
        encoder: ``plain`` or an EfficientNet-lite.
        widths: Channels, finest level first.
        full_resolution: Keep full resolution in the encoder's first stage.
        pretrained: Start from ImageNet weights where the encoder has them.
        encoder_lr: Factor of the learning rate for the encoder.
    """

    encoder: EncoderName = "plain"
    widths: tuple[int, ...] = (16, 32, 64, 96, 128)
    full_resolution: bool = False
    pretrained: bool = True
    encoder_lr: float = 1.0


@dataclass(frozen=True)
class Data:
    """Where the samples come from.

    Attributes:
        train: Shards to learn from; empty for drawn shapes.
        validation: Shards for the figures.
        shapes: Number of drawn shapes in a pass where no shards are given.
        size: Side of the square crops.
    """

    train: tuple[Path, ...] = ()
    validation: tuple[Path, ...] = ()
    shapes: int = 1000
    size: int = 128


@dataclass(frozen=True)
class Loss:
    """Weights of the terms; ``positive`` weighs the marked pixels within the cross-entropy."""

    cross_entropy: float = 1.0
    dice: float = 1.0
    positive: float = 1.0


@dataclass(frozen=True)
class SegmentationOptions:
    """The recipe's own tables."""

    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    loss: Loss = field(default_factory=Loss)


class Segmentation(Task):
    """Trains one U-Net named ``network``; its goal is the IoU over all validation pixels."""

    Options = SegmentationOptions
    goal = Goal("iou", "higher")
    averaged = ("network",)
    options: SegmentationOptions

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the U-Net as ``network``."""
        settings = self.options.network
        network = UNet(
            encoder=settings.encoder,
            widths=settings.widths,
            full_resolution=settings.full_resolution,
            pretrained=settings.pretrained,
        )
        return {"network": network}

    def build_data(self) -> TaskData:
        """Open the shards, or draw shapes where the recipe names none."""
        settings = self.options.data
        if not settings.train:
            validation = DrawnShapes(max(1, settings.shapes // 8), size=settings.size)
            return TaskData(DrawnShapes(settings.shapes, size=settings.size), validation)
        crop = partial(square_crop, size=settings.size)
        return TaskData(
            SampleExamples(ShardSet(settings.train), partial(crop, moving=True)),
            SampleExamples(ShardSet(settings.validation), partial(crop, moving=False)),
        )

    def parameter_groups(self, networks: Networks, optimiser: str) -> list[dict[str, Any]]:
        """Return the encoder's parameters, with their own learning rate, and all others."""
        encoder: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, weight in networks["network"].named_parameters():
            (encoder if ".encoder." in f".{name}" else others).append(weight)
        return [{"params": encoder, "lr_scale": self.options.network.encoder_lr}, {"params": others}]

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compare the logits with the mask."""
        weights = self.options.loss
        logits = networks["network"](normalised(batch["image"]))
        balanced = cross_entropy(logits, batch["mask"], positive_weight=weights.positive)
        return Losses(
            {"cross_entropy": weights.cross_entropy * balanced, "dice": weights.dice * dice(logits, batch["mask"])}
        )

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return the IoU at 0.5 over all pixels and the mean cross-entropy."""
        shared = joined = loss = pictures = 0.0
        for batch in batches:
            logits = networks["network"](normalised(batch["image"]))
            guess, truth = logits > 0, batch["mask"] > 0.5
            shared += float((guess & truth).sum())
            joined += float((guess | truth).sum())
            loss += float(cross_entropy(logits, batch["mask"])) * len(logits)
            pictures += len(logits)
        return {"iou": shared / joined if joined else 1.0, "cross_entropy": loss / pictures}

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show picture, prediction and truth of the first eight pictures."""
        images, truth = batch["image"][:8], batch["mask"][:8]
        guess = networks["network"](normalised(images)).sigmoid()
        return torch.stack([images, guess.expand_as(images), truth.expand_as(images)], dim=1)

    def exported(self, networks: Networks) -> Exported:
        """Export the U-Net with its sigmoid."""
        network = networks["network"]
        multiple = int(getattr(network, "multiple", 1))
        drawn = DrawnShapes(1, size=4 * multiple).draw(0, np.random.default_rng(0))["image"]
        picture = normalised(torch.from_numpy(drawn)[None, :, : 3 * multiple])
        free = {0: "batch", 2: "height", 3: "width"}
        return Exported(
            module=nn.Sequential(network, nn.Sigmoid()),
            inputs=[Port("image", "normalised RGB picture", picture, free)],
            outputs=[Port("mask", "share of the pixel that belongs to what is marked", dynamic=free)],
            input=InputContract(mean=(MEAN,) * 3, std=(STD,) * 3, multiple_of=multiple, minimum=multiple),
            output=OutputContract("how likely a pixel is marked", "one", 0.0, 1.0, "none", "that of the input"),
        )


def normalised(images: Tensor) -> Tensor:
    """Shift and scale pictures in 0..1 as ImageNet encoders expect them."""
    return (images - MEAN) / STD


def square_crop(
    sample: Sample, rng: np.random.Generator, *, size: int, moving: bool
) -> Mapping[str, NDArray[np.float32]]:
    """Cut a square of ``size`` out of a sample; smaller pictures are enlarged.

    Args:
        sample: A picture with its mask.
        rng: Chooses place and mirroring.
        size: Side of the square.
        moving: Anywhere and possibly mirrored; otherwise the middle as it is.

    Raises:
        InputError: the sample has no mask.
    """
    if sample.mask is None:
        raise InputError("has no mask", subject=f"{sample.source}/{sample.key}")
    picture, mask = sample.picture, sample.mask.astype(np.uint8)
    height, width = mask.shape
    if min(height, width) < size:
        scale = size / min(height, width)
        shape = (max(size, round(width * scale)), max(size, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, shape, interpolation=cv2.INTER_CUBIC), np.uint8)
        mask = np.asarray(cv2.resize(mask, shape, interpolation=cv2.INTER_NEAREST), np.uint8)
        height, width = mask.shape
    top, left = (height - size) // 2, (width - size) // 2
    if moving:
        top, left = int(rng.integers(0, height - size + 1)), int(rng.integers(0, width - size + 1))
    picture, mask = picture[top : top + size, left : left + size], mask[top : top + size, left : left + size]
    if moving and rng.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    image = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) / np.float32(255)
    return {"image": image, "mask": np.ascontiguousarray(mask[None], np.float32)}
