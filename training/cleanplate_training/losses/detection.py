"""Losses of a two-stage detector: which boxes learn what, and how wrong they are (arXiv 1506.01497, 1703.06870).

Nothing here knows a network. Boxes are float32 ``... x 4``: left, top, right, bottom in pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from cleanplate_training.models.box_coding import Weights, coverage, encode, overlaps
from cleanplate_training.models.roi_align import roi_align

BACKGROUND, NEITHER = -1, -2
"""Instead of the number of a true box: nothing is there; too unclear to learn from."""
_BETA = 1 / 9
"""Where the box loss turns from square to linear."""


class Sampled(NamedTuple):
    """Boxes of one picture that the second stage learns from.

    Attributes:
        boxes: ``K x 4``, those with an object first.
        matched: int64 ``K``: number of the true box, or :data:`BACKGROUND`.
    """

    boxes: Tensor
    matched: Tensor


def matches(boxes: Tensor, truth: Tensor, *, low: float, high: float, every: bool = False) -> Tensor:
    """Return for each box the true box that it overlaps most, int64 ``N``.

    Args:
        boxes: ``N x 4``.
        truth: ``M x 4``, M may be 0.
        low: Below this intersection over union a box is :data:`BACKGROUND`.
        high: From here on it has the object; between the two it is :data:`NEITHER`.
        every: Each true box gets its best boxes, however little they overlap.
    """
    if not len(truth):
        return torch.full((len(boxes),), BACKGROUND, dtype=torch.int64, device=boxes.device)
    shared = overlaps(boxes, truth)
    best, place = shared.max(dim=1)
    found = torch.where(best < low, BACKGROUND, torch.where(best < high, NEITHER, place))
    if every:
        most = shared.max(dim=0).values
        rows = (shared == most.clamp(min=1e-6)).any(dim=1)
        found = torch.where(rows, place, found)
    return found


def unclear(boxes: Tensor, matched: Tensor, ignored: Tensor) -> Tensor:
    """Return ``matched`` with :data:`NEITHER` for background of which more than half lies in a region to leave alone.

    Args:
        boxes: ``N x 4``.
        matched: int64 ``N``, as :func:`matches` returns it.
        ignored: ``K x 4``, K may be 0: crowds that are not told apart, and what may be a person or not.
    """
    if not len(ignored):
        return matched
    inside = coverage(boxes, ignored).max(dim=1).values > 0.5
    return torch.where((matched == BACKGROUND) & inside, NEITHER, matched)


def balanced(matched: Tensor, *, count: int, share: float) -> tuple[Tensor, Tensor]:
    """Draw places of boxes with an object (at most ``share`` of ``count``) and of background (the rest)."""
    positive = torch.nonzero(matched >= 0)[:, 0]
    negative = torch.nonzero(matched == BACKGROUND)[:, 0]
    positive = _drawn(positive, int(count * share))
    return positive, _drawn(negative, count - len(positive))


def proposal_losses(
    objectness: Tensor,
    offsets: Tensor,
    anchors: Tensor,
    truth: list[Tensor],
    ignored: list[Tensor] | None = None,
    *,
    count: int = 256,
) -> tuple[Tensor, Tensor]:
    """Return the losses of objectness and of offsets of a region proposal network.

    Args:
        objectness: ``N x A`` logits.
        offsets: ``N x A x 4``.
        anchors: ``A x 4``.
        truth: ``M x 4`` of each picture.
        ignored: ``K x 4`` of each picture: what is in there is no background (see :func:`unclear`).
        count: Anchors of each picture that learn, at most half of them with an object.
    """
    logits, labels, distances, total = [], [], [], 0
    for number, boxes in enumerate(truth):
        matched = matches(anchors, boxes, low=0.3, high=0.7, every=True)
        if ignored is not None:
            matched = unclear(anchors, matched, ignored[number])
        positive, negative = balanced(matched, count=count, share=0.5)
        places = torch.cat([positive, negative])
        logits.append(objectness[number, places])
        labels.append((matched[places] >= 0).float())
        target = encode(boxes[matched[positive]], anchors[positive], (1.0, 1.0, 1.0, 1.0))
        distances.append(_distance(offsets[number, positive], target))
        total += len(places)
    shown = functional.binary_cross_entropy_with_logits(torch.cat(logits), torch.cat(labels), reduction="sum")
    return shown / max(1, total), torch.stack(distances).sum() / max(1, total)


def sampled(
    proposals: Tensor, truth: Tensor, ignored: Tensor | None = None, *, count: int, share: float = 0.25
) -> Sampled:
    """Draw the boxes of one picture that the second stage learns from; the true boxes are among the candidates.

    Args:
        proposals: ``N x 4``.
        truth: ``M x 4``.
        ignored: ``K x 4``: what is in there is no background (see :func:`unclear`).
        count: How many are drawn.
        share: Of these, at most so many have an object.
    """
    candidates = torch.cat([proposals, truth])
    matched = matches(candidates, truth, low=0.5, high=0.5)
    if ignored is not None:
        matched = unclear(candidates, matched, ignored)
    positive, negative = balanced(matched, count=count, share=share)
    places = torch.cat([positive, negative])
    return Sampled(candidates[places], matched[places])


def box_losses(
    logits: Tensor, offsets: Tensor, boxes: Tensor, labels: Tensor, truth: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return the losses of class and box.

    Args:
        logits: ``K x classes``.
        offsets: ``K x classes x 4``.
        boxes: ``K x 4`` that the offsets are from.
        labels: int64 ``K``, 0 = background.
        truth: ``K x 4``; read only where the label is not 0.
        weights: Of the coded offsets.
    """
    some = torch.nonzero(labels > 0)[:, 0]
    target = encode(truth[some], boxes[some], weights)
    distance = _distance(offsets[some, labels[some]], target) / max(1, len(labels))
    return functional.cross_entropy(logits, labels, reduction="sum") / max(1, len(labels)), distance


def mask_targets(masks: Tensor, places: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Return the part of each mask that a box cuts out, at the size of the prediction: ``K x side x side`` in 0..1.

    Args:
        masks: float32 ``M x H x W``, 0 or 1.
        places: int64 ``K``: which mask.
        boxes: ``K x 4``.
        side: Of the prediction.
    """
    return roi_align([masks[:, None]], [1], boxes, places, side)[:, 0]


def mask_loss(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Return the mean cross-entropy of the masks that are known.

    Args:
        logits: ``K x side x side`` of each box's own class.
        targets: Likewise, in 0..1.
        known: bool ``K``; boxes whose object has no mask teach nothing here.
    """
    if not bool(known.any()):
        return logits.sum() * 0
    return functional.binary_cross_entropy_with_logits(logits[known], targets[known])


def _drawn(places: Tensor, count: int) -> Tensor:
    if len(places) <= count:
        return places
    return places[torch.randperm(len(places), device=places.device)[:count]]


def _distance(guess: Tensor, target: Tensor) -> Tensor:
    return functional.smooth_l1_loss(guess, target, beta=_BETA, reduction="sum")
