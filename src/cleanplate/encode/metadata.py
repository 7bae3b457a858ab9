"""Metadata for a newly encoded, upright picture: nothing in it shows the old one."""

from __future__ import annotations

from cleanplate.container import exif, xmp
from cleanplate.encode.options import EncodeOptions
from cleanplate.picture import Metadata, Picture


def upright_metadata(picture: Picture, options: EncodeOptions) -> tuple[Metadata, list[str]]:
    """The metadata of ``picture`` with orientation 1, without previews, and with what ``options`` ask for.

    Returns:
        The metadata, and remarks on what could not be kept.
    """
    source = picture.metadata
    notes = []
    block = None
    if source.exif is not None:
        edit = exif.ExifEdit(
            1, (picture.width, picture.height) if picture.orientation >= 5 else None, options.strip_gps
        )
        block = exif.edited(source.exif, edit)
        if block is None:
            notes.append("left out damaged EXIF data")
    packet = xmp.edited(source.xmp, xmp.XmpEdit(1, options.strip_gps, options.mark_ai))
    if source.xmp is not None and not xmp.parses(source.xmp):
        notes.append("left out XMP data that cannot be parsed")
    return Metadata(block, packet, source.icc, source.iptc, source.dpi), notes
