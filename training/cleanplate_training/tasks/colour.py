"""Colouring black-and-white photographs in three stages: L1; with a critic; with a perceptual term for pixels' L1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.losses import adversarial
from cleanplate_training.losses.perceptual import Perceptual, feature_distance
from cleanplate_training.losses.rebalance import ChromaBalance
from cleanplate_training.models.colour import ColourNetwork, to_rgb
from cleanplate_training.models.colour_critic import ColourCritic
from cleanplate_training.models.unet import EncoderName
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.colour_data import ColourExamples, Data, open_training, open_validation

_SHOWN = 8


@dataclass(frozen=True)
class Network:
    """The network (see :class:`ColourNetwork`)."""

    encoder: EncoderName = "lite0"
    widths: tuple[int, ...] = (24, 32, 48, 96, 128)
    pretrained: bool = True


@dataclass(frozen=True)
class Critic:
    """The critic: ``width`` of its first layer, and the steps that the colour network learns ``after`` without it."""

    width: int = 32
    after: int = 0


@dataclass(frozen=True)
class Loss:
    """Weights of the terms.

    Attributes:
        l1: Of the absolute error of chroma.
        perceptual: Of the distance of the coloured picture's features.
        adversarial: Of the critic's opinion; 0 for no critic.
        balance: How far rare colours are made to weigh like frequent ones: 0 not at all .. 1 fully.
        vgg: Weights of VGG-16 for the perceptual term; without, it uses EfficientNet-lite0.
    """

    l1: float = 10.0
    perceptual: float = 0.0
    adversarial: float = 0.0
    balance: float = 0.5
    vgg: Path | None = None


@dataclass(frozen=True)
class ColourOptions:
    """The recipe's own tables."""

    data: Data
    network: Network = field(default_factory=Network)
    critic: Critic = field(default_factory=Critic)
    loss: Loss = field(default_factory=Loss)


class Colour(Task):
    """Trains ``network`` and, where the recipe weighs its opinion, ``critic``.

    Its goal is the error of chroma; it cannot tell dull from wrong, so stages are compared by eye too.
    """

    Options = ColourOptions
    goal = Goal("chroma_mse", "lower")
    averaged = ("network",)
    options: ColourOptions

    def __init__(self, options: ColourOptions, *, seed: int) -> None:
        super().__init__(options, seed=seed)
        self._perceptual = Perceptual(options.loss.vgg)
        self._balance = ChromaBalance(uniform=1 - options.loss.balance)
        self._train: ColourExamples | None = None
        self._judged = False
        self._made: Tensor | None = None

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the network and the critic."""
        settings = self.options.network
        networks: dict[str, nn.Module] = {
            "network": ColourNetwork(encoder=settings.encoder, widths=settings.widths, pretrained=settings.pretrained)
        }
        if self.options.loss.adversarial:
            networks["critic"] = ColourCritic(self.options.critic.width)
        return networks

    def build_data(self) -> TaskData:
        """Open the pictures."""
        self._train = open_training(self.options.data)
        return TaskData(self._train, open_validation(self.options.data))

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Draw hand-coloured pictures as often as the recipe says."""
        return None if self._train is None else self._train.weights()

    def optimised(self) -> Mapping[str, Sequence[str]]:
        """Return one optimiser a network."""
        names = ["network", "critic"] if self.options.loss.adversarial else ["network"]
        return {name: (name,) for name in names}

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the network's phase, then the critic's on what the network just made."""
        self._judged = bool(self.options.loss.adversarial) and step >= self.options.critic.after
        return [Phase("network"), Phase("critic", fresh=False)] if self._judged else [Phase("network")]

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compute the losses of the network or of the critic."""
        luma, chroma = batch["luma"], batch["chroma"]
        if phase.optimiser == "critic":
            assert self._made is not None
            real = networks["critic"](luma, chroma)
            fake = networks["critic"](luma, self._made)
            margin = {"margin": real.detach().mean() - fake.detach().mean()}
            return Losses({"critic": adversarial.hinge_critic(real, fake)}, margin)
        guess, weights = networks["network"](luma, batch["hints"]), self.options.loss
        terms: dict[str, Tensor] = {}
        if weights.l1:
            rarity = self._balance.weights(chroma)
            terms["l1"] = weights.l1 * ((guess - chroma).abs() * rarity).mean()
        if weights.perceptual:
            terms["perceptual"] = weights.perceptual * self._seen(luma, guess, chroma)
        if self._judged:
            self._made = guess.detach()
            terms["adversarial"] = weights.adversarial * adversarial.generator(networks["critic"](luma, guess))
        return Losses(terms)

    def _seen(self, luma: Tensor, guess: Tensor, chroma: Tensor) -> Tensor:
        with torch.no_grad():
            truth = self._perceptual.features(to_rgb(luma, chroma).clamp(0, 1))
        # Not clipped: clipped colours would have no slope.
        return feature_distance(self._perceptual.features(to_rgb(luma, guess)), truth)

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return figures without hints, and the error with them (see :class:`ColourFigures`)."""
        figures = ColourFigures()
        for batch in batches:
            luma, hints = batch["luma"], batch["hints"]
            bare = networks["network"](luma, torch.zeros_like(hints))
            figures.add(luma, bare, networks["network"](luma, hints), batch)
        return figures.result()

    def state(self) -> dict[str, Any]:
        """Remember how frequent colours are."""
        return {"balance": self._balance.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take it back."""
        if "balance" in state:
            self._balance.restore(state["balance"])

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show light, colours without hints, colours with hints, the hints, and the truth of the first eight."""
        luma, chroma, hints = (batch[name][:_SHOWN] for name in ("luma", "chroma", "hints"))
        bare, hinted = (networks["network"](luma, given) for given in (torch.zeros_like(hints), hints))
        columns = [torch.zeros_like(chroma), bare, hinted, hints[:, :2], chroma]
        return torch.stack([to_rgb(luma, each).clamp(0, 1) for each in columns], dim=1)

    def exported(self, networks: Networks) -> Exported:
        """Export the network: ``luma`` and ``hints`` to ``chroma``."""
        network = networks["network"]
        multiple = int(getattr(network, "multiple", 32))
        free = {0: "batch", 2: "height", 3: "width"}
        rng = np.random.default_rng(0)
        luma = torch.from_numpy(rng.random((1, 1, 2 * multiple, 3 * multiple), np.float32))
        hints = torch.zeros(1, 3, *luma.shape[2:])
        hints[:, 0, :4, :4], hints[:, 2, :4, :4] = 0.2, 1.0
        return Exported(
            module=network,
            inputs=[
                Port("luma", "Y of BT.601, 0..1", luma, free),
                Port("hints", "Cb and Cr as offsets -0.5..0.5, and 1 where they are given", hints, free),
            ],
            outputs=[Port("chroma", "Cb and Cr as offsets -0.5..0.5", dynamic=free, fixed=(1, 2, 1, 1))],
            input=InputContract(channels="grey", mean=(0.0,), std=(1.0,), multiple_of=multiple, minimum=multiple),
            output=OutputContract("Cb and Cr offsets of BT.601", "CbCr", -0.5, 0.5, "none", "that of the input"),
        )


class ColourFigures:
    """Adds up figures over batches.

    ``chroma_mse`` is the squared error of Cb and Cr on their 0..255 scale, without hints; ``saving`` how far that is
    below predicting no colour; ``hinted_mse`` the error with the pictures' hints; ``colourfulness`` the ratio of the
    mean colourfulness (Hasler and Suesstrunk 2003) of answers to that of the photographs.
    """

    def __init__(self) -> None:
        self._sums = dict.fromkeys(("guess", "hinted", "none", "ours", "theirs"), 0.0)
        self._count = 0

    def add(self, luma: Tensor, guess: Tensor, hinted: Tensor, batch: Batch) -> None:
        """Add answers ``N x 2 x H x W`` without and with hints."""
        truth = batch["chroma"]
        errors = {"guess": guess - truth, "hinted": hinted - truth, "none": truth}
        for name, error in errors.items():
            self._sums[name] += float((255 * error).square().mean(dim=(1, 2, 3)).sum())
        for name, chroma in (("ours", guess), ("theirs", truth)):
            self._sums[name] += float(colourfulness(to_rgb(luma, chroma).clamp(0, 1)).sum())
        self._count += len(truth)

    def result(self) -> dict[str, float]:
        """Return the figures of everything that was added."""
        mean = {name: total / self._count for name, total in self._sums.items()}
        return {
            "chroma_mse": mean["guess"],
            "hinted_mse": mean["hinted"],
            "saving": 1 - mean["guess"] / max(mean["none"], 1e-9),
            "colourfulness": mean["ours"] / max(mean["theirs"], 1e-9),
        }


def colourfulness(rgb: Tensor) -> Tensor:
    """Return metric M3 of Hasler and Suesstrunk (SPIE 5007, 2003) of pictures ``N x 3 x H x W`` in 0..1: ``N``."""
    red, green, blue = (255 * rgb).flatten(2).unbind(dim=1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], dim=1)
    spread = opponents.std(dim=2, correction=0).norm(dim=1)
    values: Tensor = spread + 0.3 * opponents.mean(dim=2).norm(dim=1)
    return values
