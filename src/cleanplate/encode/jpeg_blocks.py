"""New pixels in a JPEG without a new generation: only DCT blocks that hold a changed pixel are computed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.container import jpeg
from cleanplate.types import Mask

_BATCH = 4096

# JFIF 1.02 (ITU-R BT.601): rows Y, Cb, Cr.
_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]], np.float32
)


@dataclass(frozen=True)
class BlockSource:
    """What the blocks of a component are computed from.

    Attributes:
        pixels: stored frame, H x W x C; colours as the file codes them after ``matrix``.
        matrix: components x C, or None if channel k is component k.
        centred: for each component, True if zero is its middle (chroma), else 128 is taken off.
    """

    pixels: NDArray[np.uint8]
    matrix: NDArray[np.float32] | None
    centred: tuple[bool, ...]


def colour_source(pixels: NDArray[np.uint8], *, ycc: bool) -> BlockSource:
    """Blocks from H x W x 3 RGB pixels, coded as YCbCr or as they are."""
    return BlockSource(pixels, _YCBCR if ycc else None, (False, ycc, ycc))


def ink_source(ink: NDArray[np.uint8], *, ycck: bool) -> BlockSource:
    """Blocks from H x W x 4 inks, coded as YCCK or as they are; files hold them inverted (Adobe).

    YCCK takes R = 255 - C of the inverted samples, which is the ink itself; K stays inverted.
    """
    samples = 255 - ink
    if not ycck:
        return BlockSource(samples, None, (False,) * 4)
    samples[..., :3] = ink[..., :3]
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = _YCBCR
    return BlockSource(samples, matrix, (False, True, True, False))


def grey_source(pixels: NDArray[np.uint8]) -> BlockSource:
    """Blocks from one channel, H x W x 1."""
    return BlockSource(pixels, None, (False,))


def can_edit(structure: jpeg.JpegStructure) -> bool:
    """True if the blocks of a file can be replaced: Huffman-coded, 8 bits, whole subsampling factors."""
    across = max(part.across for part in structure.components)
    down = max(part.down for part in structure.components)
    return (
        structure.marker in (0xC0, 0xC1, 0xC2)
        and structure.precision == 8
        and all(across % part.across == 0 and down % part.down == 0 for part in structure.components)
        and jpeg.quantisation_tables(structure) is not None
    )


def replace_blocks(
    planes: list[NDArray[np.int16]], structure: jpeg.JpegStructure, source: BlockSource, changed: Mask
) -> int:
    """Write the coefficients of all blocks that hold a changed pixel into ``planes``; the others stay as they are.

    In a block that is changed in part, the samples of unchanged pixels are those of the old block, not of its decoded
    and clipped pixels, so that the only loss there is one rounding.

    Args:
        planes: quantised coefficients of each component, as read; written to.
        structure: of the file.
        source: new pixels in the stored frame.
        changed: H x W in the stored frame.

    Returns:
        How many blocks were computed.
    """
    tables = jpeg.quantisation_tables(structure) or {}
    across = max(part.across for part in structure.components)
    down = max(part.down for part in structure.components)
    cells = _cells(changed)
    count = 0
    for step, chosen in _by_step(structure.components, across, down).items():
        for rows, columns in _touched(cells, planes[chosen[0]].shape[:2], step):
            window = _window(source.pixels, rows, columns, step)
            fresh = _fresh(_window(changed[..., None], rows, columns, step)[..., 0], step)
            for index in chosen:
                table = np.array(tables[structure.components[index].table], np.float32)
                samples = _samples(source, index, window, step)
                old = (planes[index][rows, columns] * table) @ _BASIS
                planes[index][rows, columns] = _quantised(np.where(fresh, samples, old) @ _BASIS.T, table)
                count += len(rows)
    return count


def _by_step(components: tuple[jpeg.Component, ...], across: int, down: int) -> dict[tuple[int, int], list[int]]:
    """Components by how many pixels (down, across) one of their samples covers."""
    found: dict[tuple[int, int], list[int]] = {}
    for index, part in enumerate(components):
        found.setdefault((down // part.down, across // part.across), []).append(index)
    return found


def _cells(changed: Mask) -> Mask:
    """Which 8 x 8 cells hold a changed pixel."""
    height, width = changed.shape
    padded = np.zeros((-(-height // 8) * 8, -(-width // 8) * 8), np.uint8)
    padded[:height, :width] = changed
    rows = np.bitwise_or.reduce(padded.reshape(-1, 8, padded.shape[1]), axis=1)
    cells: Any = rows.view(np.uint64) != 0
    return np.asarray(cells, np.bool_)


def _touched(cells: Mask, grid: tuple[int, ...], step: tuple[int, int]) -> Iterator[tuple[Any, Any]]:
    """Rows and columns of the blocks with a changed pixel, in batches."""
    down, across = step
    padded = np.zeros((-(-cells.shape[0] // down) * down, -(-cells.shape[1] // across) * across), np.bool_)
    padded[: cells.shape[0], : cells.shape[1]] = cells
    blocks: Any = padded.reshape(padded.shape[0] // down, down, -1, across).any(axis=(1, 3))
    rows, columns = np.nonzero(blocks[: grid[0], : grid[1]])
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH], columns[start : start + _BATCH]


def _window(image: NDArray[Any], rows: Any, columns: Any, step: tuple[int, int]) -> NDArray[Any]:
    """The pixels of blocks, N x high x wide x C; beyond the border those of the border repeat."""
    height, width, channels = image.shape
    high, wide = 8 * step[0], 8 * step[1]
    inside = (height // high, width // wide)
    result = np.empty((len(rows), high, wide, channels), image.dtype)
    whole = (rows < inside[0]) & (columns < inside[1])
    tiles = image[: inside[0] * high, : inside[1] * wide].reshape(inside[0], high, inside[1], wide, channels)
    result[whole] = tiles[rows[whole], :, columns[whole]]
    cut = ~whole
    if cut.any():
        y = np.minimum(rows[cut, None] * high + np.arange(high), height - 1)[:, :, None]
        x = np.minimum(columns[cut, None] * wide + np.arange(wide), width - 1)[:, None, :]
        result[cut] = image[y, x]
    return result


def _fresh(window: Mask, step: tuple[int, int]) -> Mask:
    """Which samples (N x 64) stand for a changed pixel."""
    fresh: Mask = np.zeros((len(window), 8, 8), np.bool_)
    for down in range(step[0]):
        for across in range(step[1]):
            fresh |= window[:, down :: step[0], across :: step[1]]
    return fresh.reshape(-1, 64)


def _samples(source: BlockSource, index: int, window: NDArray[Any], step: tuple[int, int]) -> NDArray[np.float32]:
    """Samples (N x 64) of one component, level-shifted: the mean over the pixels that each covers."""
    total = np.zeros((len(window), 8, 8), np.float32)
    for down in range(step[0]):
        for across in range(step[1]):
            part = window[:, down :: step[0], across :: step[1]]
            if source.matrix is None:
                total += part[..., index]
            else:
                for channel in np.flatnonzero(source.matrix[index]):
                    total += part[..., channel] * source.matrix[index, channel]
    total /= step[0] * step[1]
    if not source.centred[index]:
        total -= 128.0
    return total.reshape(-1, 64)


def _quantised(coefficients: NDArray[np.float32], table: NDArray[np.float32]) -> NDArray[np.int16]:
    levels = np.rint(coefficients / table)
    levels[:, 1:] = np.clip(levels[:, 1:], -1023, 1023)
    levels[:, 0] = np.clip(levels[:, 0], -1024, 1023)
    whole: NDArray[np.int16] = levels.astype(np.int16)
    return whole


def _basis() -> NDArray[np.float32]:
    """64 x 64: row k is the picture of coefficient k (T.81 A.3.3), so coefficients @ basis are samples."""
    place = np.arange(8)
    wave = np.cos((2 * place[None, :] + 1) * place[:, None] * np.pi / 16) / 2
    wave[0] /= np.sqrt(2)
    return np.kron(wave, wave).astype(np.float32)


_BASIS = _basis()
