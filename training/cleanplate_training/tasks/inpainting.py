"""Inpainting with the two-stage generator of contextual residual aggregation and its critic (arXiv 2005.09704)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.losses import adversarial
from cleanplate_training.losses.inpainting import context_l1, hole_l1
from cleanplate_training.losses.perceptual import Perceptual, feature_distance, relative, style_distance
from cleanplate_training.models.cra import CraGenerator
from cleanplate_training.models.cra_attention import Attention
from cleanplate_training.models.cra_critic import CraCritic
from cleanplate_training.models.feature_critic import FeatureCritic, in_hole
from cleanplate_training.models.gated_conv import Gate
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.drawn_shapes import DrawnShapes
from cleanplate_training.tasks.inpainting_data import Data, open_data
from cleanplate_training.tasks.inpainting_figures import FillFigures

_SHOWN = 8


@dataclass(frozen=True)
class Network:
    """The generator (see :class:`CraGenerator`)."""

    width: int = 32
    coarse_gate: Gate = "single"
    refine_gate: Gate = "separable"
    attention: Attention = "soft"
    shortcuts: bool = True


@dataclass(frozen=True)
class Critic:
    """The critic and how it is trained.

    Attributes:
        kind: ``wgan-gp`` (Wasserstein with gradient penalty, as in the paper), ``hinge`` (cheaper), ``features`` (hinge
            loss of a critic that judges places in the hole by features of a frozen network: learns with far fewer
            pictures), or ``none``.
        after: Steps in which the generator learns without the critic.
        steps: Critic steps a generator step.
        width: Channels of its first layer.
        with_mask: Show it the mask (``features`` always knows it).
        penalty: Weight of the gradient penalty.
    """

    kind: Literal["none", "hinge", "wgan-gp", "features"] = "wgan-gp"
    after: int = 0
    steps: int = 1
    width: int = 64
    with_mask: bool = False
    penalty: float = 10.0


@dataclass(frozen=True)
class Loss:
    """Weights of the generator's terms; ``coarse`` weighs the coarse answer against the fine one.

    ``perceptual`` and ``style`` are no terms of the paper: they teach texture with far fewer pictures than a critic
    needs. Their features, which are those of the critic of kind ``features`` too, are EfficientNet-lite1's (lite0's,
    by which checkpoints are compared, would judge their own pupil), or VGG-16's where ``vgg`` names its weights.
    """

    hole: float = 1.2
    context: float = 1.2
    coarse: float = 1.2
    adversarial: float = 0.001
    perceptual: float = 0.0
    style: float = 0.0
    vgg: Path | None = None


@dataclass(frozen=True)
class InpaintingOptions:
    """The recipe's own tables."""

    network: Network = field(default_factory=Network)
    critic: Critic = field(default_factory=Critic)
    data: Data = field(default_factory=Data)
    loss: Loss = field(default_factory=Loss)


class Inpainting(Task):
    """Trains ``generator`` and, unless the recipe has none, ``critic``; losses are of pictures in -1..1.

    Its goal is the feature distance of the fills: errors of pixels would choose the most blurred generator. Without a
    critic and perceptual terms it learns nothing else than to make errors of pixels small, so these are its goal.
    """

    Options = InpaintingOptions
    goal = Goal("feature_distance", "lower")
    averaged = ("generator",)
    options: InpaintingOptions

    def __init__(self, options: InpaintingOptions, *, seed: int) -> None:
        super().__init__(options, seed=seed)
        if options.critic.kind == "none" and not options.loss.perceptual:
            self.goal = Goal("hole_l1", "lower")
        self._perceptual = Perceptual(options.loss.vgg, lite="lite1")
        self._judged = False
        self._filled: list[_Filled] = []

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the generator and the critic."""
        settings, critic = self.options.network, self.options.critic
        generator = CraGenerator(
            width=settings.width,
            coarse_gate=settings.coarse_gate,
            refine_gate=settings.refine_gate,
            attention=settings.attention,
            shortcuts=settings.shortcuts,
        )
        if critic.kind == "none":
            return {"generator": generator}
        if critic.kind == "features":
            return {"generator": generator, "critic": FeatureCritic(self._perceptual.channels, width=critic.width)}
        return {"generator": generator, "critic": CraCritic(width=critic.width, with_mask=critic.with_mask)}

    def build_data(self) -> TaskData:
        """Open the shards, or draw shapes where the recipe names none."""
        return open_data(self.options.data)

    def optimised(self) -> dict[str, Sequence[str]]:
        """Return one optimiser a network."""
        names = ["generator"] if self.options.critic.kind == "none" else ["generator", "critic"]
        return {name: (name,) for name in names}

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the generator's phase, then the critic's: the first on the fills that the generator just made."""
        critic = self.options.critic
        self._judged = critic.kind != "none" and step >= critic.after
        self._filled = []
        if not self._judged:
            return [Phase("generator")]
        return [Phase("generator"), Phase("critic", fresh=False), *[Phase("critic")] * (critic.steps - 1)]

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compute the losses of the generator or of the critic."""
        if phase.optimiser == "critic":
            return self._critic_step(networks, batch)
        image, mask = batch["image"], batch["mask"]
        coarse, fine, _ = networks["generator"](image, mask)
        filled = torch.where(mask > 0.5, fine, image)
        weights, terms = self.options.loss, self._reconstruction(coarse, fine, image, mask)
        seen = self._seen(filled, image)
        if seen and (weights.perceptual or weights.style):
            terms["perceptual"] = weights.perceptual * feature_distance(seen.ours, seen.truth)
            terms["style"] = weights.style * style_distance(seen.ours, seen.truth)
        if self._judged:
            opinion = self._opinion(networks["critic"], filled, mask, seen)
            terms["adversarial"] = weights.adversarial * opinion
            self._filled.append(_Filled(batch, filled.detach(), seen and seen.detached()))
        return Losses(terms)

    def _reconstruction(self, coarse: Tensor, fine: Tensor, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        weights = self.options.loss
        small_image, small_mask = functional.avg_pool2d(image, 2), functional.max_pool2d(mask, 2)
        # Twice the difference in 0..1 is the difference in -1..1.
        hole, context = 2 * weights.hole, 2 * weights.context
        return {
            "hole": hole * hole_l1(fine, image, mask),
            "context": context * context_l1(fine, image, mask),
            "coarse_hole": weights.coarse * hole * hole_l1(coarse, small_image, small_mask),
            "coarse_context": weights.coarse * context * context_l1(coarse, small_image, small_mask),
        }

    def _seen(self, filled: Tensor, image: Tensor) -> _Features | None:
        weights, by_features = self.options.loss, self._judged and self.options.critic.kind == "features"
        if not (weights.perceptual or weights.style or by_features):
            return None
        with torch.no_grad():
            truth = self._perceptual.features(image)
        return _Features(self._perceptual.features(filled), truth)

    def _opinion(self, critic: nn.Module, filled: Tensor, mask: Tensor, seen: _Features | None) -> Tensor:
        if self.options.critic.kind != "features":
            return adversarial.generator(self._scores(critic, filled, mask))
        assert seen is not None
        scores = in_hole(critic(relative(seen.ours, seen.truth)), mask)
        # A mean over four times as many places pulls half as hard at each pixel: fine levels would hardly count.
        weights = [2.0**-place for place in range(len(scores))]
        opinions = [adversarial.generator(level) * weight for level, weight in zip(scores, weights, strict=True)]
        return torch.stack(opinions).sum() / sum(weights)

    def _critic_step(self, networks: Networks, batch: Batch) -> Losses:
        critic, settings = networks["critic"], self.options.critic
        image, mask = batch["image"], batch["mask"]
        made = next((made for made in self._filled if made.batch is batch), None)
        if made is None:
            with torch.no_grad():
                filled = torch.where(mask > 0.5, networks["generator"](image, mask)[1], image)
                made = _Filled(batch, filled, self._seen(filled, image))
        if settings.kind == "features":
            return _judged_features(critic, made, mask)
        filled = made.picture
        scores = self._scores(critic, torch.cat([image, filled]), torch.cat([mask, mask]))
        real, fake = scores.chunk(2)
        margin = {"margin": real.detach().mean() - fake.detach().mean()}
        if settings.kind == "hinge":
            return Losses({"critic": adversarial.hinge_critic(real, fake)}, margin)
        shown = mask if settings.with_mask else None
        penalty = adversarial.gradient_penalty(critic, 2 * image - 1, 2 * filled - 1, mask=shown)
        terms = {"critic": adversarial.wasserstein_critic(real, fake), "penalty": settings.penalty * penalty}
        return Losses(terms, margin)

    def _scores(self, critic: nn.Module, picture: Tensor, mask: Tensor) -> Tensor:
        inputs = (2 * picture - 1, mask) if self.options.critic.with_mask else (2 * picture - 1,)
        scores: Tensor = critic(*inputs)
        return scores

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return the figures of the fills (see :class:`FillFigures`)."""
        figures = FillFigures()
        for batch in batches:
            image, mask = batch["image"], batch["mask"]
            fine = networks["generator"](image, mask)[1].clamp(0, 1)
            figures.add(torch.where(mask > 0.5, fine, image), image, mask)
        return figures.result()

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show input, coarse answer, fine answer pasted into the hole, and truth of the first eight pictures."""
        image, mask = batch["image"][:_SHOWN], batch["mask"][:_SHOWN]
        coarse, fine, _ = networks["generator"](image, mask)
        coarse = functional.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        filled = torch.where(mask > 0.5, fine, image)
        return torch.stack([torch.where(mask > 0.5, 0.5, image), coarse, filled, image], dim=1).clamp(0, 1)

    def exported(self, networks: Networks) -> Exported:
        """Export the generator with clipped pictures and the scores of its attention."""
        generator = networks["generator"]
        free = {0: "batch", 2: "height", 3: "width"}
        side = 4 * CraGenerator.multiple
        drawn = DrawnShapes(1, size=side).draw(0, np.random.default_rng(0))
        image, mask = (torch.from_numpy(drawn[name])[None] for name in ("image", "mask"))
        half, cells = {0: "batch", 2: "half_height", 3: "half_width"}, {0: "batch", 1: "cells", 2: "cells"}
        return Exported(
            module=Clipped(generator),
            inputs=[
                Port("image", "RGB in 0..1; what lies under the hole is not looked at", image, free),
                Port("mask", "1 = hole", mask, free),
            ],
            outputs=[
                Port("coarse", "first guess at half resolution", dynamic=half, fixed=(1, 3, 1, 1)),
                Port("fine", "completed picture, RGB in 0..1", dynamic=free, fixed=(1, 3, 1, 1)),
                Port("scores", "how much each cell of 16 px takes from each known one", dynamic=cells, fixed=(1, 1, 1)),
            ],
            input=InputContract(multiple_of=CraGenerator.multiple, minimum=128, mask="one_is_hole"),
            output=OutputContract("completed picture", "RGB", 0.0, 1.0, "none", "that of the input"),
        )


@dataclass(frozen=True)
class _Features:
    """Features of filled pictures and of the true ones, one tensor a level."""

    ours: Sequence[Tensor]
    truth: Sequence[Tensor]

    def detached(self) -> _Features:
        return _Features([level.detach() for level in self.ours], self.truth)


@dataclass(frozen=True)
class _Filled:
    """What the generator just made of a batch, for the critic to learn from."""

    batch: Batch
    picture: Tensor
    features: _Features | None


def _judged_features(critic: nn.Module, made: _Filled, mask: Tensor) -> Losses:
    seen = made.features
    assert seen is not None
    fake = in_hole(critic(relative(seen.ours, seen.truth)), mask)
    real = in_hole(critic(relative(seen.truth, seen.truth)), mask)
    loss = torch.stack([adversarial.hinge_critic(*pair) for pair in zip(real, fake, strict=True)]).mean()
    margin = torch.stack([a.detach().mean() - b.detach().mean() for a, b in zip(real, fake, strict=True)]).mean()
    return Losses({"critic": loss}, {"margin": margin})


class Clipped(nn.Module):
    """The generator with its pictures clipped to 0..1, as users of the exported file get it.

    Args:
        generator: See :class:`CraGenerator`.
    """

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return coarse, fine and scores (see :class:`CraGenerator`)."""
        coarse, fine, scores = self.generator(image, mask)
        return coarse.clamp(0, 1), fine.clamp(0, 1), scores
