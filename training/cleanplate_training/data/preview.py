"""Sheets by which a person can check data: pictures with everything that is known about them drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError, OutputError
from cleanplate_training.data.augment.geometry import resized
from cleanplate_training.data.holes.generator import HoleGenerator
from cleanplate_training.data.pixels import encode_png
from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shards import ShardSet

_COLOURS = ((255, 64, 64), (64, 200, 255), (255, 200, 0), (120, 255, 80), (220, 90, 255), (255, 140, 60))
_GROUND = np.array((0, 150, 60), np.float32)
_CAPTION = 16


def preview(
    shards: Sequence[Path], out: Path, *, count: int = 48, columns: int = 8, side: int = 224, seed: int = 0
) -> list[Path]:
    """Write sheets of randomly chosen samples, a group of panels each: picture, then alpha, mask, instances.

    Args:
        shards: what to look at.
        out: folder for ``preview-000.png`` ...; must not hold sheets.
        count: samples shown.
        columns: panels a row.
        side: of a panel, in pixels.
        seed: of the choice.

    Raises:
        InputError: a shard cannot be read.
        OutputError: ``out`` already holds sheets or cannot be written.
    """
    samples = ShardSet(shards)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(samples))[:count])
    tiles = [tile for index in chosen for tile in panels(samples[int(index)], side)]
    return write_sheets(tiles, out, columns=columns)


def preview_holes(
    generator: HoleGenerator, samples: Sequence[Sample], out: Path, *, count: int = 48, columns: int = 8, seed: int = 0
) -> list[Path]:
    """Write sheets of holes over pictures, as an inpainting network is given them (grey where there is a hole).

    Args:
        generator: draws the holes; its size is that of the panels.
        samples: pictures, used in turn; those of another size are resized.
        out: folder for ``holes-000.png`` ...; must not hold such sheets.
        count: holes shown.
        columns: panels a row.
        seed: of the holes.

    Raises:
        OutputError: ``out`` already holds sheets or cannot be written.
    """
    rng = np.random.default_rng(seed)
    tiles = []
    for number in range(count):
        hole = generator.draw(rng)
        picture = resized(samples[number % len(samples)], *generator.size).picture
        picture[hole] = 128
        tiles.append(_captioned(picture, f"hole {hole.mean():.1%}"))
    return write_sheets(tiles, out, columns=columns, stem="holes")


def panels(sample: Sample, side: int) -> list[NDArray[np.uint8]]:
    """The views of one sample, uint8 (side + 16) x side x 3 each, with captions."""
    views = [(sample.key[-34:], _fitted(sample.picture, side))]
    if sample.alpha is not None:
        weight = _fitted(sample.alpha, side)[..., np.newaxis] / np.float32(255)
        over = _fitted(sample.picture, side) * weight + _GROUND * (1 - weight)
        views.append((f"alpha  {sample.source}", np.rint(over).astype(np.uint8)))
    if sample.mask is not None:
        tinted = sample.picture.copy()
        tinted[sample.mask] = tinted[sample.mask] // 2 + np.array((127, 0, 0), np.uint8)
        views.append((f"mask {sample.mask.mean():.1%}  {sample.source}", _fitted(tinted, side)))
    if sample.instances is not None:
        views.append((f"{len(sample.instances)} instances  {sample.source}", _fitted(outlined(sample), side)))
    return [_captioned(view, caption) for caption, view in views]


def outlined(sample: Sample) -> NDArray[np.uint8]:
    """The picture with boxes and outlines of its instances drawn in, uint8 RGB."""
    drawn = sample.picture.copy()
    width = max(1, round(max(drawn.shape) / 250))
    for number, instance in enumerate(sample.instances or ()):
        colour = _COLOURS[number % len(_COLOURS)]
        left, top, right, bottom = (round(edge) for edge in instance.box)
        cv2.rectangle(drawn, (left, top), (right - 1, bottom - 1), colour, width)
        if instance.mask is not None:
            contours, _ = cv2.findContours(instance.mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(drawn, contours, -1, colour, width)
    return drawn


def write_sheets(
    tiles: Sequence[NDArray[np.uint8]], out: Path, *, columns: int = 8, rows: int = 8, stem: str = "preview"
) -> list[Path]:
    """Write tiles of one size in rows, as many PNG sheets as are needed.

    Raises:
        ArgumentError: no tiles.
        OutputError: ``out`` already holds such sheets or cannot be written.
    """
    if not tiles:
        raise ArgumentError("holds nothing to show", subject="preview")
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.glob(f"{stem}-*.png")):
            raise OutputError(f"already holds {stem} sheets", subject=out, fix="give another folder")
        paths = []
        for number, start in enumerate(range(0, len(tiles), rows * columns)):
            path = out / f"{stem}-{number:03d}.png"
            path.write_bytes(encode_png(sheet(tiles[start : start + rows * columns], columns=columns)))
            paths.append(path)
    except OSError as error:
        raise OutputError(error.strerror or "cannot be written", subject=out) from error
    return paths


def sheet(tiles: Sequence[NDArray[np.uint8]], *, columns: int = 8) -> NDArray[np.uint8]:
    """Tiles of one size side by side, row by row, uint8 RGB."""
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    canvas = np.zeros((rows * height, min(columns, len(tiles)) * width, 3), np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return canvas


def _fitted(plane: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The plane scaled into a square of ``side``, with black beside it."""
    factor = side / max(plane.shape[:2])
    size = (max(1, round(plane.shape[1] * factor)), max(1, round(plane.shape[0] * factor)))
    scaled = cv2.resize(plane, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    out = np.zeros((side, side, *plane.shape[2:]), np.uint8)
    out[: size[1], : size[0]] = scaled
    return out


def _captioned(view: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    bar = np.zeros((_CAPTION, view.shape[1], 3), np.uint8)
    ascii_caption = caption.encode("ascii", "replace").decode()
    cv2.putText(bar, ascii_caption, (3, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([bar, view])
