"""Which application segments of a JPEG stay, and in what form. What is not known to be free of pictures goes."""

from __future__ import annotations

from cleanplate.container import exif, jpeg, photoshop, xmp
from cleanplate.encode.options import EncodeOptions
from cleanplate.picture import Orientation, Picture


def kept_segments(
    picture: Picture,
    structure: jpeg.JpegStructure,
    options: EncodeOptions,
    *,
    orientation: Orientation | None = None,
) -> tuple[list[jpeg.Segment], list[str]]:
    """The segments before the frame header, and remarks; ``orientation`` is the new tag (None: it stays)."""
    kept: list[jpeg.Segment] = []
    dropped: list[str] = []
    has_xmp = False
    for segment in structure.segments:
        if segment.marker != jpeg.COM and not 0xE0 <= segment.marker <= 0xEF:
            continue
        if segment.marker == jpeg.APP1 and segment.payload.startswith(jpeg.XMP_PREFIX):
            if not has_xmp:
                kept += xmp_segment(segment.payload[len(jpeg.XMP_PREFIX) :], options, orientation)
            has_xmp = True
            continue
        cleaned = _cleaned(segment, exif.ExifEdit(orientation, strip_gps=options.strip_gps))
        if cleaned is not None:
            kept.append(cleaned)
        else:
            dropped.append(f"APP{segment.marker & 15}")
    if not has_xmp and options.mark_ai:
        kept += xmp_segment(None, options)
    notes = []
    if structure.trailer < len(picture.source):
        notes.append("left out data behind the picture (previews, gain map, motion clip or the like)")
    if dropped:
        notes.append(f"left out segments that may show the old picture: {', '.join(sorted(set(dropped)))}")
    return _ordered(kept), notes


def xmp_segment(packet: bytes | None, options: EncodeOptions, orientation: int | None = None) -> list[jpeg.Segment]:
    """The XMP segment for a packet; empty if there is none, or if it does not fit one segment."""
    edit = xmp.XmpEdit(orientation=orientation, strip_gps=options.strip_gps, mark_ai=options.mark_ai)
    edited = xmp.edited(packet, edit)
    if edited is None:
        return []
    if len(edited) > 0xFFFD - len(jpeg.XMP_PREFIX):
        edited = edited.strip()
    if len(edited) > 0xFFFD - len(jpeg.XMP_PREFIX):
        edited = xmp.edited(None, edit)
    return [] if edited is None else [jpeg.Segment(jpeg.APP1, jpeg.XMP_PREFIX + edited)]


def _cleaned(segment: jpeg.Segment, edit: exif.ExifEdit) -> jpeg.Segment | None:
    marker, payload = segment.marker, segment.payload
    if marker == jpeg.COM or (marker == jpeg.APP2 and payload.startswith(jpeg.ICC_PREFIX)):
        return segment
    if marker == jpeg.APP14 and payload.startswith(b"Adobe"):
        return segment
    if marker == jpeg.APP12 and payload.startswith(b"Ducky"):
        return segment
    if marker == jpeg.APP0 and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return jpeg.Segment(marker, payload[:12] + b"\0\0")
    if marker == jpeg.APP1 and payload.startswith(jpeg.EXIF_PREFIX):
        block = exif.edited(payload[len(jpeg.EXIF_PREFIX) :], edit)
        return None if block is None else jpeg.Segment(marker, jpeg.EXIF_PREFIX + block)
    if marker == jpeg.APP13 and payload.startswith(jpeg.PHOTOSHOP_PREFIX):
        rest = photoshop.without_pictures(payload[len(jpeg.PHOTOSHOP_PREFIX) :])
        return jpeg.Segment(marker, jpeg.PHOTOSHOP_PREFIX + rest) if rest else None
    return None


def _ordered(segments: list[jpeg.Segment]) -> list[jpeg.Segment]:
    """JFIF first, as its specification asks, then EXIF, then the others in their order."""

    def place(segment: jpeg.Segment) -> int:
        if segment.marker == jpeg.APP0:
            return 0
        return 1 if segment.payload.startswith(jpeg.EXIF_PREFIX) else 2

    return sorted(segments, key=place)
