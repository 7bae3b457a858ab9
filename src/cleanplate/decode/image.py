"""The way in for pictures: file or bytes -> :class:`~cleanplate.picture.Picture`."""

from __future__ import annotations

import struct
from pathlib import Path

from cleanplate.decode.limits import Limits
from cleanplate.decode.sniff import sniff
from cleanplate.decode.source import read_source
from cleanplate.errors import BrokenInputError, CleanplateError, TooLargeError
from cleanplate.picture import Picture

__all__ = ["Limits", "Picture", "read_picture"]

_DEFAULT = Limits()
# What the libraries raise on damaged files.
_DAMAGE = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    EOFError,
    SyntaxError,
    RuntimeError,
    ArithmeticError,
    struct.error,
)


def read_picture(source: Path | bytes, *, name: str | None = None, limits: Limits = _DEFAULT) -> Picture:
    """Read a picture file upright, with its alpha and all its metadata.

    Args:
        source: a path, or the bytes of a file.
        name: what messages call it (default: the path, or ``picture``).
        limits: bounds checked before pixels are decoded.

    Raises:
        MissingInputError: not there, a folder, or no permission.
        FormatError: not a picture type that is read here.
        BrokenInputError: empty, truncated or damaged.
        TooLargeError: over ``limits``, or more than the memory holds.
        MissingExtraError: a RAW file without the extra ``raw``.
    """
    data, shown = read_source(source, name=name, limits=limits)
    kind = sniff(data, shown)
    try:
        return _reader(data, kind, shown, limits)
    except CleanplateError:
        raise
    except MemoryError:
        raise TooLargeError("does not fit into memory", subject=shown, fix="free memory or use a smaller one") from None
    except Exception as error:
        if type(error).__name__ == "DecompressionBombError":  # Pillow's, which is not imported for every file
            raise TooLargeError(f"is larger than the {kind} decoder takes", subject=shown) from None
        if not isinstance(error, _DAMAGE):
            raise
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BrokenInputError(f"is a damaged {kind} ({reason})", subject=shown, fix="get an intact copy") from None


def _reader(data: bytes, kind: str, name: str, limits: Limits) -> Picture:
    """Hand over to the reader of a format; each is imported only when a file needs it."""
    if kind == "JPEG":
        from cleanplate.decode.jpeg import read_jpeg

        return read_jpeg(data, name, limits)
    if kind == "PNG":
        from cleanplate.decode.png import read_png

        return read_png(data, name, limits)
    if kind == "TIFF":
        from cleanplate.decode.tiff import is_raw, read_tiff

        if not is_raw(data):
            return read_tiff(data, name, limits)
    if kind in ("RAW", "TIFF"):
        from cleanplate.decode.raw import read_raw

        return read_raw(data, name, limits)
    if kind == "HEIF":
        from cleanplate.decode.heif import read_heif

        return read_heif(data, name, limits)
    from cleanplate.decode.flat import read_flat

    return read_flat(data, kind, name, limits)
