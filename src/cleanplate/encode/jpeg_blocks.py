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
    count = 0
    for index, part in enumerate(structure.components):
        step = (down // part.down, across // part.across)
        table = np.array(tables[part.table], np.float32)
        for rows, columns in _touched(changed, planes[index].shape[:2], step):
            samples, fresh = _samples(source, index, changed, rows, columns, step)
            old = (planes[index][rows, columns] * table) @ _BASIS
            planes[index][rows, columns] = _quantised(np.where(fresh, samples, old) @ _BASIS.T, table)
            count += len(rows)
    return count


def _touched(changed: Mask, grid: tuple[int, ...], step: tuple[int, int]) -> Iterator[tuple[Any, Any]]:
    """Rows and columns of the blocks with a changed pixel, in batches."""
    high, wide = 8 * step[0], 8 * step[1]
    height, width = changed.shape
    by_rows = np.logical_or.reduceat(changed, np.arange(0, height, high), axis=0)
    blocks = np.logical_or.reduceat(by_rows, np.arange(0, width, wide), axis=1)
    rows, columns = np.nonzero(blocks[: grid[0], : grid[1]])
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH], columns[start : start + _BATCH]


def _samples(
    source: BlockSource, index: int, changed: Mask, rows: Any, columns: Any, step: tuple[int, int]
) -> tuple[NDArray[np.float32], Mask]:
    """Samples (N x 64) of one component, level-shifted, and which of them stand for a changed pixel."""
    height, width = changed.shape
    down, across = step
    y = np.minimum(rows[:, None] * 8 * down + np.arange(8 * down), height - 1)[:, :, None]
    x = np.minimum(columns[:, None] * 8 * across + np.arange(8 * across), width - 1)[:, None, :]
    window = source.pixels[y, x]
    if source.matrix is None:
        values = window[..., index].astype(np.float32)
    else:
        values = window.astype(np.float32) @ source.matrix[index]
    shift = 0.0 if source.centred[index] else 128.0
    parts = (len(rows), 8, down, 8, across)
    fresh = changed[y, x].reshape(parts).any(axis=(2, 4))
    return (values.reshape(parts).mean(axis=(2, 4)) - shift).reshape(-1, 64), fresh.reshape(-1, 64)


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
