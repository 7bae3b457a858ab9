"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

from cleanplate.errors import BrokenInputError, FormatError

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_RAW_STARTS = (
    b"II*\0\x10\0\0\0CR",  # Canon CR2
    b"FUJIFILMCCD-RAW",
    b"IIU\0",  # Panasonic RW2
    b"IIRO",  # Olympus ORF
    b"IIRS",
    b"MMOR",
    b"\0MRM",  # Minolta MRW
    b"FOVb",  # Sigma X3F
    b"IIII",  # Phase One
)
_OTHERS = {
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"\0\0\x01\0": "an icon",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"8BPS": "Photoshop PSD",
    b"v/1\x01": "OpenEXR",
    b"<svg": "SVG",
    b"\x1aE\xdf\xa3": "a video (Matroska)",
}

SUPPORTED = "JPEG, PNG, WebP, TIFF, AVIF, HEIC and BMP (RAW with the extra cleanplate[raw])"
"""What users are told can be read."""


def sniff(data: bytes, name: str) -> str:
    """The format of a file: ``JPEG``, ``PNG``, ``WEBP``, ``TIFF``, ``AVIF``, ``HEIF``, ``BMP`` or ``RAW``.

    Raises:
        BrokenInputError: the file is empty.
        FormatError: anything else; the message names the type where it is a well-known one.
    """
    if not data:
        raise BrokenInputError("is empty (0 bytes)", subject=name)
    found = _picture_type(data)
    if found is not None:
        return found
    known = next((kind for start, kind in _OTHERS.items() if data.startswith(start)), None)
    if known is None and data[4:8] == b"ftyp":
        known = "a video (MP4 or QuickTime)"
    problem = "is not a picture" if known is None else f"is {known}, which is not read here"
    raise FormatError(problem, subject=name, fix=f"convert it to one of {SUPPORTED}")


def _picture_type(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(b"BM"):
        return "BMP"
    if data.startswith(_RAW_STARTS) or data[4:12] == b"ftypcrx ":
        return "RAW"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[4:8] == b"ftyp":
        return _brand(data)
    return None


def _brand(data: bytes) -> str | None:
    size = min(int.from_bytes(data[:4], "big"), 512)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, size, 4))]
    if any(brand in _AVIF_BRANDS for brand in brands):
        return "AVIF"
    return "HEIF" if any(brand in _HEIF_BRANDS for brand in brands) else None
