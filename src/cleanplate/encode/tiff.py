"""TIFF files: the first page anew, all other pages as they are."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cleanplate.container import exif, photoshop, tiff, tiff_exif
from cleanplate.container.tiff import Directory, Field, Tiff
from cleanplate.encode.metadata import upright_metadata
from cleanplate.encode.options import EncodeOptions
from cleanplate.encode.palette import REMARK, with_palette
from cleanplate.encode.planes import is_grey, samples
from cleanplate.errors import OutputError
from cleanplate.picture import Metadata, Picture
from cleanplate.types import Image

# Compression number -> what Pillow calls it. Byte-oriented ones are kept; all others become LZW.
_COMPRESSIONS = {
    1: "raw",
    5: "tiff_lzw",
    8: "tiff_adobe_deflate",
    32773: "packbits",
    32946: "tiff_deflate",
    34925: "lzma",
    50000: "zstd",
}
_LZW = 5
_FILL_ORDER = 266
_BILEVEL = frozenset({2, 3, 4})
# Fields that describe the old pixels or are written anew: TIFF 6.0, its supplements 1 and 2, and metadata blocks.
_STRUCTURE = frozenset(
    {
        *range(254, 260),
        262,
        *range(263, 267),
        273,
        274,
        *range(277, 282),
        284,
        292,
        293,
        317,
        *range(320, 326),
        330,
        332,
    }
    | {*range(338, 343), 347, *range(512, 522), *range(529, 533), 700, 33723, 34377, 34675, 37724}
)
_LARGEST_PRIVATE = 1 << 16


def encode_tiff(
    picture: Picture, pixels: Image, alpha: NDArray[Any] | None, ink: NDArray[Any] | None, options: EncodeOptions
) -> tuple[bytes, list[str]]:
    """A TIFF file; from a TIFF with its other pages, compression, byte order, predictor and further channels.

    Pages marked as reduced copies of the first, its sub-pages and Photoshop's layers are left out.

    Raises:
        OutputError: over 4 GB in a classic TIFF, or pages of a kind that cannot be moved.
    """
    metadata, notes = upright_metadata(picture, options)
    source = tiff.parse(picture.source) if picture.format == "TIFF" else None
    order: tiff.Order = source.order if source else ">" if (metadata.exif or b"")[:2] == b"MM" else "<"
    target = Tiff(order, source.big if source else False, [])
    old = source.pages[0] if source else None
    page = _pixels(target, source, old, picture, pixels, alpha, ink, notes)
    _describe(target, page, source, old, metadata, notes)
    target.pages = [page, *(_others(source, notes) if source else [])]
    try:
        return tiff.assemble(target), notes
    except tiff.TiffError as error:
        raise OutputError(f"cannot be written as TIFF ({error})", subject=picture.name) from None


def _pixels(
    target: Tiff,
    source: Tiff | None,
    old: Directory | None,
    picture: Picture,
    pixels: Image,
    alpha: NDArray[Any] | None,
    ink: NDArray[Any] | None,
    notes: list[str],
) -> Directory:
    """A page with the picture in it and the fields that say how it lies there."""
    compression = source.number(old, tiff.COMPRESSION, 1) if source and old else _LZW
    if picture.mode == "1" and alpha is None and picture.extra is None:
        # The fax compressions become Group 4, which holds the same with fewer bytes.
        name = "group4" if compression in _BILEVEL else _COMPRESSIONS.get(compression, "group4")
        return _from_pillow(target, Pillow.fromarray(samples(picture, pixels, None)[..., 0] >= 128), name)
    if picture.mode == "P" and alpha is None and picture.extra is None:
        image = with_palette(pixels, None)
        if image is not None:
            return _from_pillow(target, image, _COMPRESSIONS.get(compression, "tiff_lzw"))
        notes.append(REMARK)
    kept = compression if compression in _COMPRESSIONS else _LZW
    if kept != compression:
        notes.append("compression changed to LZW, so that nothing is lost")
    predictor = source.number(old, tiff.PREDICTOR, 1) if source and old and kept == compression else 2
    inverted = bool(source and old and source.number(old, tiff.PHOTOMETRIC, 1) == 0 and picture.mode in ("1", "L"))
    if ink is not None:
        planes, photometric = ink if alpha is None else np.dstack([ink, alpha]), 5
    else:
        planes, photometric = samples(picture, pixels, alpha), 1 if is_grey(picture) else 2
        if inverted:
            planes = planes.copy()
            planes[..., 0] = np.iinfo(planes.dtype).max - planes[..., 0]
            photometric = 0
    if picture.extra is not None:
        planes = np.concatenate([planes, picture.extra], axis=2)
    page = _strips(target, np.ascontiguousarray(planes), kept, predictor if predictor in (1, 2) else 1)
    page.fields[tiff.PHOTOMETRIC] = target.short(photometric)
    colours = {5: 4, 2: 3}.get(photometric, 1)
    if planes.shape[2] > colours:
        kinds = source.numbers(old, tiff.EXTRA) if source and old else []
        wanted = planes.shape[2] - colours
        kinds = kinds if len(kinds) == wanted else [2 if alpha is not None else 0, *[0] * (wanted - 1)]
        page.fields[tiff.EXTRA] = target.short(*kinds)
    return page


def _strips(target: Tiff, planes: NDArray[Any], compression: int, predictor: int) -> Directory:
    """Pack samples: Pillow (libtiff) compresses them as bytes, see the decoder for the way back."""
    height, width, channels = planes.shape
    if compression in (1, 32773):
        predictor = 1
    if predictor == 2:
        planes = planes.copy()
        planes[:, 1:] -= planes[:, :-1].copy()
    stored = planes.astype(planes.dtype.newbyteorder(target.order), copy=False)
    rows = stored.view(np.uint8).reshape(height, -1)
    file = io.BytesIO()
    Pillow.fromarray(rows).save(file, "TIFF", compression=_COMPRESSIONS[compression])
    own = tiff.parse(file.getvalue())
    written = own.pages[0]
    page = Directory(data={tiff.STRIPS: written.data[tiff.STRIPS]})
    page.fields |= {
        tiff.WIDTH: target.long(width),
        tiff.HEIGHT: target.long(height),
        tiff.BITS: target.short(*[8 * planes.dtype.itemsize] * channels),
        tiff.COMPRESSION: target.short(compression),
        tiff.CHANNELS: target.short(channels),
        tiff.ROWS_PER_STRIP: target.long(own.number(written, tiff.ROWS_PER_STRIP, height)),
        tiff.PLANAR: target.short(1),
        tiff.SAMPLE_FORMAT: target.short(*[1] * channels),
    }
    if predictor == 2:
        page.fields[tiff.PREDICTOR] = target.short(2)
    return page


def _from_pillow(target: Tiff, image: Pillow.Image, compression: str) -> Directory:
    """A page as Pillow writes it: one bit a pixel, or a palette."""
    file = io.BytesIO()
    image.save(file, "TIFF", compression=compression)
    own = tiff.parse(file.getvalue())
    written = own.pages[0]
    page = Directory(data={tiff.STRIPS: written.data[tiff.STRIPS]})
    for tag in (tiff.WIDTH, tiff.HEIGHT, tiff.ROWS_PER_STRIP):
        page.fields[tag] = target.long(own.number(written, tag, image.height))
    for tag in (tiff.BITS, tiff.COMPRESSION, tiff.PHOTOMETRIC, _FILL_ORDER, tiff.PALETTE):
        values = own.numbers(written, tag)
        if values:
            page.fields[tag] = target.short(*values)
    page.fields[tiff.CHANNELS] = target.short(1)
    return page


def _describe(
    target: Tiff, page: Directory, source: Tiff | None, old: Directory | None, metadata: Metadata, notes: list[str]
) -> None:
    """Add what the file says about its picture."""
    if old is not None:
        for tag, values in old.fields.items():
            if tag in _STRUCTURE:
                continue
            if tag >= 32768 and (len(values.data) > _LARGEST_PRIVATE or exif.holds_preview(values.data)):
                notes.append(f"left out private data (tag {tag}, {len(values.data):,} bytes)")
            else:
                page.fields[tag] = values
        block = old.fields.get(tiff.PHOTOSHOP)
        rest = photoshop.without_pictures(bytes(block.data)) if block is not None else b""
        if rest:
            page.fields[tiff.PHOTOSHOP] = Field(1, rest)
        if tiff.LAYERS in old.fields or tiff.SUB_PAGES in old.tables:
            notes.append("left out layers or previews of the first page")
    _add_exif(target, page, metadata)
    for tag, kind, value in ((tiff.XMP, 1, metadata.xmp), (tiff.ICC, 7, metadata.icc), (tiff.IPTC, 7, metadata.iptc)):
        if value is not None:
            page.fields[tag] = Field(kind, value)
    page.fields[tiff.ORIENTATION] = target.short(1)
    if metadata.dpi is not None and tiff.X_RESOLUTION not in page.fields:
        page.fields[tiff.X_RESOLUTION], page.fields[tiff.Y_RESOLUTION] = map(target.fraction, metadata.dpi)
        page.fields[tiff.RESOLUTION_UNIT] = target.short(2)


def _add_exif(target: Tiff, page: Directory, metadata: Metadata) -> None:
    if metadata.exif is None:
        return
    described = tiff_exif.page_of(metadata.exif, target.order)
    if described is not None:
        page.tables |= described.tables
        page.fields |= {tag: values for tag, values in described.fields.items() if tag not in page.fields}


def _others(source: Tiff, notes: list[str]) -> list[Directory]:
    """The pages after the first; reduced copies of it would show the old picture."""
    kept = []
    for page in source.pages[1:]:
        reduced = source.number(page, tiff.NEW_SUBFILE, 0) & 1 or source.number(page, tiff.SUBFILE, 1) == 2
        if reduced:
            notes.append("left out a reduced copy of the first page")
            continue
        if source.number(page, tiff.COMPRESSION, 1) == 6:
            raise OutputError("has pages in old-style JPEG compression, which cannot be moved", fix="write a PNG")
        kept.append(page)
    return kept
