"""Cut out: a photograph in; its people's alpha and colours out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.matting.edge import feathered, shifted
from cleanplate.matting.foreground import foreground_colours
from cleanplate.matting.network import MatteNetwork, open_network
from cleanplate.matting.parts import only, parts
from cleanplate.matting.portrait import portrait, scaled
from cleanplate.matting.refine import refine
from cleanplate.matting.solved import solved
from cleanplate.matting.trimap import trimap
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.tasks.clock import Clock
from cleanplate.tasks.second_opinion import second_opinion
from cleanplate.types import Alpha, Box, Image, check_image

Edges = Literal["guided", "closed-form", "knn"]
"""How edges are found: by a guided filter alone, or first solved for in a band around the network's (pymatting)."""
EDGES: tuple[Edges, ...] = get_args(Edges)


@dataclass(frozen=True)
class CutoutResult:
    """People cut out, and how.

    Attributes:
        image: H x W x 3, dtype of the input: the people's own colours, without those of the old background where alpha
            is soft; equal to the input elsewhere.
        alpha: H x W float32, 0..1; all 0 if nobody is in the picture.
        people: boxes around those who stand apart, largest first; ``person`` counts in this order.
        network: that found them.
        device: that it ran on.
        timings: seconds by step: network, edges (where they were solved for), refine, colours, ``total``.
        notes: remarks for the user, such as that nobody was found.
    """

    image: Image
    alpha: Alpha
    people: tuple[Box, ...]
    network: str
    device: str
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nobody was cut out."""
        return not self.people

    @property
    def rgba(self) -> NDArray[Any]:
        """H x W x 4, dtype of the image: colours and alpha; 0 everywhere that alpha is 0."""
        levels = alpha_levels(self.alpha, self.image.dtype)
        return np.dstack([uncovered_blanked(self.image, levels), levels])


def cutout(
    image: Image,
    *,
    person: int | None = None,
    feather: float = 0.0,
    shift_edge: float = 0.0,
    clean: bool = True,
    edges: Edges = "guided",
    confirm: bool | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    network: MatteNetwork | None = None,
) -> CutoutResult:
    """Cut the people out of a photograph, at its full resolution.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        person: keep only one of those who stand apart: 1 the largest, 2 the next.
        feather: pixels over which the edge is softened.
        shift_edge: pixels by which the edge moves outwards, or inwards if negative.
        clean: estimate the people's own colours where alpha is soft (multi-level, arXiv 2006.14970).
        edges: ``guided``; or ``closed-form`` and ``knn``, which solve for alpha where the network doubts (extra
            ``[trimap]``; for segmentation networks, whose masks have no soft edges of their own).
        confirm: keep only parts in which the network for people (:func:`cleanplate.segment`) finds somebody too; None
            does so where that network is there and the matting network is known to be one for people.
        weights: matting network, a file or a name from ``cleanplate models``; None for the one that ships.
        device: for the network; see ``cleanplate doctor``.
        threads: cores to use; None for all.
        network: an open one, instead of the three above.

    Returns:
        The result; with nobody in the picture an empty alpha and a note.

    Raises:
        ArrayError: ``image`` breaks its contract.
        ArgumentError: ``feather`` or ``shift_edge`` is out of range, or ``edges`` unknown.
        MissingExtraError: ``edges`` needs pymatting, and it is not installed.
        SelectionError: there is no such person.
        EngineError: no network, or it failed; with ``confirm`` also: no network for people.
    """
    if edges not in EDGES:
        raise ArgumentError(f"must be one of {', '.join(EDGES)}, not {edges!r}", subject="edges")
    clock = Clock()
    image = cast("Image", np.ascontiguousarray(check_image(image)))
    cores = threads or usable_cores()
    network = network or open_network(weights, device=device, threads=threads)
    opinion = second_opinion(image, network, wanted=confirm, device=device, threads=threads)
    matte = portrait(image, network, area=network.area, kept=opinion)
    clock.lap("network")
    alpha = matte.alpha
    people = parts(alpha).boxes
    if person is not None and people:
        alpha = only(alpha, person)
    if people and edges != "guided":
        alpha = solved(cast("Image", scaled(image, alpha.shape)), trimap(alpha), solver=edges)
        clock.lap("edges")
    alpha = refine(image, alpha, threads=cores)
    people = tuple(_enlarged(box, matte.alpha.shape, alpha.shape) for box in people)
    if people and shift_edge != 0.0:
        alpha = shifted(alpha, shift_edge)
    if people and feather != 0.0:
        alpha = feathered(alpha, feather)
    clock.lap("refine")
    colours = foreground_colours(image, alpha, threads=cores) if clean and people else image.copy()
    clock.lap("colours")
    notes = [*network.notes, *matte.notes, *(() if opinion is None else opinion.notes())]
    return CutoutResult(colours, alpha, people, network.name, network.device, clock.timings(), notes)


def uncovered_blanked(colours: Image, levels: NDArray[Any]) -> Image:
    """``colours`` with 0 where ``levels`` is 0: nothing of the old background is left there."""
    blanked: Any = cv2.copyTo(colours, (levels > 0).view(np.uint8))
    return cast("Image", blanked)


def alpha_levels(alpha: Alpha, dtype: Any) -> NDArray[Any]:
    """``alpha`` as integers of ``dtype``, over its full range."""
    result = np.empty(alpha.shape, dtype)
    for top in range(0, len(alpha), 256):  # strips stay in the cache
        result[top : top + 256] = np.rint(alpha[top : top + 256] * np.float32(np.iinfo(dtype).max))
    return result


def _enlarged(box: Box, small: tuple[int, ...], large: tuple[int, ...]) -> Box:
    down, across = large[0] / small[0], large[1] / small[1]
    scaled = Box(round(box.left * across), round(box.top * down), round(box.right * across), round(box.bottom * down))
    return scaled.clipped(large[0], large[1])
