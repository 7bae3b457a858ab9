"""Replace the background: a photograph in, its people before something else out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from cleanplate.compose.backdrop import fitted, out_of_focus, over, plain
from cleanplate.errors import ArgumentError
from cleanplate.matting.network import MatteNetwork
from cleanplate.tasks.cutout import CutoutResult, Edges, cutout
from cleanplate.tasks.places import Place, parse_place
from cleanplate.types import Alpha, Box, Image, check_image

_NOT_BELOW = 0.05
_NOT_ABOVE = 4.0


@dataclass(frozen=True)
class Blur:
    """The photograph's own background out of focus.

    Attributes:
        strength: standard deviation of the lens's disc in pixels of a picture of 1080 lines; 0 to 500.
    """

    strength: float = 12.0


Backdrop = Image | tuple[int, int, int] | Blur
"""A picture of any size in the same colours as the photograph, R, G, B in 0..255, or the old background blurred."""


@dataclass(frozen=True)
class BackgroundResult:
    """People before a new background.

    Attributes:
        image: H x W x 3, size and dtype of the photograph; the photograph itself if nobody is in it.
        alpha: H x W float32, where the people are now.
        cutout: how they were cut out.
        notes: remarks for the user.
    """

    image: Image
    alpha: Alpha
    cutout: CutoutResult
    notes: list[str] = field(default_factory=list)


def replace_background(
    image: Image,
    backdrop: Backdrop,
    *,
    fit: Literal["cover", "contain"] = "cover",
    backdrop_position: str = "center",
    subject_scale: float = 1.0,
    position: str | None = None,
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
) -> BackgroundResult:
    """Put the people of a photograph before another background.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        backdrop: what comes behind them.
        fit: ``cover`` fills the frame with a picture, ``contain`` shows all of it and continues it blurred.
        backdrop_position: the part of it that stays: words (``top left``) or percent (``30%,100%``).
        subject_scale: size of the people, 0.05 to 4; 1 leaves them.
        position: where they go in the free room, in the same words; None leaves them where they are. Scaled people who
            are cut off by the frame stay at that edge.
        person: keep only one of those who stand apart: 1 the largest, 2 the next.
        feather: pixels over which the edge is softened.
        shift_edge: pixels by which the edge moves outwards, or inwards if negative.
        clean: take the colours of the old background out of the edge.
        edges: how they are found, as in :func:`cleanplate.cutout`.
        confirm: keep only parts in which the network for people finds somebody too, as there.
        weights: matting network, a file or a name; None for the one that ships.
        device: for the network.
        threads: cores for the network.
        network: an open one, instead of the three above.

    Returns:
        The result. With nobody in the picture, or an empty alpha, the photograph comes back unchanged, with a note.

    Raises:
        ArrayError: an array breaks its contract.
        ArgumentError: an option is out of range.
        SelectionError: there is no such person.
        EngineError: no network, or it failed.
    """
    if not _NOT_BELOW <= subject_scale <= _NOT_ABOVE:
        fix = f"use {_NOT_BELOW:g} to {_NOT_ABOVE:g}"
        raise ArgumentError(f"is {subject_scale:g}", subject="--subject-scale", fix=fix)
    where = None if position is None else parse_place(position)
    place = parse_place(backdrop_position, option="--backdrop-position")
    result = cutout(
        image,
        person=person,
        feather=feather,
        shift_edge=shift_edge,
        clean=clean,
        edges=edges,
        confirm=confirm,
        weights=weights,
        device=device,
        threads=threads,
        network=network,
    )
    if result.empty:
        return BackgroundResult(image.copy(), result.alpha, result, [*result.notes, "the picture was left as it is"])
    behind = _behind(image, result.alpha, backdrop, fit, place)
    people, alpha = placed(result.image, result.alpha, subject_scale, where)
    return BackgroundResult(over(people, alpha, behind), alpha, result, list(result.notes))


def placed(people: Image, alpha: Alpha, scale: float, where: Place | None) -> tuple[Image, Alpha]:
    """People made larger or smaller and moved within their frame.

    Args:
        people: H x W x 3.
        alpha: H x W float32.
        scale: 1 keeps their size.
        where: share of the free room to the left and above; None leaves them where they are.

    Returns:
        Both as new arrays of the same size (the same arrays where nothing changes).
    """
    if scale == 1.0 and where is None:
        return people, alpha
    box = _box(alpha)
    if box is None:
        return people, alpha
    height, width = alpha.shape
    size = max(1, round(box.height * scale)), max(1, round(box.width * scale))
    left, top = _corner(box, size, (height, width), where)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    # Colours count by their alpha, or those beside the people would come in.
    share = alpha[box.slices]
    weighted = people[box.slices].astype(np.float32) * share[..., None]
    small = cv2.resize(share, (size[1], size[0]), interpolation=way)
    colours = cv2.resize(weighted, (size[1], size[0]), interpolation=way) / np.maximum(small, 1e-4)[..., None]
    new_alpha = np.zeros_like(alpha)
    new_people = np.zeros_like(people)
    target = Box(left, top, left + size[1], top + size[0]).clipped(height, width)
    if target.width > 0 and target.height > 0:
        inside = target.shifted(-left, -top).slices
        new_alpha[target.slices] = np.clip(small[inside], 0.0, 1.0)
        new_people[target.slices] = np.clip(np.rint(colours[inside]), 0, np.iinfo(people.dtype).max)
    return new_people, new_alpha


def _corner(box: Box, size: tuple[int, int], frame: tuple[int, int], where: Place | None) -> tuple[int, int]:
    """Left and top of the people in the frame."""
    if where is not None:
        return round((frame[1] - size[1]) * where[0]), round((frame[0] - size[0]) * where[1])
    return _kept(box.left, box.right, size[1], frame[1], middle=0.5), _kept(
        box.top, box.bottom, size[0], frame[0], middle=1.0
    )


def _kept(start: int, stop: int, length: int, frame: int, *, middle: float) -> int:
    """Where ``length`` pixels begin that were ``start``..``stop``: at the edge that cut them, else about ``middle``."""
    at_start, at_stop = start <= 1, stop >= frame - 1
    if at_stop and not at_start:
        return frame - length
    if at_start and not at_stop:
        return 0
    if at_start and at_stop:
        return round((frame - length) * middle)
    return round(start + (stop - start - length) * middle)


def _behind(image: Image, alpha: Alpha, backdrop: Backdrop, fit: Literal["cover", "contain"], place: Place) -> Image:
    height, width = alpha.shape
    if isinstance(backdrop, Blur):
        return out_of_focus(image, alpha, backdrop.strength)
    if isinstance(backdrop, tuple):
        return plain(backdrop, height, width, image.dtype)
    check_image(backdrop, name="backdrop")
    return fitted(_depth_of(backdrop, image), height, width, fit=fit, place=place)


def _depth_of(picture: Image, like: Image) -> Image:
    """The picture in the depth of another."""
    if picture.dtype == like.dtype:
        return picture
    if like.dtype == np.uint16:
        return picture.astype(np.uint16) * np.uint16(257)
    return ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _box(alpha: Alpha) -> Box | None:
    rows, columns = np.flatnonzero((alpha > 0.004).any(axis=1)), np.flatnonzero((alpha > 0.004).any(axis=0))
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
