"""Picture files of the training data, to arrays and back.

OpenCV decodes a 256-px JPEG in well under a millisecond and is installed anyway; a second decoder (simplejpeg,
turbojpeg) was not worth a dependency. Unlike the runtime's reader this one takes colours as sRGB whatever the profile.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BrokenInputError, MissingInputError, OutputError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""File endings, in lower case, that the folder sources take for pictures."""


_JPEG = b"\xff\xd8\xff"


def file_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        MissingInputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingInputError(error.strerror or "cannot be read", subject=path) from error


def decode_rgb(data: bytes, *, name: str) -> NDArray[np.uint8]:
    """uint8 H x W x 3 of an encoded picture, turned upright by its EXIF tag.

    Raises:
        BrokenInputError: OpenCV cannot decode it.
    """
    return np.ascontiguousarray(_decoded(data, cv2.IMREAD_COLOR, name)[..., ::-1])


def decode_grey(data: bytes, *, name: str) -> NDArray[np.uint8]:
    """uint8 H x W of an encoded mask or matte, unturned.

    Raises:
        BrokenInputError: OpenCV cannot decode it.
    """
    return _decoded(data, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION, name)


def decode_rgba(data: bytes, *, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """RGB and alpha (None without one) of an encoded picture; 16-bit files are brought to 8 bits.

    Raises:
        BrokenInputError: OpenCV cannot decode it.
    """
    if data.startswith(_JPEG):  # has no alpha, so one decoding is enough
        return decode_rgb(data, name=name), None
    raw = _decoded(data, cv2.IMREAD_UNCHANGED, name)
    if raw.ndim == 2 or raw.shape[2] != 4:
        return decode_rgb(data, name=name), None
    if raw.dtype == np.uint16:
        raw = np.asarray((raw.astype(np.uint32) + 128) // 257, np.uint8)
    return np.ascontiguousarray(raw[..., 2::-1]), np.ascontiguousarray(raw[..., 3])


def encode_jpeg(picture: NDArray[np.uint8], *, quality: int = 95) -> bytes:
    """JPEG bytes of uint8 RGB, without colour subsampling from quality 90 on."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality >= 90 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return _encoded(".jpg", picture[..., ::-1], options)


def encode_png(picture: NDArray[np.uint8] | NDArray[np.bool_]) -> bytes:
    """PNG bytes of uint8 RGB, RGBA or grey, or of a bool mask (0 and 255)."""
    array = picture.astype(np.uint8) * 255 if picture.dtype == np.bool_ else picture
    if array.ndim == 3:
        array = array[..., [2, 1, 0, 3][: array.shape[2]]]
    return _encoded(".png", np.asarray(array, np.uint8), [])


def _decoded(data: bytes, flags: int, name: str) -> NDArray[np.uint8]:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if array is None:
        raise BrokenInputError("is not a picture that can be decoded", subject=name)
    return np.asarray(array)


def _encoded(suffix: str, array: NDArray[np.uint8], options: list[int]) -> bytes:
    done, buffer = cv2.imencode(suffix, np.ascontiguousarray(array), options)
    if not done:
        raise OutputError(f"a picture of {array.shape} cannot be written as {suffix}")
    return buffer.tobytes()
