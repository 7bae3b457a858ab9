"""Where a print is damaged: RGB -> probability, tile by tile in bounded memory.

Tiles overlap by twice the receptive radius of the network, and nothing that lies within it of an inner edge counts
(:mod:`cleanplate.runtime.tiling`), so the result is the same whatever the tiling, up to the rounding of float32. As few
and as large tiles are taken as the memory allows, because overlaps are computed twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.runtime.tiling import Span, Tiling, spans
from cleanplate.types import Image

LONG_SIDE = 2048
"""Largest side at which damage is looked for, unless at native size."""

RADIUS = 256
"""Receptive radius of the networks that ship, in pixels; of answers to changes further away nothing was measured."""

TILE_PIXELS = 3_200_000
"""Pixels of a tile: a scan of 3:4 at :data:`LONG_SIDE` as a whole, in about 1.1 GB of the shipped network's memory."""

_MULTIPLE = 32
_BLEND = 32

Finder = Callable[[NDArray[Any]], NDArray[np.float32]]
"""From h x w x 3 pixels to h x w probabilities; see :class:`cleanplate.prints.network.DamageNetwork`."""

Progress = Callable[[int, int], None]


def damage_probability(
    image: Image,
    network: Finder,
    *,
    long_side: int | None = LONG_SIDE,
    flips: bool = False,
    tile_pixels: int = TILE_PIXELS,
    radius: int = RADIUS,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Look for damage.

    Args:
        image: H x W x 3 RGB, uint8 or uint16; not changed.
        network: what looks at tiles.
        long_side: larger pictures are shrunk to it; None looks at native size.
        flips: average over the picture and its three mirror images, at four times the cost.
        tile_pixels: most pixels of a tile; where the overlaps do not fit into it, tiles are larger.
        radius: how far the network looks.
        progress: told about tiles done and their number.

    Returns:
        h x w float32, 0..1, at the size that was looked at.

    Raises:
        EngineError: the network failed.
    """
    seen = shrunk(image, long_side)
    rows, columns = cut(seen.shape[0], seen.shape[1], tile_pixels=tile_pixels, radius=radius)
    result = np.zeros(seen.shape[:2], np.float32)
    places = list(itertools.product(rows, columns))
    for done, (row, column) in enumerate(places, start=1):
        place = slice(row.start, min(row.stop, len(seen))), slice(column.start, min(column.stop, seen.shape[1]))
        values = _averaged(network, seen[place]) if flips else network(seen[place])
        down, across = row.weights[: values.shape[0], None], column.weights[None, : values.shape[1]]
        result[place] += values * down * across
        if progress is not None:
            progress(done, len(places))
    return np.clip(result, 0.0, 1.0, out=result)


def shrunk(image: Image, long_side: int | None) -> Image:
    """The picture with a long side of at most ``long_side``: means of areas; itself if it is small enough."""
    height, width = image.shape[:2]
    if long_side is None or max(height, width) <= long_side:
        return image
    zoom = long_side / max(height, width)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    return cast("Image", cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def cut(height: int, width: int, *, tile_pixels: int, radius: int) -> tuple[list[Span], list[Span]]:
    """Rows and columns of tiles: of the ways to cut that fit into ``tile_pixels`` the one with the least work.

    Spans may end beyond the picture, by less than the multiple that tiles begin at.
    """
    candidates = [
        (rows, columns) for rows in _ways(_multiple(height), radius) for columns in _ways(_multiple(width), radius)
    ]

    def tile(way: tuple[list[Span], list[Span]]) -> int:
        return _longest(way[0]) * _longest(way[1])

    fitting = [way for way in candidates if tile(way) <= tile_pixels]
    if not fitting:
        return min(candidates, key=tile)
    return min(fitting, key=lambda way: (_length(way[0]) * _length(way[1]), len(way[0]) * len(way[1])))


def _ways(length: int, radius: int) -> Iterator[list[Span]]:
    """An axis in one piece, in two, in three, ... down to tiles that are mostly overlap."""
    yield spans(length, Tiling(length, 0, 0, _MULTIPLE))
    overlap = 2 * radius + _BLEND
    for count in itertools.count(2):
        step = _multiple(-(-(length - overlap) // count))
        if step < _MULTIPLE:
            return
        tile = _multiple(step + overlap)
        if tile < length:
            yield spans(length, Tiling(tile, radius, _BLEND, _MULTIPLE))
        if step <= max(_MULTIPLE, radius // 2):
            return


def _longest(cuts: list[Span]) -> int:
    return max(each.stop - each.start for each in cuts)


def _length(cuts: list[Span]) -> int:
    return sum(each.stop - each.start for each in cuts)


def _multiple(length: int) -> int:
    return -(-length // _MULTIPLE) * _MULTIPLE


def _averaged(network: Finder, pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Mean of the answers to the four mirror images, each mirrored back."""
    total = np.zeros(pixels.shape[:2], np.float32)
    for down, across in itertools.product((1, -1), (1, -1)):
        total += network(np.ascontiguousarray(pixels[::down, ::across]))[::down, ::across]
    return total / np.float32(4)
