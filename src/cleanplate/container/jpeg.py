"""JPEG (ITU-T T.81) as a list of marker segments and scans; entropy-coded data is skipped, not decoded."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

SOI, EOI, SOS, DQT, DHT, DRI, DAC, COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xCC, 0xFE
APP0, APP1, APP2, APP12, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xEC, 0xED, 0xEE
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
ARITHMETIC = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})

EXIF_PREFIX = b"Exif\0\0"
XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP_PREFIX = b"http://ns.adobe.com/xmp/extension/\0"
ICC_PREFIX = b"ICC_PROFILE\0"
PHOTOSHOP_PREFIX = b"Photoshop 3.0\0"

# Inside a scan 0xFF is data when a 0 or a restart marker follows; a run of 0xFF is filling.
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


class JpegError(ValueError):
    """The marker structure is broken."""


class Component(NamedTuple):
    """One line of the frame header."""

    identifier: int
    across: int
    down: int
    table: int


class Segment(NamedTuple):
    """A marker with its payload; ``scan`` is the entropy-coded data after an SOS."""

    marker: int
    payload: bytes
    scan: tuple[int, int] | None = None

    @property
    def encoded(self) -> bytes:
        """The bytes of marker, length and payload (without the scan)."""
        return struct.pack(">BBH", 0xFF, self.marker, len(self.payload) + 2) + self.payload


@dataclass(frozen=True)
class JpegStructure:
    """Segments in file order, and what follows the end of the first picture.

    Attributes:
        segments: all between SOI and EOI.
        marker: which SOF: 0xC0 baseline, 0xC2 progressive, ...
        precision: bits per sample.
        trailer: offset of the first byte after EOI.
    """

    segments: tuple[Segment, ...]
    marker: int
    precision: int
    height: int
    width: int
    components: tuple[Component, ...]
    trailer: int

    @property
    def arithmetic(self) -> bool:
        """True if the entropy coding is arithmetic."""
        return self.marker in ARITHMETIC

    @property
    def progressive(self) -> bool:
        """True if the picture comes in several refining scans."""
        return self.marker in (0xC2, 0xCA)

    def payloads(self, marker: int, prefix: bytes = b"") -> list[bytes]:
        """Payloads of all segments of one marker that start with ``prefix``, which is cut off."""
        return [s.payload[len(prefix) :] for s in self.segments if s.marker == marker and s.payload.startswith(prefix)]


def parse(data: bytes) -> JpegStructure:
    """Split a JPEG file into its segments.

    Raises:
        JpegError: a marker, length or header that cannot be, or the end of the data before EOI.
    """
    if data[:2] != b"\xff\xd8":
        raise JpegError("does not start with the JPEG marker")
    segments: list[Segment] = []
    position = 2
    while True:
        marker, position = _next_marker(data, position)
        if marker == EOI:
            return _structure(segments, position)
        if marker == 0x01 or 0xD0 <= marker <= SOI:
            continue
        if position + 2 > len(data):
            raise JpegError("ends early")
        (length,) = struct.unpack_from(">H", data, position)
        end = position + length
        if length < 2 or end > len(data):
            raise JpegError("ends early")
        payload = data[position + 2 : end]
        position = end
        scan = None
        if marker == SOS:
            found = _SCAN_END.search(data, position)
            if found is None:
                raise JpegError("ends early")
            scan = (position, found.start())
            position = found.start()
        segments.append(Segment(marker, payload, scan))


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The marker at or after ``position`` and the offset behind it; stray bytes between segments are skipped."""
    start = data.find(b"\xff", position)
    while start != -1:
        position = start + 1
        while position < len(data) and data[position] == 0xFF:
            position += 1
        if position >= len(data):
            break
        if data[position] != 0:
            return data[position], position + 1
        start = data.find(b"\xff", position)
    raise JpegError("ends early")


def _structure(segments: list[Segment], trailer: int) -> JpegStructure:
    frames = [segment for segment in segments if segment.marker in FRAMES]
    if len(frames) != 1 or not any(segment.marker == SOS for segment in segments):
        raise JpegError("holds no picture" if not frames else "has a frame structure that is not supported")
    header = frames[0].payload
    if len(header) < 6 or len(header) < 6 + 3 * header[5] or header[5] == 0:
        raise JpegError("has a damaged frame header")
    precision, height, width, count = struct.unpack_from(">BHHB", header)
    parts = tuple(
        Component(header[i], header[i + 1] >> 4, header[i + 1] & 15, header[i + 2]) for i in range(6, 6 + 3 * count, 3)
    )
    if not height or not width or any(not 1 <= p.across <= 4 or not 1 <= p.down <= 4 or p.table > 3 for p in parts):
        raise JpegError("has a damaged frame header")
    return JpegStructure(tuple(segments), frames[0].marker, precision, height, width, parts, trailer)


def icc_profile(structure: JpegStructure) -> bytes | None:
    """The ICC profile, joined from its numbered segments (ICC.1:2010 annex B.4); None if absent or incomplete."""
    parts: dict[int, bytes] = {}
    total = 0
    for payload in structure.payloads(APP2, ICC_PREFIX):
        if len(payload) < 2:
            return None
        parts[payload[0]] = payload[2:]
        total = payload[1]
    if not parts or sorted(parts) != list(range(1, total + 1)):
        return None
    return b"".join(parts[number] for number in sorted(parts))


def icc_segments(profile: bytes) -> list[Segment]:
    """The APP2 segments that carry an ICC profile."""
    size = 0xFFFF - 2 - len(ICC_PREFIX) - 2
    pieces = [profile[at : at + size] for at in range(0, len(profile), size)]
    return [
        Segment(APP2, ICC_PREFIX + bytes((number, len(pieces))) + piece) for number, piece in enumerate(pieces, start=1)
    ]


def quantisation_tables(structure: JpegStructure) -> dict[int, list[int]] | None:
    """Tables by number, 64 values each in row-major order; None if one is redefined or damaged."""
    tables: dict[int, list[int]] = {}
    for payload in structure.payloads(DQT):
        at = 0
        while at < len(payload):
            wide, number = payload[at] >> 4, payload[at] & 15
            size = 128 if wide else 64
            values = payload[at + 1 : at + 1 + size]
            if len(values) != size:
                return None
            zigzag = struct.unpack(">64H", values) if wide else tuple(values)
            table = [0] * 64
            for index, value in zip(ZIGZAG, zigzag, strict=True):
                table[index] = value
            if tables.get(number, table) != table or 0 in table:
                return None
            tables[number] = table
            at += 1 + size
    return tables


def _zigzag() -> tuple[int, ...]:
    cells = [(row, column) for row in range(8) for column in range(8)]
    cells.sort(key=lambda c: (c[0] + c[1], c[0] if (c[0] + c[1]) % 2 else c[1]))
    return tuple(row * 8 + column for row, column in cells)


ZIGZAG = _zigzag()
"""Row-major index of each coefficient in the order in which files store them (T.81 figure 5)."""
