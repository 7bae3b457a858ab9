"""TIFF to pixels: the first page, 8 or 16 bits, grey, RGB, CMYK, with alpha; the other pages are kept for writing."""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from collections.abc import Callable, Sequence
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
_FAX, _JPEG = frozenset({2, 3, 4}), 7
_FILL_ORDER, _LONG8 = 266, 16
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_PIXEL_FIELDS = frozenset({*range(256, 260), 262, 266, 277, 278, 284, 292, 293, 317, *range(320, 324), 338, 339, 347})
_PIXEL_FIELDS |= frozenset(range(529, 533))
_PALETTE, _CFA, _LINEAR_RAW = 3, 32803, 34892


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
    if plain and photometric == _PALETTE and bits == {8}:
        return _coloured(parsed, page, _unpacked(parsed, page)), 2
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

    The compression is undone by the standard library or, for LZW and PackBits, by OpenCV on a grey page that is as
    wide as the bytes of a row: neither OpenCV nor Pillow reads all 16-bit layouts. Byte order, placing and predictor
    are undone here.
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


def _coloured(parsed: tiff.Tiff, page: tiff.Directory, places: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours that a palette page stands for, H x W x 3; palettes have 16 bits, of which pictures use 8."""
    numbers = parsed.numbers(page, tiff.PALETTE)
    if len(numbers) != 3 * 256 or places.shape[2] != 1:
        raise tiff.TiffError("damaged palette")
    palette = (np.array(numbers, np.uint16).reshape(3, 256).T >> 8).astype(np.uint8)
    return np.ascontiguousarray(palette[places[..., 0]])


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
    tag = tiff.TILES if tiff.TILES in page.data else tiff.STRIPS
    pieces = page.data.get(tag, [])
    if parsed.number(page, _FILL_ORDER, 1) == 2:
        pieces = [bytes(piece).translate(_REVERSED) for piece in pieces]
    tall = parsed.number(page, tiff.TILE_HEIGHT if tag == tiff.TILES else tiff.ROWS_PER_STRIP, height)
    scale = width // max(1, parsed.number(page, tiff.WIDTH, 1))
    wide = parsed.number(page, tiff.TILE_WIDTH, 1) * scale if tag == tiff.TILES else width
    if not 0 < wide < 1 << 31 or tall <= 0:
        raise tiff.TiffError("impossible strip size")
    compression = parsed.number(page, tiff.COMPRESSION, 1)
    if compression in _STANDARD:
        return _placed(pieces, _STANDARD[compression], (height, width), (tall, wide), exact=tag == tiff.TILES)
    fields = {
        tiff.WIDTH: parsed.long(width),
        tiff.HEIGHT: parsed.long(height),
        tiff.BITS: parsed.short(8),
        tiff.COMPRESSION: parsed.short(compression),
        tiff.PHOTOMETRIC: parsed.short(1),
        tiff.CHANNELS: parsed.short(1),
    }
    if tag == tiff.TILES:
        fields |= {tiff.TILE_WIDTH: parsed.long(wide), tiff.TILE_HEIGHT: parsed.long(tall)}
    else:
        fields[tiff.ROWS_PER_STRIP] = parsed.long(min(tall, height))
    rows = decode_unchanged(tiff.assemble(tiff.Tiff(parsed.order, False, [tiff.Directory(fields, {tag: pieces})])))
    if rows is None or rows.shape != (height, width) or rows.dtype != np.uint8:
        raise tiff.TiffError("pixel data cannot be unpacked")
    return rows


def _placed(
    pieces: Sequence[bytes | memoryview],
    unpack: Callable[[bytes | memoryview, int], bytes | memoryview],
    size: tuple[int, int],
    part: tuple[int, int],
    *,
    exact: bool,
) -> NDArray[np.uint8]:
    """Unpack strips or tiles (``part``: rows and bytes of a row) into an array of ``size``; tiles have padding."""
    (height, width), (tall, wide) = size, part
    places = [(top, left) for top in range(0, height, tall) for left in range(0, width, wide)]
    if len(places) > len(pieces):
        raise tiff.TiffError("strips are missing")
    result = np.empty(size, np.uint8)
    for (top, left), piece in zip(places, pieces, strict=False):
        rows = tall if exact else min(tall, height - top)
        data = unpack(piece, rows * wide)
        if len(data) < rows * wide:
            raise tiff.TiffError("pixel data ends early")
        target = result[top : top + tall, left : left + wide]
        values = np.frombuffer(data, np.uint8, rows * wide).reshape(rows, wide)
        target[:] = values[: target.shape[0], : target.shape[1]]
    return result


def _unpack_zstandard(piece: bytes | memoryview, largest: int) -> bytes:
    """One strip, as a file of its own: Pillow has the codec, but a limit on the size of whole pictures."""
    holder = tiff.Tiff("<", False, [])
    sizes = {tiff.WIDTH: largest, tiff.HEIGHT: 1, tiff.ROWS_PER_STRIP: 1}
    kinds = {tiff.BITS: 8, tiff.COMPRESSION: 50000, tiff.PHOTOMETRIC: 1, tiff.CHANNELS: 1}
    fields = {tag: holder.long(value) for tag, value in sizes.items()}
    fields |= {tag: holder.short(value) for tag, value in kinds.items()}
    holder.pages.append(tiff.Directory(fields, {tiff.STRIPS: [piece]}))
    file = TiffImagePlugin.TiffImageFile(io.BytesIO(tiff.assemble(holder)))
    file.load()
    return np.asarray(file).tobytes()


def _as_it_is(piece: bytes | memoryview, largest: int) -> bytes | memoryview:
    return piece[:largest]


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


_STANDARD: dict[int, Callable[[bytes | memoryview, int], bytes | memoryview]] = {
    1: _as_it_is,
    8: _inflate,
    32946: _inflate,
    34925: _unpack_lzma,
    50000: _unpack_zstandard,
}


def _typed(parsed: tiff.Tiff, rows: NDArray[np.uint8], shape: tuple[int, int, int], size: int) -> NDArray[Any]:
    kind: np.dtype[Any] = np.dtype(np.uint8) if size == 1 else np.dtype(np.uint16)
    return np.ascontiguousarray(rows).view(kind.newbyteorder(parsed.order)).astype(kind).reshape(shape)


def _bare(parsed: tiff.Tiff, page: tiff.Directory) -> bytes:
    """A file of just this page, without what does not describe its pixels."""
    fields = {tag: values for tag, values in page.fields.items() if tag in _PIXEL_FIELDS}
    for tag, values in fields.items():
        if values.kind == _LONG8:  # only BigTIFF has these, and Pillow reads it in one byte order only
            fields[tag] = parsed.long(*(min(value, 0xFFFFFFFF) for value in parsed.numbers(page, tag)))
    data = {tag: pieces for tag, pieces in page.data.items() if tag in (tiff.STRIPS, tiff.TILES)}
    return tiff.assemble(tiff.Tiff(parsed.order, False, [tiff.Directory(fields, data)]))


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
