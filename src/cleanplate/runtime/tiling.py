"""Networks on pictures of any size in bounded memory: tile by tile, with overlaps that are blended.

What holds. Let an output pixel depend on input pixels at most ``r`` away (the receptive radius), and let the network
treat every place alike when a tile begins at a multiple of ``multiple_of`` (true of convolutions, pooling and
interpolation with that total stride). Within ``r`` of an edge where a tile ends inside the picture, the network sees
its own padding in place of the picture, and is wrong there. Each tile therefore counts nothing within ``context`` of
such an edge. With ``context`` >= ``r`` every value that is blended equals that of the network on the whole picture,
so the result is the same for every tile size and overlap, up to the rounding of float32.

What does not. Networks that look at the whole picture (attention, Fourier convolutions, global pooling, instance or
group norms at run time) have no such radius: each tile is answered for itself, and blending only hides the seams.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, EngineError

FloatArray = NDArray[np.float32]
TileNetwork = Callable[[list[FloatArray]], FloatArray]
"""Takes tiles of all inputs (h x w x C each) and returns an h x w x C output."""


@dataclass(frozen=True)
class Tiling:
    """How a picture is cut.

    Attributes:
        tile: side of a tile in pixels, a multiple of ``multiple_of``.
        context: pixels at the inner edges of a tile that only help to compute the others: the receptive radius or more.
        blend: pixels over which neighbours are blended beside that.
        multiple_of: tiles begin at multiples of it.
    """

    tile: int
    context: int
    blend: int = 0
    multiple_of: int = 1

    def __post_init__(self) -> None:
        """Refuse tiles that do not advance.

        Raises:
            ArgumentError: the tile is too small for its overlap, or no multiple.
        """
        if min(self.tile, self.multiple_of) < 1 or min(self.context, self.blend) < 0:
            raise ArgumentError("sides must be positive", subject="tiling")
        if self.tile % self.multiple_of:
            raise ArgumentError(f"tile {self.tile} is no multiple of {self.multiple_of}", subject="tiling")
        if self.step < self.multiple_of:
            smallest = 2 * self.context + self.blend + self.multiple_of
            smallest = math.ceil(smallest / self.multiple_of) * self.multiple_of
            raise ArgumentError(
                f"tile {self.tile} is too small for its overlap", subject="tiling", fix=f"use at least {smallest}"
            )

    @property
    def step(self) -> int:
        """Pixels from one tile to the next, at most."""
        room = self.tile - 2 * self.context - self.blend
        return room - room % self.multiple_of


@dataclass(frozen=True)
class Span:
    """The extent of tiles along one axis.

    Attributes:
        start: first pixel.
        stop: pixel after the last.
        weights: share of each pixel in the result, float32; those of all spans add up to 1 everywhere.
    """

    start: int
    stop: int
    weights: FloatArray


def tiled(network: TileNetwork, inputs: Sequence[FloatArray], tiling: Tiling) -> FloatArray:
    """Run a network tile by tile.

    Args:
        network: returns an output of the height and width of its input.
        inputs: H x W x C arrays of one height and width, both multiples of ``tiling.multiple_of``.
        tiling: how to cut.

    Returns:
        H x W x C float32. See the top of this file for what it equals.

    Raises:
        ArgumentError: a side is no multiple.
        EngineError: the network returns another size than it gets.
    """
    height, width = inputs[0].shape[:2]
    rows, columns = spans(height, tiling), spans(width, tiling)
    if len(rows) == len(columns) == 1:
        return _checked(network(list(inputs)), height, width)
    result: FloatArray | None = None
    for row in rows:
        for column in columns:
            place = slice(row.start, row.stop), slice(column.start, column.stop)
            values = _checked(
                network([each[place] for each in inputs]), row.stop - row.start, column.stop - column.start
            )
            if result is None:
                result = np.zeros((height, width, values.shape[2]), np.float32)
            result[place] += values * (row.weights[:, None, None] * column.weights[None, :, None])
    assert result is not None
    return result


def spans(length: int, tiling: Tiling) -> list[Span]:
    """Cut one axis: as few tiles as possible, evenly spread, the first and last flush with the picture's edges.

    Raises:
        ArgumentError: ``length`` is no multiple of ``tiling.multiple_of``.
    """
    if length % tiling.multiple_of:
        raise ArgumentError(f"side {length} is no multiple of {tiling.multiple_of}", subject="tiling")
    if length <= tiling.tile:
        return [Span(0, length, np.ones(length, np.float32))]
    slack = length - tiling.tile
    count = math.ceil(slack / tiling.step) + 1
    starts = [
        slack * each // (count - 1) // tiling.multiple_of * tiling.multiple_of for each in range(count)
    ]  # the last is slack itself: both sides are multiples
    shares = np.zeros((count, length))
    for each, start in enumerate(starts):
        shares[each, start : start + tiling.tile] = _share(starts, each, tiling)
    shares /= shares.sum(axis=0)
    return [
        Span(start, start + tiling.tile, shares[each, start : start + tiling.tile].astype(np.float32))
        for each, start in enumerate(starts)
    ]


def _share(starts: list[int], each: int, tiling: Tiling) -> NDArray[np.float64]:
    """Weight of one tile before all are brought to a sum of 1.

    Nothing within ``context`` of its inner edges, then ramps as wide as the overlap with its neighbours leaves.
    """
    share = np.ones(tiling.tile)
    if each > 0:
        share *= _ramp(starts[each - 1] + tiling.tile - starts[each], tiling)
    if each + 1 < len(starts):
        share *= _ramp(starts[each] + tiling.tile - starts[each + 1], tiling)[::-1]
    return share


def _ramp(overlap: int, tiling: Tiling) -> NDArray[np.float64]:
    width = overlap - 2 * tiling.context
    ramp = (np.arange(tiling.tile) - tiling.context + 0.5) / max(width, 1)
    ramp[: tiling.context] = 0.0
    return np.clip(ramp, 0.0, 1.0)


def _checked(values: FloatArray, height: int, width: int) -> FloatArray:
    if values.ndim != 3 or values.shape[:2] != (height, width):
        raise EngineError(f"cannot be tiled: the network makes {values.shape[:2]} of {(height, width)}")
    return values
