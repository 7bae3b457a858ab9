"""TIFF to pixels: the first page, 8 or 16 bits, grey, RGB, CMYK, with alpha; the other pages are kept for writing."""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from cleanplate.container import exif, photoshop, tiff, tiff_exif, xmp
from cleanplate.decode import tiff_jpeg
from cleanplate.decode.ink import as_rgb
from cleanplate.decode.limits import Limits
from cleanplate.decode.opencv import decode_unchanged
from cleanplate.decode.upright import upright
from cleanplate.errors import BrokenInputError, FormatError
from cleanplate.picture import Metadata, Picture

_BYTE_ORIENTED = frozenset({1, 5, 8, 32946, 32773, 34925, 50000})
"""None, LZW, deflate (two numbers), PackBits, LZMA, Zstandard: they pack bytes and do not care what these mean."""
_BY_OPENCV = frozenset({5, 32773})
_FAX, _JPEG = frozenset({2, 3, 4}), 7
_PIXEL_FIELDS = frozenset({*range(256, 260), 262, 266, 277, 278, 284, 292, 293, 317, *range(320, 324), 338, 339, 347})
_PIXEL_FIELDS |= frozenset(range(529, 533))
_CFA, _LINEAR_RAW = 32803, 34892


def is_raw(data: bytes) -> bool:
    """True if a TIFF structure is a camera's raw file (DNG, NEF, ARW, ...)."""
    try:
        parsed = tiff.parse(data)
    except tiff.TiffError:
        return False
    first = parsed.pages[0]
    pages = [*parsed.pages, *(table for page in parsed.pages for table in page.tables.get(tiff.SUB_PAGES, []))]
    kinds = {parsed.number(page, tiff.PHOTOMETRIC, -1) for page in pages}
    compressions = {parsed.number(page, tiff.COMPRESSION, -1) for page in pages}
    return tiff.DNG_VERSION in first.fields or bool(kinds & {_CFA, _LINEAR_RAW} or compressions & {32767, 34713})


def read_tiff(data: bytes, name: str, limits: Limits) -> Picture:
    """Decode the first page of a TIFF file.

    Raises:
        BrokenInputError: truncated or damaged.
        FormatError: samples of another kind (floating point, 32 bits, Lab, ...).
        TooLargeError: over ``limits``.
    """
    try:
        parsed = tiff.parse(data)
        page = parsed.pages[0]
        limits.check_size(parsed.number(page, tiff.HEIGHT, 0), parsed.number(page, tiff.WIDTH, 0), name)
        planes, photometric = _samples(parsed, page, name)
    except (tiff.TiffError, OSError, SyntaxError, ValueError, struct.error) as error:
        reason = " ".join(str(error).split())[:100]
        raise BrokenInputError(f"is a damaged TIFF ({reason})", subject=name, fix="get an intact copy") from None
    metadata = _metadata(parsed, page)
    orientation = exif.valid_orientation(parsed.number(page, tiff.ORIENTATION, 1))
    planes = upright(planes, orientation)
    base = {5: 4, 2: 3}.get(photometric, 1)
    kinds = parsed.numbers(page, tiff.EXTRA)
    alpha = extra = None
    if planes.shape[2] == base + 1 and not kinds and parsed.number(page, tiff.PHOTOMETRIC, 1) == 3:
        kinds = [2]  # a palette with transparency
    if planes.shape[2] > base:
        has_alpha = kinds[:1] in ([1], [2])
        alpha = np.ascontiguousarray(planes[..., base]) if has_alpha else None
        rest = planes[..., base + has_alpha :]
        extra = np.ascontiguousarray(rest) if rest.shape[2] else None
    ink = np.ascontiguousarray(planes[..., :4]) if photometric == 5 else None
    if ink is not None:
        pixels: Any = as_rgb(ink)
    elif base == 3:
        pixels = np.ascontiguousarray(planes[..., :3])
    else:
        pixels = np.repeat(planes[..., :1], 3, axis=2)
    bits = parsed.numbers(page, tiff.BITS) or [1]
    modes = {5: "CMYK", 2: "RGB", 3: "P"}
    shown = parsed.number(page, tiff.PHOTOMETRIC, 1)
    return Picture(
        pixels=pixels,
        alpha=alpha,
        format="TIFF",
        name=name,
        mode="1" if bits[0] == 1 else "P" if shown == 3 else modes.get(photometric, "L"),
        depth=bits[0],
        orientation=orientation,
        lossless=True,
        ink=ink,
        extra=extra,
        metadata=metadata,
        source=data,
    )


def _samples(parsed: tiff.Tiff, page: tiff.Directory, name: str) -> tuple[NDArray[Any], int]:
    """H x W x C samples as stored, and the photometric interpretation they have now."""
    bits = set(parsed.numbers(page, tiff.BITS) or [1])
    photometric = parsed.number(page, tiff.PHOTOMETRIC, 1)
    if set(parsed.numbers(page, tiff.SAMPLE_FORMAT) or [1]) != {1} or not bits <= {1, 2, 4, 8, 16}:
        raise FormatError("is a TIFF with floating-point or 32-bit samples", subject=name, fix="convert it to 16 bits")
    plain = parsed.number(page, tiff.COMPRESSION, 1) in _BYTE_ORIENTED and bits in ({8}, {16})
    if plain and photometric in (0, 1, 2, 5):
        planes = _unpacked(parsed, page)
        wanted = {2: 3, 5: 4}.get(photometric, 1)
        if planes.shape[2] < wanted:
            raise tiff.TiffError("too few channels")
        if photometric == 0:
            planes = np.iinfo(planes.dtype).max - planes
            photometric = 1
        return planes, photometric
    if bits == {1} and parsed.number(page, tiff.COMPRESSION, 1) in _FAX:
        return _fax(_bare(parsed, page), parsed, page), 1
    if bits == {16}:
        raise FormatError("is a 16-bit TIFF of a kind not read here", subject=name, fix="save it as RGB with LZW")
    bare = _bare(parsed, page)
    if parsed.number(page, tiff.COMPRESSION, 1) == _JPEG and bits == {8} and photometric in (1, 2, 5, 6):
        return tiff_jpeg.unpacked(parsed, page), {6: 2}.get(photometric, photometric)
    return _by_pillow(bare, name)


def _unpacked(parsed: tiff.Tiff, page: tiff.Directory) -> NDArray[Any]:
    """Samples of a page with byte-oriented compression.

    The compression is undone by the standard library or, for LZW and the like, by libtiff on a grey page that is as
    wide as the bytes of a row: neither OpenCV nor Pillow reads all 16-bit layouts. Byte order and predictor are undone
    here.
    """
    height, width = parsed.number(page, tiff.HEIGHT, 0), parsed.number(page, tiff.WIDTH, 0)
    channels = parsed.number(page, tiff.CHANNELS, 1)
    size = parsed.number(page, tiff.BITS, 8) // 8
    predictor = parsed.number(page, tiff.PREDICTOR, 1)
    if predictor not in (1, 2) or not 1 <= channels <= 32:
        raise tiff.TiffError("unknown predictor or number of channels")
    if parsed.number(page, tiff.PLANAR, 1) == 2 and channels > 1:
        parts = [_plane(parsed, page, index, channels) for index in range(channels)]
        planes = np.dstack([_typed(parsed, part, (height, width, 1), size) for part in parts])
    else:
        planes = _typed(parsed, _bytes(parsed, page, width * channels * size), (height, width, channels), size)
    if predictor == 2:
        step = parsed.number(page, tiff.TILE_WIDTH, width) if tiff.TILES in page.data else width
        for left in range(0, width, max(1, step)):
            part = planes[:, left : left + step]
            np.cumsum(part, axis=1, dtype=planes.dtype, out=part)
    return planes


def _plane(parsed: tiff.Tiff, page: tiff.Directory, index: int, channels: int) -> NDArray[np.uint8]:
    """The bytes of one channel that is stored apart from the others."""
    copy = tiff.Directory(dict(page.fields), {})
    for tag, pieces in page.data.items():
        count = len(pieces) // channels
        copy.data[tag] = pieces[index * count : (index + 1) * count]
    size = parsed.number(page, tiff.BITS, 8) // 8
    return _bytes(parsed, copy, parsed.number(page, tiff.WIDTH, 0) * size)


def _bytes(parsed: tiff.Tiff, page: tiff.Directory, width: int) -> NDArray[np.uint8]:
    """The unpacked bytes of a page as rows of ``width``."""
    height = parsed.number(page, tiff.HEIGHT, 0)
    scale = width // max(1, parsed.number(page, tiff.WIDTH, 1))
    kept = (tiff.COMPRESSION, tiff.ROWS_PER_STRIP, tiff.TILE_HEIGHT)
    fields = {tag: page.fields[tag] for tag in kept if tag in page.fields}
    fields[tiff.WIDTH], fields[tiff.HEIGHT] = parsed.long(width), parsed.long(height)
    fields[tiff.BITS], fields[tiff.CHANNELS], fields[tiff.PHOTOMETRIC] = (parsed.short(v) for v in (8, 1, 1))
    if tiff.TILES in page.data:
        fields[tiff.TILE_WIDTH] = parsed.long(parsed.number(page, tiff.TILE_WIDTH, 1) * scale)
    data = {tag: pieces for tag, pieces in page.data.items() if tag in (tiff.STRIPS, tiff.TILES)}
    fields_page = tiff.Directory(fields)
    compression = parsed.number(page, tiff.COMPRESSION, 1)
    if compression in _STANDARD:
        tall = parsed.number(page, tiff.TILE_HEIGHT if tiff.TILES in data else tiff.ROWS_PER_STRIP, height)
        wide = parsed.number(fields_page, tiff.TILE_WIDTH, width) if tiff.TILES in data else width
        largest = min(tall, height + 1024) * min(wide, width + (1 << 20))
        for tag, pieces in data.items():
            data[tag] = [_STANDARD[compression](piece, largest) for piece in pieces]
        fields[tiff.COMPRESSION] = parsed.short(1)
    bare = tiff.assemble(tiff.Tiff(parsed.order, parsed.big, [tiff.Directory(fields, data)]))
    if compression in _BY_OPENCV:
        decoded = decode_unchanged(bare)
        if decoded is None or decoded.shape != (height, width) or decoded.dtype != np.uint8:
            raise tiff.TiffError("pixel data cannot be unpacked")
        return decoded
    file = TiffImagePlugin.TiffImageFile(io.BytesIO(bare))
    file.load()
    rows: NDArray[np.uint8] = np.asarray(file)
    if rows.shape != (height, width) or rows.dtype != np.uint8:
        raise tiff.TiffError("sizes disagree")
    return rows


def _inflate(piece: bytes | memoryview, largest: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(piece, largest)
    except zlib.error:
        raise tiff.TiffError("pixel data cannot be unpacked") from None
    if not inflater.eof and len(data) < largest:
        raise tiff.TiffError("pixel data ends early")
    return data


def _unpack_lzma(piece: bytes | memoryview, largest: int) -> bytes:
    try:
        return lzma.LZMADecompressor(memlimit=1 << 28).decompress(piece, largest)
    except lzma.LZMAError:
        raise tiff.TiffError("pixel data cannot be unpacked") from None


_STANDARD: dict[int, Callable[[bytes | memoryview, int], bytes]] = {8: _inflate, 32946: _inflate, 34925: _unpack_lzma}


def _typed(parsed: tiff.Tiff, rows: NDArray[np.uint8], shape: tuple[int, int, int], size: int) -> NDArray[Any]:
    kind: np.dtype[Any] = np.dtype(np.uint8) if size == 1 else np.dtype(np.uint16)
    return np.ascontiguousarray(rows).view(kind.newbyteorder(parsed.order)).astype(kind).reshape(shape)


def _bare(parsed: tiff.Tiff, page: tiff.Directory) -> bytes:
    """A file of just this page, without what does not describe its pixels."""
    fields = {tag: values for tag, values in page.fields.items() if tag in _PIXEL_FIELDS}
    data = {tag: pieces for tag, pieces in page.data.items() if tag in (tiff.STRIPS, tiff.TILES)}
    return tiff.assemble(tiff.Tiff(parsed.order, parsed.big, [tiff.Directory(fields, data)]))


def _fax(data: bytes, parsed: tiff.Tiff, page: tiff.Directory) -> NDArray[np.uint8]:
    """Bilevel pages with CCITT compression."""
    decoded = decode_unchanged(data)
    size = parsed.number(page, tiff.HEIGHT, 0), parsed.number(page, tiff.WIDTH, 0)
    if decoded is None or decoded.shape[:2] != size or decoded.dtype != np.uint8:
        raise tiff.TiffError("pixel data cannot be unpacked")
    return decoded[..., None] if decoded.ndim == 2 else np.ascontiguousarray(decoded[..., :1])


def _by_pillow(data: bytes, name: str) -> tuple[NDArray[Any], int]:
    """Palettes, bilevel, JPEG and CCITT compression, YCbCr: 8 bits."""
    file = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    file.load()
    if file.mode == "CMYK":
        return np.asarray(file), 5
    if file.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"):
        raise FormatError(f"is a TIFF of a kind not read here ({file.mode})", subject=name, fix="save it as RGB")
    if file.mode in ("1", "L"):
        return np.asarray(file.convert("L"))[..., None], 1
    return np.asarray(file.convert("RGBA" if "A" in file.mode else "RGB")), 2


def _metadata(parsed: tiff.Tiff, page: tiff.Directory) -> Metadata:
    def value(tag: int) -> bytes | None:
        found = page.fields.get(tag)
        return bytes(found.data) if found is not None else None

    packet = value(tiff.XMP)
    block = tiff_exif.block_of(parsed, page)
    record = value(tiff.IPTC)
    if record is not None and page.fields[tiff.IPTC].kind == 4 and record[:1] != b"\x1c":
        record = np.frombuffer(record, np.uint32).byteswap().tobytes()  # old writers swapped it as numbers
    return Metadata(
        exif=block,
        xmp=xmp.cleaned(packet) if packet else None,
        icc=value(tiff.ICC),
        iptc=record or photoshop.iptc(value(tiff.PHOTOSHOP) or b""),
        dpi=_dpi(parsed, page),
    )


def _dpi(parsed: tiff.Tiff, page: tiff.Directory) -> tuple[float, float] | None:
    scale = {2: 1.0, 3: 2.54}.get(parsed.number(page, tiff.RESOLUTION_UNIT, 2))
    values = []
    for tag in (tiff.X_RESOLUTION, tiff.Y_RESOLUTION):
        found = page.fields.get(tag)
        if found is None or found.kind != 5 or len(found.data) < 8 or scale is None:
            return None
        above, below = struct.unpack_from(parsed.order + "2I", found.data)
        values.append(scale * above / below if below else 0.0)
    return (values[0], values[1]) if all(0 < value < 1e6 for value in values) else None
