"""Filling the damage of old photographs with partial convolutions (Liu et al. 2018, arXiv 1804.07723)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.data.damage.old_photograph import OldPhotograph
from cleanplate_training.data.holes.generator import HoleGenerator
from cleanplate_training.engine import plain
from cleanplate_training.losses.perceptual import Perceptual, feature_distance, style_distance, total_variation
from cleanplate_training.models.partial_conv import PartialUNet
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.inpainting_figures import FillFigures
from cleanplate_training.tasks.restoration_data import Data, OldPhotographs, Spread, open_age, open_scenes

_SHOWN = 8


@dataclass(frozen=True)
class Network:
    """The network (see :class:`PartialUNet`)."""

    widths: tuple[int, ...] = (32, 64, 96, 128, 192)
    bottom: int = 2


@dataclass(frozen=True)
class Holes:
    """What is to be filled.

    Attributes:
        damage: Share of pictures whose hole is their own damage; the others get drawn holes.
        grown: Least and greatest number of pixels by which damage is grown, as users do to be sure of its rim.
        area: Least and greatest share of a picture that drawn holes take. Larger holes are for other engines: the
            greatest radius met in training is among the figures.
        colour: Share of pictures in colour.
    """

    damage: float = 0.6
    grown: tuple[int, int] = (1, 4)
    area: tuple[float, float] = (0.01, 0.2)
    colour: float = 0.3


@dataclass(frozen=True)
class Loss:
    """Weights of the terms, those of the paper for losses that are scaled to about 1 here.

    ``vgg`` names weights of VGG-16 for the perceptual and style terms; without, they use EfficientNet-lite0.
    """

    hole: float = 6.0
    valid: float = 1.0
    perceptual: float = 0.1
    style: float = 0.5
    total_variation: float = 0.1
    vgg: Path | None = None


@dataclass(frozen=True)
class FillOptions:
    """The recipe's own tables; ``freeze_norm`` keeps the encoder's batch norm as it is (the last stage)."""

    data: Data
    network: Network = field(default_factory=Network)
    holes: Holes = field(default_factory=Holes)
    loss: Loss = field(default_factory=Loss)
    freeze_norm: bool = False


class Fill(Task):
    """Trains one network named ``network``; its goal is the PSNR within the holes of the validation pictures."""

    Options = FillOptions
    goal = Goal("psnr", "higher")
    averaged = ("network",)
    options: FillOptions

    def __init__(self, options: FillOptions, *, seed: int) -> None:
        super().__init__(options, seed=seed)
        self._perceptual = Perceptual(options.loss.vgg)
        self._largest = 0.0

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the network."""
        return {"network": PartialUNet(self.options.network.widths, bottom=self.options.network.bottom)}

    def build_data(self) -> TaskData:
        """Open the shards and stamps."""
        data, holes = self.options.data, self.options.holes
        age = OldPhotograph(whole=0.0, colour=holes.colour)
        train = WithHole(OldPhotographs(open_scenes(data, "train"), open_age(data, "train", age)), holes, data.size)
        validation = WithHole(OldPhotographs(open_scenes(data, "val"), open_age(data, "val", age)), holes, data.size)
        return TaskData(train, Spread(validation, data.checked))

    def set_training(self, networks: Networks) -> None:
        """Put the network into training mode, its encoder's batch norm only until the last stage."""
        super().set_training(networks)
        if self.options.freeze_norm:
            network = plain(networks["network"])
            assert isinstance(network, PartialUNet)
            for norm in network.encoder_norms():
                norm.eval()

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compute the terms of the paper."""
        image, mask, weights = batch["undamaged"], batch["mask"], self.options.loss
        self._largest = max(self._largest, float(batch["radius"].max()))
        answer = networks["network"](image, mask)
        filled = torch.where(mask > 0.5, answer, image)
        wrong = (answer - image).abs()
        terms = {
            # Means over the pixels that each term is about, so that small holes teach as much as large ones.
            "hole": weights.hole * (wrong * mask).sum() / (3 * mask.sum()).clamp(min=1),
            "valid": weights.valid * (wrong * (1 - mask)).sum() / (3 * (1 - mask).sum()).clamp(min=1),
            "total_variation": weights.total_variation * total_variation(filled, mask),
        }
        if weights.perceptual or weights.style:
            with torch.no_grad():
                truth = self._perceptual.features(image)
            for name, picture in (("answer", answer), ("filled", filled)):
                ours = self._perceptual.features(picture)
                terms[f"perceptual_{name}"] = weights.perceptual * feature_distance(ours, truth)
                terms[f"style_{name}"] = weights.style * style_distance(ours, truth)
        return Losses(terms)

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return the figures of the fills (:class:`FillFigures`) and the largest hole learnt from so far."""
        figures = FillFigures()
        for batch in batches:
            image, mask = batch["undamaged"], batch["mask"]
            answer = networks["network"](image, mask).clamp(0, 1)
            figures.add(torch.where(mask > 0.5, answer, image), image, mask)
        return {**figures.result(), "largest_hole_radius": self._largest}

    def state(self) -> dict[str, Any]:
        """Remember the largest hole."""
        return {"largest": self._largest}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take it back."""
        self._largest = float(state.get("largest", 0.0))

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show the hole, the raw answer, the fill and the truth of the first eight pictures."""
        image, mask = batch["undamaged"][:_SHOWN], batch["mask"][:_SHOWN]
        answer = networks["network"](image, mask).clamp(0, 1)
        filled = torch.where(mask > 0.5, answer, image)
        return torch.stack([torch.where(mask > 0.5, 0.5, image), answer, filled, image], dim=1)

    def exported(self, networks: Networks) -> Exported:
        """Export the network with its known pixels put back: ``image`` and ``mask`` to ``completed``."""
        network = networks["network"]
        multiple = 2 ** len(self.options.network.widths)
        free = {0: "batch", 2: "height", 3: "width"}
        rng = np.random.default_rng(0)
        image = torch.from_numpy(rng.random((1, 3, 2 * multiple, 3 * multiple), np.float32))
        mask = torch.zeros(1, 1, *image.shape[2:])
        mask[..., multiple // 2 : multiple, multiple:-multiple] = 1
        return Exported(
            module=Completed(network),
            inputs=[
                Port("image", "RGB in 0..1; what lies under the hole is not looked at", image, free),
                Port("mask", "1 = hole", mask, free),
            ],
            outputs=[Port("completed", "completed picture, RGB in 0..1", dynamic=free, fixed=(1, 3, 1, 1))],
            input=InputContract(multiple_of=multiple, minimum=multiple, mask="one_is_hole"),
            output=OutputContract("completed picture", "RGB", 0.0, 1.0, "none", "that of the input"),
        )


class Completed(nn.Module):
    """The exported form: clipped, with known pixels as they came.

    Args:
        network: See :class:`PartialUNet`.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Return ``N x 3 x H x W`` in 0..1."""
        return torch.where(mask > 0.5, self.network(image, mask).clamp(0, 1), image)


class WithHole:
    """Old photographs without their damage, and a hole: the damage, grown, or a drawn one.

    Args:
        photographs: See :class:`OldPhotographs`.
        settings: See :class:`Holes`.
        size: Side of the pictures.
    """

    def __init__(self, photographs: OldPhotographs, settings: Holes, size: int) -> None:
        self.photographs, self.settings = photographs, settings
        self._drawn = HoleGenerator((size, size), area=settings.area)

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self.photographs)

    def draw(self, index: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return ``undamaged`` (3 x H x W), ``mask`` (1 x H x W, 1 = hole) and ``radius`` of the hole in pixels."""
        made = self.photographs.draw(index, rng)
        mask: NDArray[np.bool_] = made["mask"][0] > 0.5
        own = rng.random() < self.settings.damage
        if own:
            reach = int(rng.integers(self.settings.grown[0], self.settings.grown[1] + 1))
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
            mask = cv2.dilate(mask.astype(np.uint8), kernel) > 0
        if not own or not 0 < mask.mean() <= self.settings.area[1]:
            mask = self._drawn.draw(rng)
        radius = np.float32(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5).max())
        return {
            "undamaged": made["undamaged"],
            "mask": np.ascontiguousarray(mask[np.newaxis], np.float32),
            "radius": np.array(radius, np.float32),
        }
