"""Finding people and their masks: Mask R-CNN learns from boxes, and from masks where there are some."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.detection_figures import average_precision, mask_overlaps
from cleanplate_training.models.box_coding import coverage, overlaps
from cleanplate_training.models.mask_pasting import pasted
from cleanplate_training.models.mask_rcnn import Detections, MaskRCNN, Truth, light
from cleanplate_training.stream import Batch
from cleanplate_training.task import Exported, Goal, Losses, Networks, Phase, Port, Task, TaskData
from cleanplate_training.tasks.instance_data import FixedExamples, MixedExamples, Pool, View, collate

_LONGEST = 640
"""Long side at which photographs are looked at: the light network is quick there, and people 20 pixels high show."""
_FIDELITY = 40.0
"""Less than other networks: scores and masks are cut at a threshold, and the figures are taken of the stored graph."""


@dataclass(frozen=True)
class Network:
    """The light detector (see :func:`cleanplate_training.models.mask_rcnn.light`).

    Attributes:
        channels: Of the pyramid.
        box_width: Width of the box head.
        mask_width: Channels of the mask head.
        frozen: Stages of the encoder that keep their first weights.
        caution: What is taken from the logits of people, so that a score of 0.5 is a good threshold.
        pretrained: Start the encoder from ImageNet weights.
        encoder_lr: Factor of the learning rate for the encoder.
    """

    channels: int = 96
    box_width: int = 512
    mask_width: int = 96
    frozen: int = 2
    caution: float = 0.0
    pretrained: bool = True
    encoder_lr: float = 0.3


@dataclass(frozen=True)
class Data:
    """Where the samples come from.

    Attributes:
        train: Pools to learn from.
        validation: Pools for the figures; their shares are not read.
        view: How training pictures are shown.
        cutouts: People, with alpha, that ``view.occlusion`` puts beside those of the pictures.
        things: Pictures of nobody, of which it puts pieces before them.
        objects: Cut-outs of animals and things that it puts anywhere.
        size: Long side of validation pictures.
        each: Validation pictures of each pool.
        draws: What counts as one pass; pools are drawn from by share, so their sizes do not matter.
    """

    train: tuple[Pool, ...]
    validation: tuple[Pool, ...]
    view: View = field(default_factory=View)
    cutouts: Pool | None = None
    things: Pool | None = None
    objects: Pool | None = None
    size: int = 512
    each: int = 60
    draws: int = 10000


@dataclass(frozen=True)
class Loss:
    """Weights of the terms."""

    objectness: float = 1.0
    proposal_box: float = 1.0
    classification: float = 1.0
    box: float = 1.0
    mask: float = 1.0


@dataclass(frozen=True)
class InstanceOptions:
    """The recipe's own tables."""

    data: Data
    network: Network = field(default_factory=Network)
    loss: Loss = field(default_factory=Loss)


class Instances(Task):
    """Trains one detector named ``network``; its goal is the mean of the AP50 of boxes and of masks."""

    Options = InstanceOptions
    goal = Goal("ap50", "higher")
    averaged = ("network",)
    options: InstanceOptions

    def build_networks(self) -> dict[str, nn.Module]:
        """Return the detector."""
        settings = self.options.network
        network = light(
            channels=settings.channels,
            box_width=settings.box_width,
            mask_width=settings.mask_width,
            frozen=settings.frozen,
            caution=settings.caution,
            pretrained=settings.pretrained,
        )
        return {"network": network}

    def build_data(self) -> TaskData:
        """Open the shards."""
        data = self.options.data
        return TaskData(
            MixedExamples(
                data.train,
                data.view,
                length=data.draws,
                cutouts=data.cutouts,
                things=data.things,
                objects=data.objects,
            ),
            FixedExamples(data.validation, data.size, each=data.each),
            collate,
        )

    def parameter_groups(self, networks: Networks, optimiser: str) -> list[dict[str, Any]]:
        """Return the encoder's parameters that learn, with their own learning rate, and all others."""
        encoder: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, weight in networks["network"].named_parameters():
            if weight.requires_grad:
                (encoder if ".body." in f".{name}" else others).append(weight)
        return [{"params": encoder, "lr_scale": self.options.network.encoder_lr}, {"params": others}]

    def training_step(self, networks: Networks, batch: Batch, phase: Phase) -> Losses:
        """Compare proposals, boxes, classes and masks with the truth."""
        terms = networks["network"](batch["image"], truths_of(batch))
        weights = self.options.loss
        factors = {
            "objectness": weights.objectness,
            "proposal_box": weights.proposal_box,
            "class": weights.classification,
            "box": weights.box,
            "mask": weights.mask,
        }
        return Losses({name: factors[name] * value for name, value in terms.items()})

    def validate(self, networks: Networks, batches: Iterable[Batch]) -> dict[str, float]:
        """Return the average precision of boxes and of masks at an overlap of 0.5, and how many people are found."""
        boxes, masks, scores, mask_scores = [], [], [], []
        people = hit = 0
        for batch in batches:
            for number, image in enumerate(batch["image"]):
                truth = batch["boxes"][number]
                found = outside(networks["network"](image[None]), truth, batch["ignored"][number])
                shared = overlaps(found.boxes, truth).numpy()
                boxes.append(shared)
                scores.append(found.scores.numpy())
                people += len(truth)
                sure = shared[found.scores.numpy() >= 0.5]
                hit += int((sure.max(axis=0, initial=0) >= 0.5).sum())
                if bool(batch["known"][number].all()):
                    drawn = painted(found, (image.shape[1], image.shape[2]))
                    masks.append(mask_overlaps(drawn, batch["masks"][number].numpy()))
                    mask_scores.append(found.scores.numpy())
        box, mask = average_precision(boxes, scores), average_precision(masks, mask_scores)
        return {
            "ap50": (box + mask) / 2,
            "box_ap50": box,
            "mask_ap50": mask,
            "recall": hit / max(1, people),
        }

    def sheet(self, networks: Networks, batch: Batch) -> Tensor:
        """Show what is found with a score of 0.5 beside the truth."""
        rows = []
        for number, image in enumerate(batch["image"][:8]):
            found: Detections = networks["network"](image[None])
            sure = Detections(*(part[found.scores >= 0.5] for part in found))
            drawn = painted(sure, (image.shape[1], image.shape[2]))
            picture = (255 * image).round().byte().permute(1, 2, 0).numpy()
            truth = outlined(picture, batch["masks"][number].numpy(), batch["boxes"][number].numpy())
            rows.append(np.stack([outlined(picture, drawn, sure.boxes.numpy()), truth]))
        return torch.from_numpy(np.stack(rows)).permute(0, 1, 4, 2, 3).float() / 255

    def exported(self, networks: Networks) -> Exported:
        """Export the detector as one graph."""
        return described(networks["network"], example(), labels={1: "person"}, maximum=_LONGEST)


def truths_of(batch: Batch) -> list[Truth]:
    """Return the truths of a batch; everything is a person."""
    rows = zip(batch["boxes"], batch["masks"], batch["known"], batch["ignored"], strict=True)
    return [
        Truth(boxes, torch.ones_like(known, dtype=torch.int64), masks, known, ignored)
        for boxes, masks, known, ignored in rows
    ]


def outside(found: Detections, truth: Tensor, ignored: Tensor) -> Detections:
    """Return the detections without those in a crowd that are none of the known people, as COCO counts."""
    if not len(ignored) or not len(found.boxes):
        return found
    known = overlaps(found.boxes, torch.cat([truth, truth.new_zeros(1, 4)])).max(dim=1).values >= 0.5
    kept = known | (coverage(found.boxes, ignored).max(dim=1).values <= 0.5)
    return Detections(*(part[kept] for part in found))


def painted(found: Detections, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the masks of detections at the picture's size: bool ``K x H x W``."""
    pairs = zip(found.masks.numpy(), found.boxes.numpy(), strict=True)
    masks = [pasted(mask, box, size) >= 0.5 for mask, box in pairs]
    return np.array(masks, bool).reshape(-1, *size)


def outlined(picture: NDArray[np.uint8], masks: NDArray[np.bool_], boxes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw boxes and tinted masks over a picture, each object in its own colour: uint8 ``H x W x 3``."""
    out = picture.copy()
    for number, (mask, box) in enumerate(zip(masks, boxes, strict=True)):
        hue = np.array([[[number * 47 % 180, 255, 255]]], np.uint8)
        colour = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0]
        out[mask] = (0.5 * out[mask] + 0.5 * colour).astype(np.uint8)
        left, top, right, bottom = (round(float(side)) for side in box)
        cv2.rectangle(out, (left, top), (right - 1, bottom - 1), colour.tolist(), 2)
    return out


class OnePicture(nn.Module):
    """The detector as a graph: a tuple of outputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map ``1 x 3 x H x W`` in 0..1 to boxes, labels, scores and masks."""
        boxes, labels, scores, masks = self.network(image)
        return boxes, labels, scores, masks


def described(network: nn.Module, picture: Tensor, *, labels: Mapping[int, str], maximum: int) -> Exported:
    """Say how a detector is exported: ``image`` to ``boxes``, ``labels``, ``scores`` and ``masks``.

    Args:
        network: The detector.
        picture: An example.
        labels: Names of the classes by number.
        maximum: Longest side of what it was made for.
    """
    count = {0: "detections"}
    multiple = MaskRCNN.multiple
    return Exported(
        module=OnePicture(network),
        inputs=[Port("image", "RGB picture, 0..1", picture, {2: "height", 3: "width"})],
        outputs=[
            Port("boxes", "left, top, right, bottom in pixels of the input", dynamic=count, fixed=(1, 4)),
            Port("labels", "number of the class, from 1 on", dynamic=count, fixed=(1,), dtype="int64"),
            Port("scores", "how sure, 0..1, highest first", dynamic=count, fixed=(1,)),
            Port("masks", "probability at each place of the box", dynamic=count, fixed=(1, 28, 28)),
        ],
        fidelity=_FIDELITY,
        input=InputContract(multiple_of=multiple, minimum=2 * multiple, maximum=maximum, padding="edge"),
        output=OutputContract(
            "objects with box, class, score and mask",
            "boxes; labels; scores; masks",
            0.0,
            1.0,
            "none",
            "one row for each object; masks 28 x 28 over the box",
        ),
        comparable=heat,
        metadata={"labels": json.dumps(dict(labels))},
    )


def heat(outputs: Mapping[str, NDArray[Any]], size: tuple[int, int]) -> NDArray[np.float32]:
    """Paint all detections into one picture, by how sure they are: what two versions of a detector are compared by.

    Rows of detections may change their order, come or go by a rounding; what the picture shows does not.
    """
    out = np.zeros(size, np.float32)
    for box, score, mask in zip(outputs["boxes"], outputs["scores"], outputs["masks"], strict=True):
        surety = max(0.0, float(score) - 0.05) / 0.95
        out = np.maximum(out, surety * pasted(mask.astype(np.float32), box, size))
    return out


def example() -> Tensor:
    """Return a drawn picture of the size that photographs are looked at, with some figures: ``1 x 3 x 320 x 448``."""
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(60, 200, (5, 7, 3), dtype=np.uint8), (448, 320), interpolation=cv2.INTER_CUBIC)
    for number in range(6):
        x, y, tall = 40 + 70 * number, 160 + 12 * number, 60 + 20 * number
        colour = rng.integers(0, 255, 3).tolist()
        cv2.ellipse(picture, (x, y), (tall // 5, tall // 2), 0, 0, 360, colour, -1)
        cv2.circle(picture, (x, y - tall // 2 - tall // 9), tall // 8, (200, 160, 130), -1)
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
