"""JPEG written back as JPEG: same tables, same subsampling, untouched blocks bit for bit."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.container import jpeg
from cleanplate.encode import jpeg_blocks
from cleanplate.encode.coefficients import (
    CoefficientError,
    read_coefficients,
    standard_tables_only,
    write_progressive,
    write_scans,
)
from cleanplate.encode.jpeg_segments import kept_segments
from cleanplate.encode.options import EncodeOptions
from cleanplate.picture import Picture, turn_back
from cleanplate.types import Image, Mask

_MOST_PROGRESSIVE = 16_000_000
"""Pixels above which progressive files become sequential: searching for scans would take seconds."""


class SourceBlocks:
    """The coefficients of a source file, read while other work goes on."""

    def __init__(self, picture: Picture) -> None:
        """Start reading in a thread of its own (the C library lets others run)."""
        self.structure = jpeg.parse(picture.source)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cleanplate-coefficients")
        self._future: Future[list[NDArray[np.int16]]] = self._pool.submit(
            read_coefficients, self.structure, picture.source
        )
        self._pool.shutdown(wait=False)

    def take(self) -> list[NDArray[np.int16]]:
        """Wait for the coefficients; they are handed out once, as they will be written to."""
        planes = self._future.result()
        del self._future
        return planes


def can_copy_blocks(picture: Picture, options: EncodeOptions) -> bool:
    """True if the picture can be written with its untouched blocks copied."""
    if picture.format != "JPEG" or options.format not in (None, "JPEG") or options.quality is not None:
        return False
    if picture.tolerated is not None:
        return False
    return jpeg_blocks.can_edit(jpeg.parse(picture.source))


def encode_blocks(
    picture: Picture,
    pixels: Image,
    *,
    ink: NDArray[Any] | None,
    changed: Mask,
    options: EncodeOptions,
    blocks: SourceBlocks | None = None,
) -> tuple[bytes, list[str]]:
    """The file with the blocks of ``changed`` pixels replaced, and remarks."""
    blocks = blocks or SourceBlocks(picture)
    structure = blocks.structure
    segments, notes = kept_segments(picture, structure, options)
    planes = blocks.take()
    source = _block_source(picture, pixels, ink, structure)
    jpeg_blocks.replace_blocks(planes, structure, source, turn_back(changed, picture.orientation))
    _check_range(planes)
    progressive = structure.progressive and structure.height * structure.width <= _MOST_PROGRESSIVE
    progressive = progressive and len(planes) in (1, 3)
    if progressive:
        scans = write_progressive(structure, picture.source, planes)
    else:
        scans = write_scans(structure, planes, optimize=not standard_tables_only(structure))
    if structure.progressive and not progressive:
        notes.append("progressive scans were written as sequential ones")
    frame = _frame(structure, progressive=progressive)
    pieces = [b"\xff\xd8", *(segment.encoded for segment in [*segments, *frame])]
    for headers, data in scans:
        pieces += [*(segment.encoded for segment in headers), data]
    return b"".join([*pieces, b"\xff\xd9"]), notes


def _check_range(planes: list[NDArray[np.int16]]) -> None:
    """Huffman coding of 8-bit pictures has no room for more (T.81 F.1.2); only damaged files hold more.

    Raises:
        CoefficientError: a coefficient is outside.
    """
    for plane in planes:
        low, high = int(plane.min()), int(plane.max())
        if high > 1023 or low < -1024 or (low == -1024 and (plane[..., 1:] == -1024).any()):
            raise CoefficientError("DCT coefficients are out of range")


def _frame(structure: jpeg.JpegStructure, *, progressive: bool) -> list[jpeg.Segment]:
    """Quantisation tables and frame header of the source; a progressive frame may become a sequential one."""
    frame = next(segment for segment in structure.segments if segment.marker in jpeg.FRAMES)
    tables = [segment for segment in structure.segments if segment.marker == jpeg.DQT]
    wide = any(payload[:1] >= b"\x10" for payload in structure.payloads(jpeg.DQT))
    kept = progressive or not structure.progressive
    marker = frame.marker if kept else 0xC1 if wide else 0xC0
    return [*tables, jpeg.Segment(marker, frame.payload)]


def _block_source(
    picture: Picture, pixels: Image, ink: NDArray[Any] | None, structure: jpeg.JpegStructure
) -> jpeg_blocks.BlockSource:
    if ink is not None:
        return jpeg_blocks.ink_source(turn_back(ink, picture.orientation), ycck=_transform(structure) == 2)
    stored: Any = turn_back(pixels, picture.orientation)
    if len(structure.components) == 1:
        return jpeg_blocks.grey_source(_luma(stored))
    return jpeg_blocks.colour_source(stored, ycc=_is_ycc(structure))


def _luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey of pixels that may have been given colour, as H x W x 1; equal channels stay exact."""
    import cv2

    grey: Any = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    result: NDArray[np.uint8] = grey.reshape(*grey.shape, 1)
    return result


def _transform(structure: jpeg.JpegStructure) -> int | None:
    """The colour transform that an Adobe segment names."""
    found = structure.payloads(jpeg.APP14, b"Adobe")
    return found[0][6] if found and len(found[0]) >= 7 else None


def _is_ycc(structure: jpeg.JpegStructure) -> bool:
    """How three components are to be read, by the rules that decoders follow (JFIF, then Adobe, then names)."""
    if structure.payloads(jpeg.APP0, b"JFIF\0"):
        return True
    transform = _transform(structure)
    if transform is not None:
        return transform != 0
    return bytes(part.identifier for part in structure.components) != b"RGB"
