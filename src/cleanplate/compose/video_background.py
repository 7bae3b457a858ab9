"""Frames over another background, in the planes of the video: integer arithmetic, and floats only along edges.

Where a pixel is partly person, its colour is partly old background. The colour of the person alone is estimated from
both sides of the edge (Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021), at a quarter of the size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.planes import ColourTags, Plane, PlaneFormat, partly_covered, planes_of, settled

Planes = Sequence[NDArray[Any]]
Average = Callable[[NDArray[Any]], NDArray[Any]]

_COARSE = 240
"""Colours on both sides of an edge are averaged in a picture whose longer side is about this, but in cells of at least
four pixels."""

_REACH = 2
"""Pixels of that small picture on each side that are averaged."""

_LEAST = 1e-3
"""Mean weight below which a mean would be one of mixed pixels of the edge itself."""

_BLUR_STEP = 3.0
"""Blurs work at a size at which their standard deviation is about this many pixels."""


@dataclass(frozen=True)
class Sides:
    """Colours on both sides of the edge, at a fraction of the size.

    Attributes:
        person: mean colour of the near pixels that are surely person, a float32 array a plane.
        behind: mean colour of the near pixels that are surely background.
    """

    person: tuple[NDArray[np.float32], ...]
    behind: tuple[NDArray[np.float32], ...]


def colour_planes(
    colour: tuple[int, int, int], height: int, width: int, format: PlaneFormat, colours: ColourTags
) -> tuple[Plane, Plane, Plane]:
    """A background of one colour (red, green, blue, 0..255)."""
    levels = planes_of(np.full((16, 16, 3), colour, np.uint8), format, settled(colours, height))
    full: list[Plane] = [
        np.full(shape, level[0, 0], level.dtype)
        for level, shape in zip(levels, format.shapes(height, width), strict=True)
    ]
    return full[0], full[1], full[2]


def cropped(planes: Planes, height: int, width: int, format: PlaneFormat) -> tuple[Plane, Plane, Plane]:
    """The middle ``height`` x ``width`` pixels of planes that are at least as large (views)."""
    top, left = ((planes[0].shape[0] - height) // 4) * 2, ((planes[0].shape[1] - width) // 4) * 2
    down, across = (2 if format.sampling == "420" else 1), (1 if format.sampling == "444" else 2)
    luma, *small = format.shapes(height, width)
    first = planes[0][top : top + luma[0], left : left + luma[1]]
    second, third = (
        plane[top // down : top // down + shape[0], left // across : left // across + shape[1]]
        for plane, shape in zip(planes[1:], small, strict=True)
    )
    return first, second, third


def sides(planes: Planes, alpha: NDArray[Any]) -> Sides:
    """Colours near the edge of the person, on both sides of it.

    Args:
        planes: luma and two colour differences; not changed.
        alpha: H x W in the dtype and range of luma; not changed.
    """
    height, width = alpha.shape
    step = max(4, max(height, width) // _COARSE)
    size = max(1, width // step), max(1, height // step)
    highest = np.float32(255 if alpha.dtype == np.uint8 else 1023)
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / highest
    person, behind = np.square(np.square(small)), np.square(np.square(1 - small))
    levels = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) for plane in planes[:3]]
    return Sides(_means(levels, person, _near, least=_LEAST), _means(levels, behind, _near, least=_LEAST))


def over(planes: Planes, alpha: NDArray[Any], background: Planes, out: Planes, *, clean: Sides | None) -> None:
    """Write a frame over a background into ``out``.

    Args:
        planes: of the frame; not changed.
        alpha: H x W in the dtype and range of luma; not changed.
        background: planes of the same shapes; not changed.
        out: planes of the same shapes, written.
        clean: from :func:`sides`, to take old background out of edge pixels; None blends them as they are.
    """
    highest = 255 if alpha.dtype == np.uint8 else 1023
    parts = _by_shape(planes, alpha)
    for plane, behind, target in zip(planes[:3], background[:3], out[:3], strict=True):
        part = parts[plane.shape]
        near = cv2.multiply(plane, part, scale=1 / highest)
        far = cv2.multiply(behind, _rest(part, highest), scale=1 / highest)
        cv2.add(near, far, dst=target)
    if clean is not None:
        _clean_edges(planes, parts, background, out, clean, highest)


def cut_out(planes: Planes, alpha: NDArray[Any], out: Planes, *, clean: Sides, format: PlaneFormat) -> None:
    """Write a frame with its alpha (straight, not multiplied) into the four planes of ``out``.

    Where nothing of the person is, there is no picture either, only the colours of the near edge, and black:
    what was behind the person is not in the file.
    """
    highest = 255 if alpha.dtype == np.uint8 else 1023
    middle = np.float32(128 << (format.bits - 8))
    blank = (np.float32(16 << (format.bits - 8)), middle, middle)
    parts = _by_shape(planes, alpha)
    known = Sides(
        tuple(
            np.where(np.isnan(mean), np.float32(level), mean) for mean, level in zip(clean.person, blank, strict=True)
        ),
        clean.behind,
    )
    for plane, mean, target in zip(planes[:3], known.person, out[:3], strict=True):
        size = (plane.shape[1], plane.shape[0])
        target[...] = cv2.resize(np.rint(mean).astype(plane.dtype), size, interpolation=cv2.INTER_LINEAR)
        np.copyto(target, plane, where=parts[plane.shape] == highest)
    _clean_edges(planes, parts, None, out, known, highest)
    out[3][...] = alpha


def blurred(planes: Planes, alpha: NDArray[Any], sigma: float) -> tuple[Plane, Plane, Plane]:
    """The background of a frame itself, out of focus; the person does not bleed into it.

    Args:
        planes: of the frame; not changed.
        alpha: H x W in the dtype and range of luma.
        sigma: standard deviation in pixels.
    """
    highest = np.float32(255 if alpha.dtype == np.uint8 else 1023)
    height, width = alpha.shape
    step = max(1.0, sigma / _BLUR_STEP)
    size = max(2, round(width / step)), max(2, round(height / step))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / highest
    # Mattes are seldom wide enough; a rim of the person's colours would glow around them.
    weight = 1 - cv2.dilate(small, np.ones((3, 3), np.uint8))
    levels = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) for plane in planes[:3]]
    # A trace of the person's own colours decides where no background is near: it is covered anyway.
    soft = _means(levels, np.square(weight) + np.float32(1e-5), _gaussian(sigma / step), least=0.0)
    first, second, third = (
        np.asarray(cv2.resize(mean, plane.shape[::-1], interpolation=cv2.INTER_LINEAR) + 0.5).astype(plane.dtype)
        for mean, plane in zip(soft, planes[:3], strict=True)
    )
    return first, second, third


def beside(left: Planes, right: Planes, out: Planes) -> None:
    """Two frames of one size side by side into planes of twice the width."""
    for first, second, target in zip(left[:3], right[:3], out[:3], strict=True):
        target[:, : first.shape[1]] = first
        target[:, target.shape[1] - second.shape[1] :] = second


def chequered(height: int, width: int, format: PlaneFormat, colours: ColourTags) -> tuple[Plane, Plane, Plane]:
    """The grey squares that stand for nothing, to show a cut-out on."""
    rows, columns = np.mgrid[0:height, 0:width] // 16
    grey = np.where((rows + columns) % 2, 160, 208).astype(np.uint8)
    return planes_of(np.repeat(grey[..., None], 3, axis=2), format, colours)


def _means(
    levels: Sequence[NDArray[Any]], weight: NDArray[Any], average: Average, *, least: float
) -> tuple[NDArray[np.float32], ...]:
    """Weighted local means; not a number where the mean weight is not above ``least``."""
    total = average(weight)
    near = total > least
    return tuple(
        np.divide(average(level * weight), total, out=np.full(total.shape, np.nan, np.float32), where=near)
        for level in levels
    )


def _near(small: NDArray[Any]) -> NDArray[Any]:
    """Two box filters one after the other."""
    window = (2 * _REACH + 1, 2 * _REACH + 1)
    return np.asarray(cv2.blur(cv2.blur(small, window), window))


def _gaussian(sigma: float) -> Average:
    return lambda small: np.asarray(cv2.GaussianBlur(small, (0, 0), sigma))


def _by_shape(planes: Planes, alpha: NDArray[Any]) -> dict[tuple[int, ...], NDArray[Any]]:
    """The alpha at the size of each plane."""
    shapes = {plane.shape for plane in planes[:3]}
    return {
        shape: alpha
        if shape == alpha.shape
        else np.asarray(cv2.resize(alpha, shape[::-1], interpolation=cv2.INTER_AREA))
        for shape in shapes
    }


def _clean_edges(
    planes: Planes,
    parts: dict[tuple[int, ...], NDArray[Any]],
    background: Planes | None,
    out: Planes,
    clean: Sides,
    highest: int,
) -> None:
    """Put the person's own colour into pixels that are partly person; over ``background``, or as it is without."""
    for shape, alpha in parts.items():
        rows, columns = partly_covered(alpha)
        if not rows.size:
            continue
        part = alpha[rows, columns] * np.float32(1 / highest)
        coarse = clean.person[0].shape
        # The cell of the small picture that a pixel lies in: its colours are smooth, nothing need be between them.
        cells = (rows * coarse[0] // shape[0]) * coarse[1] + columns * coarse[1] // shape[1]
        for number, plane in enumerate(planes[:3]):
            if plane.shape != shape:
                continue
            seen = plane[rows, columns].astype(np.float32)
            own, other = (mean[number].ravel().take(cells) for mean in (clean.person, clean.behind))
            # Of the colours that explain the pixel together with what is behind it, the one nearest to the person's.
            colour = own + part * (seen - part * own - (1 - part) * other)
            colour = np.clip(np.where(np.isnan(colour), seen, colour), 0, highest)
            if background is not None:
                colour = part * colour + (1 - part) * background[number][rows, columns]
            out[number][rows, columns] = np.rint(colour)


def _rest(alpha: NDArray[Any], highest: int) -> NDArray[Any]:
    """The share that alpha leaves."""
    return np.asarray(cv2.bitwise_not(alpha)) if highest == 255 else np.uint16(highest) - alpha
