"""Portrait matting: MODNet and its slim variants learn the alpha of people, from stills or with the alpha before."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.losses import matting as losses
from cleanplate_training.models.lite_encoder import FULL_DEPTHS
from cleanplate_training.models.modnet import MODNet
from cleanplate_training.models.modnet_slim import Mattes, SlimMODNet
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.matting_data import Data, open_data


@dataclass(frozen=True)
class Network:
    """Which network learns.

    Attributes:
        backbone: ``lite0``, ``mobilenet-v2`` or ``tiny`` of the slim network; ``modnet`` for the published network and
            ``modnet-paper`` for that of the paper.
        depths: blocks kept in each stage of ``lite0``.
        semantic: channels of the slim semantic branch.
        detail: channels of the slim detail branch at 1/4.
        fine: channels of the slim branches at 1/2.
        previous: four channels; the alpha of the frame before enters the encoder.
        pretrained: start ``lite0`` from its ImageNet weights.
    """

    backbone: Literal["lite0", "mobilenet-v2", "tiny", "modnet", "modnet-paper"] = "lite0"
    depths: tuple[int, ...] = FULL_DEPTHS
    semantic: int = 64
    detail: int = 32
    fine: int = 16
    previous: bool = False
    pretrained: bool = True


@dataclass(frozen=True)
class Loss:
    """Weights of the terms, and of the encoder's learning rate.

    Attributes:
        semantic: squared distance of the coarse alpha.
        detail: absolute distance in the boundary band.
        alpha: absolute distance of the matte.
        composition: absolute distance of the cut-out colours.
        gradient: absolute distance of the matte's steps from pixel to pixel.
        band: reach of the boundary band in pixels.
        encoder_rate: the encoder learns at this share of the learning rate.
    """

    semantic: float = 10.0
    detail: float = 1.0
    alpha: float = 1.0
    composition: float = 1.0
    gradient: float = 0.5
    band: int = 6
    encoder_rate: float = 0.3


@dataclass(frozen=True)
class MattingOptions:
    """The recipe's own tables."""

    data: Data = field(default_factory=Data)
    network: Network = field(default_factory=Network)
    loss: Loss = field(default_factory=Loss)


class Matting(Task):
    """Trains one network named ``network``; its goal is the mean absolute difference of the validation mattes."""

    Options = MattingOptions
    goal = Goal("mad", "lower")
    averaged = ("network",)
    options: MattingOptions

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the network."""
        return {"network": build(self.options.network)}

    def build_data(self) -> TaskData:
        """Open the shards."""
        return open_data(self.options.data, previous=self.options.network.previous)

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compare all three predictions with the true alpha, at a size drawn for this batch."""
        weights = self.options.loss
        side = self.options.data.sizes[int(torch.randint(len(self.options.data.sizes), ()))]
        image, alpha, previous = (shrunk(batch.get(name), side) for name in ("image", "alpha", "previous"))
        assert image is not None
        assert alpha is not None
        predicted: Mattes = networks["network"](*_given(image, previous))
        band = losses.boundary_band(alpha, weights.band)
        matte = predicted.alpha
        terms = {
            "semantic": weights.semantic * losses.semantic_loss(predicted.semantic, alpha),
            "detail": weights.detail * losses.detail_loss(predicted.detail, alpha, band),
            "alpha": weights.alpha * losses.alpha_loss(matte, alpha, band),
            "composition": weights.composition * losses.composition_loss(matte, alpha, image, band),
            "gradient": weights.gradient * losses.gradient_loss(matte, alpha),
        }
        return Losses(terms, {"mad": (matte.detach() - alpha).abs().mean(), "iou": ious(matte, alpha).mean()})

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return MAD, MSE and gradient error of all scenes, IoU of those with people, and the alpha seen where none is.

        Each scene counts alike. ``gradient`` is the mean absolute difference of steps from pixel to pixel; the
        figure of papers is measured by ``evaluation/matting``.
        """
        rows = [_figures(networks["network"], batch) for batch in batches]
        joined = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
        empty = joined.pop("empty").bool()
        iou = joined.pop("iou")[~empty]
        figures = {name: float(values.mean()) for name, values in joined.items()}
        figures["iou"] = float(iou.mean()) if len(iou) else 1.0
        figures["median_iou"] = float(iou.median()) if len(iou) else 1.0
        figures["mad_of_empty"] = float(joined["mad"][empty].mean()) if empty.any() else 0.0
        return figures

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show picture, previous alpha if there is one, prediction, truth, and the person on green."""
        shown = slice(0, 8)
        image, truth = batch["image"][shown], batch["alpha"][shown]
        previous = batch["previous"][shown] if "previous" in batch else None
        alpha = matte_of(networks["network"](*_given(image, previous)))
        green = torch.tensor([0.0, 0.7, 0.25]).view(1, 3, 1, 1).to(image.device)
        columns = [image, _grey(alpha), _grey(truth), image * alpha + green * (1 - alpha)]
        if previous is not None:
            columns.insert(1, _grey(previous))
        return torch.stack(columns, dim=1)

    def parameter_groups(self, networks: Networks, optimiser: str) -> list[dict[str, Any]]:
        """Let an encoder with ImageNet weights learn more slowly than the branches."""
        network = networks["network"]
        encoder = [weight for name, weight in network.named_parameters() if "backbone." in name]
        branches = [weight for name, weight in network.named_parameters() if "backbone." not in name]
        pretrained = self.options.network.pretrained and self.options.network.backbone == "lite0"
        rate = self.options.loss.encoder_rate if pretrained else 1.0
        return [{"params": branches}, {"params": encoder, "lr_scale": rate}]

    def exported(self, networks: Networks) -> Exported:
        """Export the matte alone: ``image`` (and ``previous``) to ``alpha``."""
        return exported_matte(networks["network"], previous=self.options.network.previous)


def build(settings: Network) -> nn.Module:
    """Return the network that the recipe names, with its first weights."""
    channels = 4 if settings.previous else 3
    if settings.backbone in ("modnet", "modnet-paper"):
        return MODNet("paper" if settings.backbone == "modnet-paper" else "code", in_channels=channels)
    return SlimMODNet(
        settings.backbone,  # type: ignore[arg-type]  # the other two names were taken out above
        depths=settings.depths,
        semantic=settings.semantic,
        detail=settings.detail,
        fine=settings.fine,
        in_channels=channels,
        pretrained=settings.pretrained,
    )


def exported_matte(network: nn.Module, *, previous: bool) -> Exported:
    """Describe a matting network for the export; the given one keeps its training heads."""
    free = {0: "batch", 2: "height", 3: "width"}
    rng = np.random.default_rng(0)
    module = copy.deepcopy(network)
    module.without_heads()  # type: ignore[operator]  # both kinds of network have it
    image = torch.from_numpy(rng.random((1, 3, 96, 128), np.float32))
    inputs = [Port("image", "RGB picture, 0..1", image, free)]
    if previous:
        # One call, several inputs: all share their free dimensions.
        before = torch.from_numpy(rng.random((1, 1, 96, 128), np.float32))
        inputs.append(Port("previous", "alpha of the frame before, zeros for none", before, free))
    return Exported(
        module=module,
        inputs=inputs,
        outputs=[Port("alpha", "how much of a pixel belongs to a person", dynamic=free)],
        input=InputContract(multiple_of=32, minimum=32),
        output=OutputContract("how much of a pixel belongs to a person", "one", 0.0, 1.0, "none", "the input's"),
    )


def matte_of(predicted: Mattes | Tensor) -> Tensor:
    """Return the matte of a prediction with or without the training heads."""
    return predicted if isinstance(predicted, Tensor) else predicted.alpha


def shrunk(planes: Tensor | None, side: int) -> Tensor | None:
    """Return square planes at another size, smoothed so that nothing is skipped."""
    if planes is None or planes.shape[-1] == side:
        return planes
    return functional.interpolate(planes, size=(side, side), mode="bilinear", align_corners=False, antialias=True)


def ious(predicted: Tensor, truth: Tensor) -> Tensor:
    """Return the IoU of each matte at 0.5, (N,); 1 where both are empty."""
    with torch.no_grad():
        guess, true = predicted > 0.5, truth > 0.5
        shared = (guess & true).sum(dim=(1, 2, 3)).float()
        joined = (guess | true).sum(dim=(1, 2, 3)).float()
        return torch.where(joined > 0, shared / joined.clamp(min=1), 1.0)


def _figures(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    alpha = matte_of(network(*_given(batch["image"], batch.get("previous"))))
    truth: Tensor = batch["alpha"]
    gap = alpha - truth
    steps = (gap[..., :, 1:] - gap[..., :, :-1]).abs().mean(dim=(1, 2, 3))
    return {
        "mad": gap.abs().mean(dim=(1, 2, 3)),
        "mse": gap.square().mean(dim=(1, 2, 3)),
        "gradient": steps + (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean(dim=(1, 2, 3)),
        "iou": ious(alpha, truth),
        "empty": (truth.amax(dim=(1, 2, 3)) < 0.5).float(),
    }


def _given(image: Tensor, previous: Tensor | None) -> tuple[Tensor, ...]:
    return (image,) if previous is None else (image, previous)


def _grey(alpha: Tensor) -> Tensor:
    return alpha.expand(-1, 3, -1, -1)
