"""Detail by attention: each cell of the hole takes a weighted sum of the detail of known cells.

Contextual residual aggregation as published (Yi et al., CVPR 2020, arXiv 2005.09704): the attention scores of the
generator, learned at its working size, say which known cells each cell of the hole resembles; what shrinking took from
those is summed with the scores as weights. Cells scale with the picture, so one set of scores serves any size. Here
each cell carries a patch of twice its side under a raised cosine, so that no grid shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint.residual import base_of, box_of, enlarged, later_weight
from cleanplate.types import Box, Image, Mask

_BAND_BYTES = 24_000_000
_LEAST_KNOWN = 0.05
_FEW = 4
_LIKE_COLOUR = 16.0
"""Difference of colours, in 8-bit levels, from which on a cell is taken for another material."""
_LARGEST_GAIN = 4.0
"""Sums over hundreds of cells lose nearly all energy; blowing up what is left would show as grain of another kind."""


@dataclass(frozen=True)
class Attention:
    """For each cell of a grid whose patch touches the hole, how much it takes from each known cell.

    Attributes:
        weights: M x K float32, each row sums to 1: M cells of the hole, K known cells.
        targets: M flat indices into the grid, ascending.
        sources: K flat indices into the grid, ascending.
        grid: its rows and columns.
        cell: side of a grid cell, in pixels of the small picture.
    """

    weights: NDArray[np.float32]
    targets: NDArray[np.int64]
    sources: NDArray[np.int64]
    grid: tuple[int, int]
    cell: int

    def strongest(self, count: int) -> Attention:
        """The same with only the ``count`` largest weights of each cell; 1 is hard attention."""
        if count >= len(self.sources):
            return self
        weights = np.zeros_like(self.weights)
        best = np.argpartition(-self.weights, count - 1, axis=1)[:, :count]
        kept = np.take_along_axis(self.weights, best, axis=1)
        np.put_along_axis(weights, best, kept / kept.sum(axis=1, keepdims=True), axis=1)
        used = weights.any(axis=0)
        return Attention(np.ascontiguousarray(weights[:, used]), self.targets, self.sources[used], self.grid, self.cell)


def attention_of(
    scores: NDArray[np.float32],
    hole: Mask,
    avoid: Mask,
    *,
    grid: tuple[int, int],
    cell: int,
    picture: NDArray[np.float32] | None = None,
) -> Attention | None:
    """Take from a generator's scores what the aggregation needs.

    Args:
        scores: (r * c) x (r * c) float32, not negative: row = cell, column = cell it attends to.
        hole: h x w bool, what was filled.
        avoid: h x w bool, what may not be a source besides.
        grid: r and c; the grid may hang over the end of the picture (padding), which is no source.
        cell: side of a grid cell, in pixels of the small picture; even.
        picture: h x w x 3 in 8-bit levels, completed. Cells of another colour count less, whatever their score: the
            grain of a forest does not belong into fog, even where a network takes one for the other.

    Returns:
        The attention of all cells whose patch touches the hole, or None where no cell is known entirely.
    """
    rows, columns = grid
    touched = _cells(hole, rows, columns, cell, beyond=False)
    allowed = ~_cells(hole | avoid, rows, columns, cell, beyond=True).ravel()
    # A patch reaches half a cell beyond its own cell.
    targets = np.flatnonzero(cv2.dilate(touched.view(np.uint8), np.ones((3, 3), np.uint8)))
    sources = np.flatnonzero(allowed)
    if not sources.size:
        return None
    weights = np.maximum(scores[np.ix_(targets, sources)], 0.0)
    if picture is not None:
        weights = _of_like_colour(weights, _mean_colours(picture, rows, columns, cell), targets, sources)
    total = weights.sum(axis=1, keepdims=True)
    # Cells outside the hole are rows too, and may attend to what is no source here: those take their nearest.
    lost = ~(total[:, 0] > 1e-6)
    weights[lost] = _nearest(targets[lost], sources, columns)
    weights /= np.where(lost[:, None], 1.0, total)
    return Attention(np.asarray(weights, np.float32), targets, sources, (rows, columns), cell)


def aggregate_attended(
    window: Image, hole: Mask, unknown: Mask, small: NDArray[np.float32], factor: int, attention: Attention
) -> tuple[Box, Image]:
    """Fill the hole of a window at full size, with detail weighed by attention.

    Args:
        window: H x W x 3 uint8 or uint16, as it was; what lies under the hole is not read.
        hole: H x W bool.
        unknown: h x w bool, cells of the small picture that are no source of detail (hole and avoided areas).
        small: the completed small picture, h x w x 3 float32, in 8-bit levels.
        factor: pixels of the window per pixel of the small picture.
        attention: where detail comes from.

    Returns:
        The bounding box of the hole in the window, and the filled picture inside that box (to be used where ``hole``).
    """
    box = box_of(hole)
    total = enlarged(small, factor, box, window.dtype)
    if factor > 1:
        total = total + _detail(window, unknown, small, factor, attention, box)
    limit = float(np.iinfo(window.dtype).max)
    return box, cast("Image", np.clip(np.rint(total), 0.0, limit).astype(window.dtype))


def _detail(
    window: Image, unknown: Mask, small: NDArray[np.float32], factor: int, attention: Attention, box: Box
) -> NDArray[np.float32]:
    """What is added to the enlarged small picture in ``box``."""
    columns = attention.grid[1]
    step = attention.cell * factor
    # The canvas covers whole patches: half a cell more than the grid on each side.
    y, x = np.divmod(attention.targets, columns)
    canvas = Box(int(x.min()) * step - step // 2, int(y.min()) * step - step // 2, 0, 0)
    height, width = (int(np.ptp(places)) * step + 2 * step for places in (y, x))
    total = np.zeros((height, width, 3), np.float32)
    weight = _patch_weight(step)
    for first, last, patches in _bands(window, base_of(window, small, factor), unknown, factor, attention):
        part = weight[first:last, :, None]
        for row, column, patch in zip(y, x, patches, strict=True):
            top, left = row * step - step // 2 - canvas.top + first, column * step - step // 2 - canvas.left
            total[top : top + last - first, left : left + 2 * step] += part * patch
    corner = int(y.min()), int(x.min())
    share = _share(unknown, attention, corner, (height, width), factor)
    gain = cv2.resize(_gain(attention, corner, (height // factor, width // factor)), (width, height))
    np.divide(gain, share, out=share, where=share > _LEAST_KNOWN)
    total *= share[..., None]
    inside = box.shifted(-canvas.left, -canvas.top)
    result = np.zeros((box.height, box.width, 3), np.float32)
    part = total[max(0, inside.top) : inside.bottom, max(0, inside.left) : inside.right]
    result[max(0, -inside.top) :, max(0, -inside.left) :][: part.shape[0], : part.shape[1]] = part
    return result


def _bands(
    window: Image, base: Image, unknown: Mask, factor: int, attention: Attention
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Weighted sums of the patches, a few of their rows at a time: first row, row after the last, M x n x side x 3.

    As matrices: weights (M x K) times patches (K x values), in column bands, so that memory does not grow with cells.
    """
    step = attention.cell * factor
    side = 2 * step
    count = max(1, _BAND_BYTES // (12 * side * max(attention.weights.shape)))
    places = [
        (row * step - step // 2, column * step - step // 2) for row, column in _places(attention.sources, attention)
    ]
    patches = np.empty((len(places), min(count, side), side, 3), np.float32)
    for first in range(0, side, count):
        last = min(side, first + count)
        part = patches[:, : last - first]
        for patch, (top, left) in zip(part, places, strict=True):
            _residual(window, base, unknown, factor, Box(left, top + first, left + side, top + last), patch)
        yield first, last, _summed(attention.weights, part)


def _places(cells: NDArray[np.int64], attention: Attention) -> list[tuple[int, int]]:
    """Row and column of each cell in the grid."""
    return [divmod(int(cell), attention.grid[1]) for cell in cells]


def _residual(window: Image, base: Image, unknown: Mask, factor: int, box: Box, into: NDArray[np.float32]) -> None:
    """Write what ``base`` lacks of the window in ``box`` into an array of its size; 0 beyond the window and unknown."""
    inside = box.clipped(window.shape[0], window.shape[1])
    at = inside.shifted(-box.left, -box.top).slices
    if (inside.width, inside.height) != (box.width, box.height):
        into[...] = 0.0
    if inside.area == 0:
        return
    into[at] = window[inside.slices]
    into[at] -= base[inside.slices]
    rows = np.arange(inside.top, inside.bottom) // factor
    columns = np.arange(inside.left, inside.right) // factor
    hidden = unknown[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if hidden.any():
        into[at][hidden[rows - rows[0]][:, columns - columns[0]]] = 0.0


def _summed(weights: NDArray[np.float32], patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """``weights`` (M x K) times ``patches`` (K x ...); where rows have few weights, only those are looked at."""
    count = int(np.count_nonzero(weights, axis=1).max())
    if count > _FEW:
        return (weights @ patches.reshape(len(patches), -1)).reshape(-1, *patches.shape[1:])
    largest = np.argsort(-weights, axis=1)[:, :count]
    shares = np.take_along_axis(weights, largest, axis=1)
    total = patches[largest[:, 0]]
    if count == 1 and (shares == 1.0).all():
        return total
    total *= shares[:, 0, None, None, None]
    for rank in range(1, count):
        total += patches[largest[:, rank]] * shares[:, rank, None, None, None]
    return total


def _share(
    unknown: Mask, attention: Attention, corner: tuple[int, int], size: tuple[int, int], factor: int
) -> NDArray[np.float32]:
    """How much of the weight falls on known ground in each pixel of the canvas: patches may hang over unknown ground.

    What is known is the same in all pixels of a cell of the small picture, so the sums are taken there.
    """
    rows, columns = attention.grid
    cell, step = attention.cell, attention.cell * factor
    side, half = 2 * cell, cell // 2
    known = np.zeros(((rows + 1) * cell, (columns + 1) * cell), np.float32)
    part = ~unknown[: rows * cell, : columns * cell]
    known[half : half + part.shape[0], half : half + part.shape[1]] = part
    y, x = np.divmod(attention.sources, columns)
    patches = [known[r * cell : r * cell + side, c * cell : c * cell + side].ravel() for r, c in zip(y, x, strict=True)]
    sums = (attention.weights @ np.stack(patches)).reshape(-1, side, side)
    weight = _patch_weight(step)
    share = np.zeros(size, np.float32)
    y, x = np.divmod(attention.targets, columns)
    for row, column, patch in zip((y - corner[0]) * step, (x - corner[1]) * step, sums, strict=True):
        full = cv2.resize(patch, weight.shape, interpolation=cv2.INTER_NEAREST)
        share[row : row + 2 * step, column : column + 2 * step] += weight * full
    return share


def _gain(attention: Attention, corner: tuple[int, int], size: tuple[int, int]) -> NDArray[np.float32]:
    """1 / the root of the squared weights of all places that a pixel's detail comes from, on the small canvas."""
    rows, columns = attention.grid
    cell = attention.cell
    side = 2 * cell
    dense = np.zeros((len(attention.targets), rows * columns), np.float32)
    dense[:, attention.sources] = attention.weights
    number = np.full((rows, columns), -1)
    number.ravel()[attention.targets] = np.arange(len(attention.targets))
    weight = _patch_weight(cell)
    energy = np.zeros(size, np.float32)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1), (1, -1)):
        for at, target in enumerate(attention.targets):
            row, column = divmod(int(target), columns)
            if not (row + down < rows and 0 <= column + right < columns):
                continue
            other = number[row + down, column + right]
            if other < 0:
                continue
            same = _shared(dense[at].reshape(rows, columns), dense[other].reshape(rows, columns), down, right)
            if same <= 0:
                continue
            y, x = (row - corner[0]) * cell + down * cell, (column - corner[1]) * cell + max(0, right) * cell
            own = weight[down * cell :, max(0, right) * cell : side + min(0, right) * cell]
            its = weight[: side - down * cell, max(0, -right) * cell : side - max(0, right) * cell]
            part = own * its * np.float32(same if (down, right) == (0, 0) else 2.0 * same)
            energy[y : y + part.shape[0], x : x + part.shape[1]] += part
    return np.minimum(1.0 / np.sqrt(np.maximum(energy, 1e-6)), _LARGEST_GAIN)


def _shared(one: NDArray[np.float32], other: NDArray[np.float32], down: int, right: int) -> float:
    """How much two cells, ``down`` and ``right`` of each other, take from the same places at the same offsets."""
    rows, columns = one.shape
    first = one[: rows - down, max(0, -right) : columns - max(0, right)]
    second = other[down:, max(0, right) : columns - max(0, -right)]
    return float(np.vdot(first, second))


def _patch_weight(cell: int) -> NDArray[np.float32]:
    """Weight of a patch of two cells a side in each of its pixels; those of the four patches over a pixel sum to 1."""
    later = later_weight(np.arange(cell), cell)
    line = np.concatenate([later, 1.0 - later])
    return np.asarray(line[:, None] * line, np.float32)


def _mean_colours(picture: NDArray[np.float32], rows: int, columns: int, cell: int) -> NDArray[np.float32]:
    """Mean of each cell, (rows * columns) x 3; the picture's edge is repeated beyond its end."""
    below, right = rows * cell - picture.shape[0], columns * cell - picture.shape[1]
    padded = cv2.copyMakeBorder(picture.astype(np.float32), 0, below, 0, right, cv2.BORDER_REPLICATE)
    means = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32).reshape(-1, 3)


def _of_like_colour(
    weights: NDArray[np.float32],
    colours: NDArray[np.float32],
    targets: NDArray[np.int64],
    sources: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Weights times a Gaussian of the colour difference; the best of a row stays at its scale, however unlike it is."""
    distance = np.square(colours[targets][:, None] - colours[sources]).sum(axis=2) / (2.0 * _LIKE_COLOUR**2)
    # In logarithms, as a row may resemble no source at all.
    exponent = np.log(np.maximum(weights, 1e-12)) - distance
    return np.asarray(np.exp(exponent - exponent.max(axis=1, keepdims=True)), np.float32)


def _cells(mask: Mask, rows: int, columns: int, cell: int, *, beyond: bool) -> Mask:
    """Cells in which any pixel is True; what lies beyond the picture counts as ``beyond``."""
    padded = np.full((rows * cell, columns * cell), beyond)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(padded.reshape(rows, cell, columns, cell).any(axis=(1, 3)))


def _nearest(targets: NDArray[np.int64], sources: NDArray[np.int64], columns: int) -> NDArray[np.float32]:
    """One-hot rows: the source nearest to each target."""
    (y, x), (v, u) = np.divmod(targets, columns), np.divmod(sources, columns)
    distance = (y[:, None] - v) ** 2 + (x[:, None] - u) ** 2
    rows = np.zeros(distance.shape, np.float32)
    if len(targets):
        rows[np.arange(len(targets)), distance.argmin(axis=1)] = 1.0
    return rows
