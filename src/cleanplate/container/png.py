"""PNG (ISO/IEC 15948) as a list of chunks; checksums verified."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_MOST_TEXT = 16 << 20
_FED = 1 << 16
_RAW_PROFILE = re.compile(rb"\s*(\w+)\s+(\d+)\s+([0-9a-fA-F\s]*)\s*\Z")


class PngError(ValueError):
    """The chunk structure is broken."""


class Chunk(NamedTuple):
    """One chunk: its type and data."""

    kind: bytes
    data: bytes

    @property
    def encoded(self) -> bytes:
        """Length, type, data and checksum."""
        return struct.pack(">I", len(self.data)) + self.kind + self.data + struct.pack(">I", _checksum(self))


class Header(NamedTuple):
    """IHDR."""

    width: int
    height: int
    depth: int
    colour: int
    compression: int
    filtering: int
    interlace: int

    @property
    def channels(self) -> int:
        """Samples of a pixel."""
        return {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[self.colour]


def chunks(data: bytes) -> list[Chunk]:
    """The chunks of a file up to IEND; ancillary ones with a wrong checksum are left out.

    Raises:
        PngError: no PNG, cut short, or a wrong checksum where pixels depend on it.
    """
    if not data.startswith(SIGNATURE):
        raise PngError("does not start with the PNG signature")
    found: list[Chunk] = []
    view = memoryview(data)
    at = len(SIGNATURE)
    while not found or found[-1].kind != b"IEND":
        if at + 12 > len(data):
            raise PngError("ends early")
        size, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            raise PngError("ends early")
        chunk = Chunk(kind, bytes(view[at + 8 : at + 8 + size]))
        (checksum,) = struct.unpack_from(">I", data, at + 8 + size)
        if checksum == _checksum(chunk):
            found.append(chunk)
        elif kind[:1].isupper() or kind == b"tRNS":
            raise PngError(f"wrong checksum in {kind.decode('latin-1')!r}")
        at += 12 + size
    if found[0].kind != b"IHDR" or not any(chunk.kind == b"IDAT" for chunk in found):
        raise PngError("holds no picture")
    return found


def header(found: list[Chunk]) -> Header:
    """The image header.

    Raises:
        PngError: impossible values.
    """
    if len(found[0].data) != 13:
        raise PngError("damaged header")
    result = Header(*struct.unpack(">IIBBBBB", found[0].data))
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    if result.depth not in depths.get(result.colour, ()) or result.interlace > 1 or result.compression:
        raise PngError("damaged header")
    return result


def assemble(parts: list[Chunk]) -> bytes:
    """A file from its chunks."""
    return b"".join([SIGNATURE, *(part.encoded for part in parts)])


def check_pixels(found: list[Chunk], head: Header) -> None:
    """Inflate the picture piece by piece and see that it is complete and uses filters that exist.

    Raises:
        PngError: it is not.
    """
    passes = iter(_passes(head))
    rows, stride = next(passes)
    rest = b""
    for piece in _inflate_pieces(found):
        rest += piece
        while rows and len(rest) >= stride:
            whole = min(rows, len(rest) // stride)
            if max(rest[: whole * stride : stride]) > 4:
                raise PngError("damaged pixel data")
            rest = rest[whole * stride :]
            rows -= whole
            if not rows:
                rows, stride = next(passes, (0, 1))
    if rows:
        raise PngError("ends early")


def _inflate_pieces(found: list[Chunk]) -> Iterator[bytes]:
    """The inflated picture in pieces of some megabytes, up to and with its checksum."""
    inflater = zlib.decompressobj()
    try:
        for chunk in found:
            if chunk.kind != b"IDAT":
                continue
            for start in range(0, len(chunk.data), _FED):
                pending = chunk.data[start : start + _FED]
                while pending and not inflater.eof:
                    yield inflater.decompress(pending, 64 * _FED)
                    pending = inflater.unconsumed_tail
    except zlib.error:
        raise PngError("damaged pixel data") from None
    if not inflater.eof:
        raise PngError("ends early")


def _passes(head: Header) -> list[tuple[int, int]]:
    """Rows and bytes of a row (with its filter byte) of each pass."""
    bits = head.channels * head.depth
    if not head.interlace:
        return [(head.height, 1 + -(-head.width * bits // 8))]
    found = []
    for x, y, across, down in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)):
        found.append((-(-(head.height - y) // down), -(-(head.width - x) // across)))
    found.append((head.height // 2, head.width))
    return [(rows, 1 + -(-columns * bits // 8)) for rows, columns in found if rows > 0 and columns > 0]


def text(chunk: Chunk) -> tuple[bytes, bytes] | None:
    """Keyword and value (inflated) of a text chunk; None if it is none, damaged or over 16 MB."""
    keyword, _, rest = chunk.data.partition(b"\0")
    if chunk.kind == b"tEXt":
        return keyword, rest
    if chunk.kind == b"zTXt":
        value = _inflated(rest[1:])
    elif chunk.kind == b"iTXt" and len(rest) > 2:
        value = rest[2:].split(b"\0", 2)[-1]
        value = (_inflated(value) or b"") if rest[0] else value
    else:
        return None
    return None if value is None else (keyword, value)


def international_text(keyword: str, value: bytes) -> Chunk:
    """An iTXt chunk, not compressed, as XMP asks for."""
    return Chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + value)


def xmp_chunk(packet: bytes) -> Chunk:
    """The chunk for an XMP packet."""
    return international_text(_XMP_KEYWORD.decode(), packet)


def xmp(found: list[Chunk]) -> bytes | None:
    """The XMP packet."""
    for chunk in found:
        if chunk.kind == b"iTXt":
            pair = text(chunk)
            if pair is not None and pair[0] == _XMP_KEYWORD:
                return pair[1]
    return raw_profile(found, b"xmp")


def raw_profile(found: list[Chunk], name: bytes) -> bytes | None:
    """Bytes of a profile that ImageMagick and others write as hexadecimal text."""
    for chunk in found:
        pair = text(chunk) if chunk.kind in (b"tEXt", b"zTXt", b"iTXt") else None
        if pair is None or pair[0] != b"Raw profile type " + name:
            continue
        parts = _RAW_PROFILE.match(pair[1])
        if parts is not None:
            digits = b"".join(parts[3].split())
            return bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
    return None


def raw_profile_chunk(name: bytes, value: bytes) -> Chunk:
    """The compressed text chunk for a profile, as ImageMagick writes it."""
    digits = value.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    body = b"\n%s\n%8d\n%s\n" % (name, len(value), lines)
    return Chunk(b"zTXt", b"Raw profile type " + name + b"\0\0" + zlib.compress(body))


def icc_profile(found: list[Chunk]) -> bytes | None:
    """The inflated ICC profile."""
    for chunk in found:
        if chunk.kind == b"iCCP":
            return _inflated(chunk.data.partition(b"\0")[2][1:])
    return None


def icc_chunk(profile: bytes) -> Chunk:
    """The chunk for an ICC profile."""
    return Chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))


def dpi(found: list[Chunk]) -> tuple[float, float] | None:
    """Pixels per inch."""
    for chunk in found:
        if chunk.kind == b"pHYs" and len(chunk.data) == 9:
            across, down, unit = struct.unpack(">IIB", chunk.data)
            if unit == 1 and across and down:
                return across * 0.0254, down * 0.0254
    return None


def dpi_chunk(dots: tuple[float, float]) -> Chunk:
    """The chunk for a resolution."""
    return Chunk(b"pHYs", struct.pack(">IIB", round(dots[0] / 0.0254), round(dots[1] / 0.0254), 1))


def _checksum(chunk: Chunk) -> int:
    return zlib.crc32(chunk.data, zlib.crc32(chunk.kind))


def _inflated(data: bytes) -> bytes | None:
    inflater = zlib.decompressobj()
    try:
        value = inflater.decompress(data, _MOST_TEXT)
    except zlib.error:
        return None
    return value if inflater.eof else None
