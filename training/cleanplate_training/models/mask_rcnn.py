"""Mask R-CNN with a feature pyramid (He et al., arXiv 1703.06870; Lin et al., arXiv 1612.03144).

Two members: :func:`resnet50` has the layout of torchvision's ``maskrcnn_resnet50_fpn`` and loads its COCO weights;
:func:`light` finds people with a small backbone and heads. Pictures are float32 ``N x 3 x H x W``, RGB in 0..1, with
sides that are multiples of :attr:`MaskRCNN.multiple`; the networks normalise them themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cleanplate_training.losses import detection
from cleanplate_training.models.box_coding import clipped, decode
from cleanplate_training.models.box_head import BOX_SIDE, OFFSET_WEIGHTS, BoxHead, BoxPredictor
from cleanplate_training.models.efficientnet_lite import MEAN, STD, EfficientNetLite, load
from cleanplate_training.models.fpn import FeaturePyramid
from cleanplate_training.models.mask_head import MASK_SIDE, MaskHead, MaskPredictor
from cleanplate_training.models.proposals import AnchorPlan, ProposalNetwork, ProposalPlan, chosen
from cleanplate_training.models.resnet import ResNet50
from cleanplate_training.models.roi_align import roi_align
from cleanplate_training.models.suppression import apart, suppressed

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SMALLEST = 1e-2


class Detections(NamedTuple):
    """The objects of one picture, best score first.

    Attributes:
        boxes: float32 ``K x 4``: left, top, right, bottom in pixels.
        labels: int64 ``K``, 1 = first class.
        scores: float32 ``K`` in 0..1.
        masks: float32 ``K x 28 x 28`` in 0..1, each over its box.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    masks: Tensor


class Truth(NamedTuple):
    """What one picture shows.

    Attributes:
        boxes: float32 ``M x 4``.
        labels: int64 ``M``, from 1 on.
        masks: ``M x H x W``, 0 or 1, any dtype.
        known: bool ``M``: whether there is a mask.
        ignored: float32 ``K x 4``, or None: regions where what is not among the boxes is no background either, such as
            crowds that are not told apart.
    """

    boxes: Tensor
    labels: Tensor
    masks: Tensor
    known: Tensor
    ignored: Tensor | None = None


@dataclass(frozen=True)
class DetectionPlan:
    """Which detections are returned: score above ``least``, at most ``most``, none overlapping another of its class.

    Attributes:
        least, overlap, most: as said.
        rounds: how often boxes are judged and moved; from the second time on, by what is in the box where the round
            before put it (Cai and Vasconcelos, arXiv 1712.00726, compare this with heads of their own for each round).
            More than one is for networks of one class, whose boxes are the same for all.
        caution: taken from the logits of all objects before scores are made of them; moves scores without changing
            their order, so that 0.5 is a good threshold.
    """

    least: float = 0.05
    overlap: float = 0.5
    most: int = 100
    rounds: int = 1
    caution: float = 0.0


@dataclass(frozen=True)
class LearningPlan:
    """How much of each picture the network learns from.

    Attributes:
        proposals: Of the first stage while training.
        anchors: Anchors sampled of each picture.
        boxes: Proposals sampled of each picture, a quarter of them with an object.
    """

    proposals: ProposalPlan = field(default_factory=lambda: ProposalPlan(2000, 2000, 0.7))
    anchors: int = 256
    boxes: int = 512


class Backbone(nn.Module):
    """Encoder (``body``) and pyramid (``fpn``)."""

    def __init__(self, body: nn.Module, fpn: FeaturePyramid) -> None:
        super().__init__()
        self.body, self.fpn = body, fpn

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map a normalised picture to the levels of the pyramid."""
        levels: list[Tensor] = self.fpn(self.body(x))
        return levels


class LiteBody(nn.Module):
    """EfficientNet-lite from stride 4 on; the first stages may stay as they are."""

    def __init__(self, network: EfficientNetLite, *, frozen: int) -> None:
        super().__init__()
        self.network = network
        self.channels, self.strides = network.channels[1:], network.strides[1:]
        fixed = [network.stem, network.stem_norm, *network.stages[:frozen]]
        for part in fixed if frozen else []:
            part.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features of strides 4 to 32."""
        return self.network.features(x)[1:]

    def train(self, mode: bool = True) -> LiteBody:
        """Keep the statistics of batch norm: the batches of a detector are too small for new ones."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self


class Heads(nn.Module):
    """The second stage: box head and mask head."""

    def __init__(self, channels: int, classes: int, *, box_width: int, mask_width: int, light: bool) -> None:
        super().__init__()
        self.box_head = BoxHead(channels, box_width)
        self.box_predictor = BoxPredictor(box_width, classes)
        self.mask_head = MaskHead(channels, mask_width, 4, light=light)
        self.mask_predictor = MaskPredictor(mask_width, mask_width, classes)


class MaskRCNN(nn.Module):
    """The detector.

    In evaluation it returns :class:`Detections` of a batch of one picture. With truths it returns weighted losses.

    Args:
        backbone: Encoder and pyramid.
        strides: Pixels a cell of the levels that boxes take features from.
        heads: Second stage.
        anchors: Anchors of the first stage.
        normalisation: Mean and deviation of the channels that the encoder expects.
        proposals: How many proposals the second stage looks at.
        detections: What is returned.
        learning: What is learnt from.
        light: Light first stage.

    Attributes:
        multiple: Sides of pictures are multiples of it.
    """

    multiple = 32
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: Backbone,
        strides: Sequence[int],
        heads: Heads,
        *,
        anchors: AnchorPlan,
        normalisation: tuple[Sequence[float], Sequence[float]],
        proposals: ProposalPlan | None = None,
        detections: DetectionPlan | None = None,
        learning: LearningPlan | None = None,
        light: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.rpn = ProposalNetwork(backbone.fpn.channels, anchors, light=light)
        self.roi_heads = heads
        self.strides = tuple(strides)
        self.proposals = proposals or ProposalPlan()
        self.detections = detections or DetectionPlan()
        self.learning = learning or LearningPlan()
        for name, values in zip(("mean", "std"), normalisation, strict=True):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, images: Tensor, truths: Sequence[Truth] | None = None) -> Any:
        """Detect, or learn where truths are given (one for each picture)."""
        size = (images.shape[2], images.shape[3])
        levels = self.backbone((images - self.mean) / self.std)
        guesses = self.rpn(levels, size)
        if truths is not None:
            return self._losses(levels, guesses, truths, size)
        (boxes,) = chosen(guesses, size, self.proposals)
        return self._detected(levels[: len(self.strides)], boxes, size)

    def _detected(self, levels: list[Tensor], proposals: Tensor, size: tuple[int, int]) -> Detections:
        owners = torch.zeros_like(proposals[:, 0], dtype=torch.int64)
        logits, boxes = self._moved(levels, proposals, owners, size)
        for _ in range(self.detections.rounds - 1):
            logits, boxes = self._moved(levels, boxes[:, 0], owners, size)
        nobody = logits[:, :1] + self.detections.caution
        scores = torch.cat([nobody, logits[:, 1:]], dim=1).softmax(dim=1)[:, 1:]
        labels = torch.ones_like(scores, dtype=torch.int64).cumsum(dim=1)
        scores, boxes, labels = scores.flatten(), boxes.flatten(0, 1), labels.flatten()
        large = (boxes[:, 2:] - boxes[:, :2] >= _SMALLEST).all(dim=1)
        plan = self.detections
        moved = apart(boxes, labels) if logits.shape[1] > 2 else boxes
        kept = suppressed(moved, torch.where(large, scores, 0.0), plan.overlap, plan.least, plan.most)
        boxes, scores, labels = boxes[kept], scores[kept], labels[kept]
        return Detections(boxes, labels, scores, self._masks(levels, boxes, labels))

    def _masks(self, levels: list[Tensor], boxes: Tensor, labels: Tensor) -> Tensor:
        # One box more than there are, dropped at the end: not every runtime has convolutions of nothing.
        boxes = torch.cat([boxes, boxes.new_tensor([[0.0, 0.0, 32.0, 32.0]])])
        logits = self._mask_logits(levels, boxes, torch.zeros_like(boxes[:, 0], dtype=torch.int64))[:-1]
        if logits.shape[1] == 2:
            return logits[:, 1].sigmoid()
        first = torch.arange(labels.shape[0], device=labels.device) * logits.shape[1]
        return logits.flatten(0, 1)[first + labels].sigmoid()

    def _moved(
        self, levels: list[Tensor], boxes: Tensor, owners: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        logits, offsets = self._judged(levels, boxes, owners)
        return logits, clipped(decode(offsets[:, 1:], boxes[:, None], OFFSET_WEIGHTS), size)

    def _judged(self, levels: list[Tensor], boxes: Tensor, owners: Tensor) -> tuple[Tensor, Tensor]:
        features = roi_align(levels, self.strides, boxes, owners, BOX_SIDE)
        answer: tuple[Tensor, Tensor] = self.roi_heads.box_predictor(self.roi_heads.box_head(features))
        return answer

    def _mask_logits(self, levels: list[Tensor], boxes: Tensor, owners: Tensor) -> Tensor:
        features = roi_align(levels, self.strides, boxes, owners, MASK_SIDE)
        logits: Tensor = self.roi_heads.mask_predictor(self.roi_heads.mask_head(features))
        return logits

    def _losses(
        self, levels: list[Tensor], guesses: Any, truths: Sequence[Truth], size: tuple[int, int]
    ) -> dict[str, Tensor]:
        true_boxes = [truth.boxes for truth in truths]
        ignored = [truth.boxes[:0] if truth.ignored is None else truth.ignored for truth in truths]
        objectness, shift = detection.proposal_losses(
            guesses.objectness, guesses.offsets, guesses.anchors, true_boxes, ignored, count=self.learning.anchors
        )
        proposals = chosen(guesses, size, self.learning.proposals)
        drawn = [
            detection.sampled(each, truth.boxes, apart, count=self.learning.boxes)
            for each, truth, apart in zip(proposals, truths, ignored, strict=True)
        ]
        owners = torch.cat([torch.full_like(each.matched, number) for number, each in enumerate(drawn)])
        boxes = torch.cat([each.boxes for each in drawn])
        labels = torch.cat([_taken(truth.labels, each.matched, 0) for truth, each in zip(truths, drawn, strict=True)])
        targets = torch.cat([_taken(truth.boxes, each.matched, 0) for truth, each in zip(truths, drawn, strict=True)])
        levels = levels[: len(self.strides)]
        logits, offsets = self._judged(levels, boxes, owners)
        kind, place = detection.box_losses(logits, offsets, boxes, labels, targets, OFFSET_WEIGHTS)
        return {
            "objectness": objectness,
            "proposal_box": shift,
            "class": kind,
            "box": place,
            "mask": self._mask_loss(levels, truths, drawn),
        }

    def _mask_loss(self, levels: list[Tensor], truths: Sequence[Truth], drawn: list[detection.Sampled]) -> Tensor:
        boxes, owners, labels, targets = [], [], [], []
        for number, (truth, each) in enumerate(zip(truths, drawn, strict=True)):
            some = torch.nonzero(each.matched >= 0)[:, 0]
            some = some[truth.known[each.matched[some]]]
            if len(some):
                matched = each.matched[some]
                boxes.append(each.boxes[some])
                owners.append(torch.full_like(matched, number))
                labels.append(truth.labels[matched])
                targets.append(detection.mask_targets(truth.masks.float(), matched, each.boxes[some], 2 * MASK_SIDE))
        if not boxes:
            return sum(weight.sum() * 0 for weight in self.roi_heads.mask_predictor.parameters())  # type: ignore[return-value]
        logits = self._mask_logits(levels, torch.cat(boxes), torch.cat(owners))
        own = logits[torch.arange(len(logits), device=logits.device), torch.cat(labels)]
        return detection.mask_loss(own, torch.cat(targets), torch.ones(len(own), dtype=torch.bool))


def _taken(values: Tensor, places: Tensor, otherwise: float) -> Tensor:
    """Return ``values[places]``, and ``otherwise`` where the place is none."""
    if not len(values):
        return torch.full((len(places), *values.shape[1:]), otherwise, dtype=values.dtype, device=values.device)
    found = values[places.clamp(min=0)]
    some = (places >= 0).reshape(-1, *[1] * (values.dim() - 1))
    return torch.where(some, found, torch.full_like(found, otherwise))


def resnet50(classes: int = 91) -> MaskRCNN:
    """Build the layout of torchvision's ``maskrcnn_resnet50_fpn``.

    Args:
        classes: Number of classes, the background included.
    """
    body = ResNet50()
    return MaskRCNN(
        Backbone(body, FeaturePyramid(body.channels, 256)),
        body.strides,
        Heads(256, classes, box_width=1024, mask_width=256, light=False),
        anchors=AnchorPlan(),
        normalisation=(IMAGENET_MEAN, IMAGENET_STD),
    )


def light(
    *,
    channels: int = 96,
    box_width: int = 512,
    mask_width: int = 96,
    frozen: int = 2,
    caution: float = 0.0,
    pretrained: bool = True,
) -> MaskRCNN:
    """Build the small detector of people: EfficientNet-lite0, separable pyramid and heads.

    Args:
        channels: Of the pyramid.
        box_width: Width of the box head.
        mask_width: Channels of the mask head.
        frozen: Stages of the encoder that keep their first weights, the stem included.
        caution: See :class:`DetectionPlan`.
        pretrained: Start from ImageNet weights.
    """
    body = LiteBody(load("lite0", pretrained=pretrained, head=False), frozen=frozen)
    return MaskRCNN(
        Backbone(body, FeaturePyramid(body.channels, channels, light=True)),
        body.strides,
        Heads(channels, 2, box_width=box_width, mask_width=mask_width, light=True),
        anchors=AnchorPlan(sizes=(20, 40, 80, 160, 320), ratios=(0.7, 1.5, 3.0)),
        normalisation=((MEAN,) * 3, (STD,) * 3),
        proposals=ProposalPlan(per_level=300, most=150),
        detections=DetectionPlan(least=0.03, rounds=2, caution=caution),
        learning=LearningPlan(ProposalPlan(per_level=400, most=300), anchors=256, boxes=64),
        light=True,
    )


_FORMER = (
    (r"(fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$", r"\1.0.\2"),
    (r"rpn\.head\.conv\.(weight|bias)$", r"rpn.head.conv.0.0.\1"),
)


def present_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the keys of torchvision's older checkpoints (such as ``bf2d0c1e``) to those of its present layout."""
    renamed = {}
    for key, value in state.items():
        for old, new in _FORMER:
            key = re.sub(old, new, key)
        if match := re.match(r"roi_heads\.mask_head\.mask_fcn(\d)\.(.*)", key):
            key = f"roi_heads.mask_head.{int(match[1]) - 1}.0.{match[2]}"
        renamed[key] = value
    return renamed
