"""Finding the damage of old photographs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.data.damage.kinds import FREQUENCY
from cleanplate_training.data.damage.old_photograph import OldPhotograph
from cleanplate_training.losses.defects import DamageRatio
from cleanplate_training.losses.segmentation import cross_entropy, dice
from cleanplate_training.models.defects import DefectNetwork, DefectProbability
from cleanplate_training.models.unet import EncoderName
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.restoration_data import Data, OldPhotographs, Spread, open_age, open_scenes

_SHOWN = 8
_THIN = 5
"""Damage that a square of this side does not fit into counts as thin."""
_LARGE_BLOCKS = 4
"""Blocks at full and half resolution, in slices: 340 instead of 740 bytes of working memory a pixel."""
_THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Network:
    """The network (see :class:`DefectNetwork`)."""

    encoder: EncoderName = "lite0"
    widths: tuple[int, ...] = (16, 24, 32, 64, 96)
    pretrained: bool = True
    recompute: bool = False


@dataclass(frozen=True)
class Damage:
    """What happens to the photographs (see :class:`OldPhotograph`)."""

    marks: tuple[int, int] = (1, 9)
    whole: float = 0.15
    colour: float = 0.12
    aged: float = 0.9
    frequency: Mapping[str, float] = field(default_factory=lambda: dict(FREQUENCY))


@dataclass(frozen=True)
class Loss:
    """Weights of the terms; ``most_weight`` limits the weight of damaged pixels, which is else clean / damaged."""

    cross_entropy: float = 1.0
    dice: float = 1.0
    most_weight: float = 30.0


@dataclass(frozen=True)
class DefectOptions:
    """The recipe's own tables; ``flips`` exports the average over mirror images."""

    data: Data
    network: Network = field(default_factory=Network)
    damage: Damage = field(default_factory=Damage)
    loss: Loss = field(default_factory=Loss)
    flips: bool = False


class Defects(Task):
    """Trains one network named ``network``; its goal is the IoU of all damage at the best threshold."""

    Options = DefectOptions
    goal = Goal("best_iou", "higher")
    averaged = ("network",)
    options: DefectOptions

    def __init__(self, options: DefectOptions, *, seed: int) -> None:
        super().__init__(options, seed=seed)
        self._ratio = DamageRatio(most=options.loss.most_weight)

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the network."""
        settings = self.options.network
        network = DefectNetwork(
            encoder=settings.encoder,
            widths=settings.widths,
            pretrained=settings.pretrained,
            recompute=settings.recompute,
        )
        return {"network": network}

    def build_data(self) -> TaskData:
        """Open the shards and stamps."""
        data, damage = self.options.data, self.options.damage
        age = OldPhotograph(
            marks=damage.marks,
            whole=damage.whole,
            colour=damage.colour,
            aged=damage.aged,
            frequency=damage.frequency,
        )
        train = OldPhotographs(open_scenes(data, "train"), open_age(data, "train", age))
        validation = OldPhotographs(open_scenes(data, "val"), open_age(data, "val", age))
        return TaskData(train, Spread(validation, data.checked))

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compare the logits with the damage."""
        weights, mask = self.options.loss, batch["mask"]
        weight = self._ratio.saw(mask)
        logits = networks["network"](batch["image"])
        terms = {
            "cross_entropy": weights.cross_entropy * cross_entropy(logits, mask, positive_weight=weight),
            "dice": weights.dice * dice(logits, mask, smooth=20.0),
        }
        return Losses(terms, {"positive_weight": torch.tensor(weight)})

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return figures over all pixels of the validation pictures (see :class:`Counts`)."""
        counts = Counts()
        for batch in batches:
            counts.add(networks["network"](batch["image"]).sigmoid(), batch["mask"])
        return counts.result()

    def state(self) -> dict[str, Any]:
        """Remember how rare damage is."""
        return self._ratio.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take it back."""
        if state:
            self._ratio.restore(state)

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show picture, prediction and truth of the first eight pictures."""
        images, truth = batch["image"][:_SHOWN], batch["mask"][:_SHOWN]
        guess = networks["network"](images).sigmoid()
        return torch.stack([images, guess.expand_as(images), truth.expand_as(images)], dim=1)

    def exported(self, networks: Networks) -> Exported:
        """Export the network with its sigmoid: ``image`` 0..1 to ``probability`` 0..1."""
        free = {0: "batch", 2: "height", 3: "width"}
        network = networks["network"]
        # A graph has no state that changes between calls, so its sizes stay free under recomputation too.
        multiple = max(32, int(getattr(network, "multiple", 16)))
        example = torch.from_numpy(np.random.default_rng(0).random((1, 3, 2 * multiple, 3 * multiple), np.float32))
        return Exported(
            module=DefectProbability(network, flips=self.options.flips),
            inputs=[Port("image", "RGB picture, 0..1", example, free)],
            outputs=[Port("probability", "how likely a pixel is damaged", dynamic=free)],
            input=InputContract(multiple_of=multiple, minimum=multiple),
            output=OutputContract("how likely a pixel is damaged", "one", 0.0, 1.0, "none", "that of the input"),
            sliced_blocks=_LARGE_BLOCKS,
        )


class Counts:
    """Counts pixels over batches: IoU and Dice by threshold, recall of thin damage, false alarms on whole pictures.

    ``best_iou`` is the largest IoU over the thresholds and ``best_threshold`` where it is; ``dice``, ``thin_recall``,
    ``false_alarm`` (share of pixels marked in undamaged pictures) and ``untouched`` (share of undamaged pictures with
    at most 0.01 % marked) are taken there.
    """

    def __init__(self) -> None:
        self._rows = {threshold: torch.zeros(7, dtype=torch.float64) for threshold in _THRESHOLDS}
        self._whole = 0

    def add(self, probability: Tensor, mask: Tensor) -> None:
        """Add pictures: ``N x 1 x H x W`` each, probability 0..1 and mask 0 or 1."""
        truth = mask > 0.5
        narrow = thin(mask) > 0.5
        whole = ~truth.flatten(1).any(dim=1)
        self._whole += int(whole.sum())
        for threshold, row in self._rows.items():
            guess = probability > threshold
            marked = guess[whole].flatten(1).float().mean(dim=1)
            seen = [guess & truth, guess, truth, guess & narrow, narrow]
            figures = [*(each.sum() for each in seen), marked.sum(), (marked <= 1e-4).sum()]
            row += torch.stack([figure.double().cpu() for figure in figures])

    def result(self) -> dict[str, float]:
        """Return the figures of everything that was added."""
        ious = {at: float(row[0] / (row[1] + row[2] - row[0]).clamp(min=1)) for at, row in self._rows.items()}
        best = max(ious, key=lambda at: ious[at])
        both, guessed, true, found, narrow, marked, untouched = self._rows[best].tolist()
        figures = {
            "best_iou": ious[best],
            "best_threshold": best,
            "iou": ious[0.5],
            "dice": 2 * both / max(1, guessed + true),
            "recall": both / max(1, true),
            "thin_recall": found / max(1, narrow),
        }
        if self._whole:
            figures |= {"false_alarm": marked / self._whole, "untouched": untouched / self._whole}
        return figures


def thin(mask: Tensor) -> Tensor:
    """Return the parts of masks (``N x 1 x H x W``, 0 or 1) that vanish under opening by a 5 x 5 square."""
    half = _THIN // 2
    eroded = -functional.max_pool2d(-functional.pad(mask, (half,) * 4, value=1.0), _THIN, 1)
    return mask - functional.max_pool2d(eroded, _THIN, 1, half) * mask
