"""Adapt a matting network to one clip without any truth, as MODNet does (arXiv 2011.11961, section 3.3).

The three predictions of the network must agree with each other: the matte, blurred and shrunk, with the semantic
prediction, and along its edge with the detail prediction. On a clip unlike the training pictures they do not, and that
is the signal. Since a matte could also agree by losing its detail, the detail prediction is held at that of the
network as it was ("self-supervised learning based on sub-objectives consistency").
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cleanplate.clip import Frame
from cleanplate.decode.video import ClipReader
from cleanplate.errors import ArgumentError
from cleanplate.matting.video import network_size
from cleanplate_training.export import ExportReport, export
from cleanplate_training.losses.matting import blurred, boundary_band, detail_loss
from cleanplate_training.trained import open_trained

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Progress = Callable[[int, int, float], None]
"""Called with steps done, their total, and the loss."""

_GIVEN = 0.7
"""Share of frames that get the alpha of the frame before, as in training."""


@dataclass(frozen=True)
class AdaptOptions:
    """How a network is adapted.

    Attributes:
        steps: of the optimiser.
        batch: frames a step.
        size: square root of the pixels that the network gets.
        frames: of the clip, spread over its length, that are learned from.
        learning_rate: of Adam.
        seed: of the order of frames.
    """

    steps: int = 100
    batch: int = 2
    size: int = 384
    frames: int = 60
    learning_rate: float = 1e-5
    seed: int = 0


@dataclass(frozen=True)
class AdaptReport:
    """What adapting did.

    Attributes:
        exported: the file that was written.
        frames: that were learned from.
        before: disagreement of the predictions before, mean over all frames.
        after: likewise, afterwards.
    """

    exported: ExportReport
    frames: int
    before: float
    after: float


def adapt(
    clip: Path,
    trained: Path,
    output: Path,
    options: AdaptOptions | None = None,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> AdaptReport:
    """Adapt a trained network to a clip and write it as ONNX.

    Args:
        clip: the video.
        trained: folder or checkpoint of a run of task ``matting``.
        output: the ONNX file to write.
        options: how.
        overwrite: replace a file that is there.
        progress: told after each step.

    Raises:
        ArgumentError: the run is not one for matting.
        InputError: the clip or the checkpoint cannot be read.
        OutputError: the file is there, or cannot be written.
    """
    options = options or AdaptOptions()
    opened = open_trained(trained)
    if opened.recipe.task != "matting":
        problem = f"holds a network for {opened.recipe.task}"
        raise ArgumentError(problem, subject=trained, fix="give a run of task 'matting'")
    network = next(iter(opened.networks.values()))
    pairs = read_pairs(clip, options)
    before, after = fit(network, pairs, options, progress=progress)
    report = export(opened.task.exported(opened.networks), output, overwrite=overwrite)
    return AdaptReport(report, len(pairs), before, after)


def fit(
    network: nn.Module, pairs: list[Pair], options: AdaptOptions, *, progress: Progress | None = None
) -> tuple[float, float]:
    """Adapt ``network`` in place; statistics of its normalisation stay as they are.

    Args:
        network: returns :class:`~cleanplate_training.models.modnet_slim.Mattes`.
        pairs: frames with the frames before them, h x w x 3 uint8 RGB of one size.
        options: how.
        progress: told after each step.

    Returns:
        The mean disagreement over all frames before and after.
    """
    network.eval().requires_grad_(True)
    teacher = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate, betas=(0.9, 0.99))
    draw = random.Random(options.seed)  # noqa: S311 - an order of frames, no secret
    before = _mean_disagreement(network, pairs)
    for number in range(options.steps):
        batch = [pairs[draw.randrange(len(pairs))] for _ in range(min(options.batch, len(pairs)))]
        given = draw.random() < _GIVEN
        image, previous = _tensors(network, teacher, batch, given=given)
        with torch.no_grad():
            held = teacher(image, previous)
        mattes = network(image, previous)
        band = boundary_band(mattes.alpha.detach())
        loss = disagreement(mattes) + detail_loss(mattes.detail, held.detail, band)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if progress is not None:
            progress(number + 1, options.steps, loss.item())
    return before, _mean_disagreement(network, pairs)


def disagreement(mattes: Any) -> Tensor:
    """How far the three predictions are from each other (equation 5 of the paper)."""
    factor = mattes.alpha.shape[-1] // mattes.semantic.shape[-1]
    coarse = blurred(functional.avg_pool2d(mattes.alpha, factor))
    band = boundary_band(mattes.alpha.detach())
    return 0.5 * functional.mse_loss(coarse, mattes.semantic) + detail_loss(mattes.alpha, mattes.detail, band)


def read_pairs(clip: Path, options: AdaptOptions) -> list[Pair]:
    """Frames spread over the clip, each with the one before it, at the size of the network."""
    with ClipReader(clip) as reader:
        facts = reader.facts
        stride = max(1, (facts.frames or options.frames) // options.frames)
        small = network_size(facts.height, facts.width, options.size)
        return list(_pairs(_pictures(reader, small), stride))[: options.frames]


def _pictures(reader: ClipReader, small: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    for piece in reader.pieces(small=small):
        if isinstance(piece, Frame) and piece.small is not None:
            yield piece.small


def _pairs(pictures: Iterator[NDArray[np.uint8]], stride: int) -> Iterator[Pair]:
    last: NDArray[np.uint8] | None = None
    for number, picture in enumerate(pictures):
        if number % stride == 0:
            yield (picture if last is None else last), picture
        last = picture


def _tensors(network: nn.Module, teacher: nn.Module, pairs: list[Pair], *, given: bool) -> tuple[Tensor, Tensor | None]:
    """Pictures, and for networks that take them alphas of the frames before, from the network as it was."""
    image = _tensor([now for _, now in pairs])
    if getattr(network, "in_channels", 3) == 3:
        return image, None
    if not given:
        return image, torch.zeros_like(image[:, :1])
    with torch.no_grad():
        return image, teacher(_tensor([last for last, _ in pairs]), torch.zeros_like(image[:, :1])).alpha


def _tensor(pictures: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def _mean_disagreement(network: nn.Module, pairs: list[Pair]) -> float:
    return float(np.mean([disagreement(network(_tensor([now]), None)).item() for _, now in pairs]))
