"""DCT coefficients of a JPEG file, read and written without a loss.

The entropy coding is done by libjpeg-turbo 2.1.0 (progressive scans: MozJPEG 3), which the package ``jpeglib`` ships.
Its C functions are called directly: its Python classes leave a temporary file behind when a call fails, print, copy
every coefficient twice and hold state for the whole process. Data passes through an unnamed file in memory where the
system has one.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.container import jpeg
from cleanplate.errors import EngineError, MissingExtraError

_TURBO, _MOZJPEG = "turbo210", "mozjpeg300"
_OPTIMIZE = 1 << 6
_YCBCR, _GREY = 3, 1


class CoefficientError(EngineError):
    """The C library refused the data."""


def read_coefficients(structure: jpeg.JpegStructure, data: bytes) -> list[NDArray[np.int16]]:
    """Quantised coefficients, one array (rows of blocks, columns of blocks, 64) a component.

    Args:
        structure: of ``data``; sequential or progressive, Huffman-coded, 8 bits.
        data: the JPEG file, already known to decode without a warning.

    Raises:
        CoefficientError: the library cannot read it.
    """
    planes = [np.empty((*blocks, 64), np.int16) for blocks in block_grid(structure)]
    with _file(_bare(structure, data)) as path:
        status = _library(_TURBO).read_jpeg_dct(os.fsencode(path), *_pointers(planes), None, None)
    if not status:
        raise CoefficientError("DCT coefficients cannot be read")
    return planes


def block_grid(structure: jpeg.JpegStructure) -> list[tuple[int, int]]:
    """Rows and columns of blocks of each component (T.81 A.1.1 and A.2)."""
    across = max(part.across for part in structure.components)
    down = max(part.down for part in structure.components)
    return [
        (_over(_over(structure.height * part.down, down), 8), _over(_over(structure.width * part.across, across), 8))
        for part in structure.components
    ]


def _over(number: int, by: int) -> int:
    """Divide and round up."""
    return -(-number // by)


def write_scans(
    structure: jpeg.JpegStructure, planes: list[NDArray[np.int16]], *, optimize: bool
) -> list[tuple[list[jpeg.Segment], bytes]]:
    """Entropy-code coefficients: for each scan the Huffman tables with the SOS header, and the data.

    One interleaved scan for one or three components; four components get a scan each (the library writes three).

    Raises:
        CoefficientError: the library cannot write them.
    """
    parts = structure.components
    if len(parts) == 3:
        return [_write(structure, planes, [0, 1, 2], optimize=optimize)]
    return [_write(structure, planes, [index], optimize=optimize) for index in range(len(parts))]


def _write(
    structure: jpeg.JpegStructure, planes: list[NDArray[np.int16]], chosen: list[int], *, optimize: bool
) -> tuple[list[jpeg.Segment], bytes]:
    parts = [structure.components[index] for index in chosen]
    single = len(parts) == 1
    across = max(part.across for part in structure.components)
    down = max(part.down for part in structure.components)
    height = _over(structure.height * parts[0].down, down) if single else structure.height
    width = _over(structure.width * parts[0].across, across) if single else structure.width
    factors = [1, 1] if single else [value for part in parts for value in (part.down, part.across)]
    used = [np.ascontiguousarray(planes[index]) for index in chosen]
    written = _call(_library(_TURBO), None, used, (height, width), factors, optimize=optimize)
    result = jpeg.parse(written)
    tables = [segment for segment in result.segments if segment.marker == jpeg.DHT]
    scan = next(segment for segment in result.segments if segment.marker == jpeg.SOS)
    assert scan.scan is not None
    header = bytearray(scan.payload)
    for place, part in enumerate(parts):
        header[1 + 2 * place] = part.identifier
    return [*tables, jpeg.Segment(jpeg.SOS, bytes(header))], written[slice(*scan.scan)]


def write_progressive(
    structure: jpeg.JpegStructure, data: bytes, planes: list[NDArray[np.int16]]
) -> list[tuple[list[jpeg.Segment], bytes]]:
    """Entropy-code coefficients in progressive scans, as :func:`write_scans` does in sequential ones.

    MozJPEG searches for the scans that take the fewest bytes, which costs some six times as much time.

    Args:
        structure: of ``data``; one or three components.
        data: the source, from which the frame is taken.
        planes: coefficients of each component.

    Raises:
        CoefficientError: the library cannot write them.
    """
    factors = [value for part in structure.components for value in (part.down, part.across)]
    used = [np.ascontiguousarray(plane) for plane in planes]
    size = (structure.height, structure.width)
    written = _call(_library(_MOZJPEG), _bare(structure, data), used, size, factors, optimize=True)
    scans: list[tuple[list[jpeg.Segment], bytes]] = []
    headers: list[jpeg.Segment] = []
    for segment in jpeg.parse(written).segments:
        if segment.marker in (jpeg.DHT, jpeg.SOS):
            headers.append(segment)
        if segment.scan is not None:
            scans.append((headers, written[slice(*segment.scan)]))
            headers = []
    return scans


def _call(
    library: ctypes.CDLL,
    source: bytes | None,
    planes: list[NDArray[np.int16]],
    size: tuple[int, int],
    factors: list[int],
    *,
    optimize: bool,
) -> bytes:
    """Have a file written that holds ``planes``."""
    grid = [side for plane in planes for side in plane.shape[:2]]
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(_file(b""))
        origin = None if source is None else stack.enter_context(_file(source))
        status = library.write_jpeg_dct(
            None if origin is None else os.fsencode(origin),
            os.fsencode(path),
            *_pointers(planes),
            (ctypes.c_int * 2)(*size),
            (ctypes.c_int * 8)(*grid),
            (ctypes.c_int * 8)(*factors),
            _GREY if len(planes) == 1 else _YCBCR,
            len(planes),
            None,
            -1,
            None,
            0,
            None,
            None,
            None,
            _OPTIMIZE if optimize else 0,
            0xFFFFFFFF,
        )
        written = path.read_bytes()
    if not status:
        raise CoefficientError("DCT coefficients cannot be written")
    return written


def _bare(structure: jpeg.JpegStructure, data: bytes) -> bytes:
    """The file without application segments, comments and trailer: just what the entropy decoder needs."""
    pieces = [b"\xff\xd8"]
    for segment in structure.segments:
        if 0xE0 <= segment.marker <= 0xEF or segment.marker == jpeg.COM:
            continue
        pieces.append(segment.encoded)
        if segment.scan is not None:
            pieces.append(data[slice(*segment.scan)])
    return b"".join([*pieces, b"\xff\xd9"])


def _pointers(planes: list[NDArray[np.int16]]) -> list[ctypes.c_void_p | None]:
    found: list[ctypes.c_void_p | None] = [ctypes.c_void_p(plane.ctypes.data) for plane in planes]
    return found + [None] * (4 - len(found))


@contextlib.contextmanager
def _file(content: bytes) -> Iterator[Path]:
    """A file for the C library to open by name, gone afterwards."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with open(os.memfd_create("cleanplate"), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            yield Path(f"/proc/self/fd/{file.fileno()}")
        return
    with tempfile.TemporaryDirectory(prefix="cleanplate-") as folder:
        path = Path(folder) / "data.jpg"
        path.write_bytes(content)
        yield path


@functools.cache
def _library(name: str) -> ctypes.CDLL:
    spec = importlib.util.find_spec("jpeglib")
    if spec is None or spec.origin is None:
        raise MissingExtraError("the package jpeglib is not installed", fix="pip install jpeglib")
    found = sorted((Path(spec.origin).parent / "cjpeglib").glob(f"cjpeglib_{name}.*"))
    if not found:
        raise MissingExtraError("the package jpeglib lacks a library", fix="pip install --force-reinstall jpeglib")
    library = ctypes.CDLL(str(found[0]))
    text, address, integer = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
    library.read_jpeg_dct.argtypes = [text, *[address] * 6]
    library.read_jpeg_dct.restype = integer
    library.write_jpeg_dct.argtypes = [
        *(text, text),
        *[address] * 4,
        *[address] * 3,
        *(integer, integer),
        address,
        ctypes.c_short,
        address,
        integer,
        *[address] * 3,
        *(ctypes.c_uint, ctypes.c_uint),
    ]
    library.write_jpeg_dct.restype = integer
    return library


def standard_tables_only(structure: jpeg.JpegStructure) -> bool:
    """True if the file uses the example Huffman tables of T.81 annex K, as cameras do."""
    lengths = {0x00: 12, 0x01: 12, 0x10: 162, 0x11: 162}
    for payload in structure.payloads(jpeg.DHT):
        at = 0
        while at + 17 <= len(payload):
            count = sum(struct.unpack_from("16B", payload, at + 1))
            if lengths.get(payload[at]) != count:
                return False
            at += 17 + count
    return not structure.progressive
