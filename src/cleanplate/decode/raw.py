"""Camera raw files to 16-bit pixels, through LibRaw (the extra ``raw``)."""

from __future__ import annotations

import io

import numpy as np

from cleanplate.decode.limits import Limits
from cleanplate.errors import BrokenInputError, MissingExtraError
from cleanplate.picture import Metadata, Picture


def read_raw(data: bytes, name: str, limits: Limits) -> Picture:
    """Develop a raw file: camera white balance, sRGB, 16 bits, upright.

    Raises:
        MissingExtraError: rawpy is not installed.
        BrokenInputError: damaged, or of a camera that LibRaw does not know.
        TooLargeError: over ``limits``.
    """
    try:
        import rawpy
    except ImportError:
        raise MissingExtraError(
            "is a camera raw file, which needs an extra", subject=name, fix="pip install cleanplate[raw]"
        ) from None
    try:
        with rawpy.imread(io.BytesIO(data)) as file:
            limits.check_size(file.sizes.height, file.sizes.width, name)
            pixels = file.postprocess(output_bps=16, use_camera_wb=True, output_color=rawpy.ColorSpace.sRGB)
    except rawpy.LibRawError as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BrokenInputError(f"is a raw file that cannot be developed ({reason})", subject=name) from None
    return Picture(
        pixels=np.ascontiguousarray(pixels),
        alpha=None,
        format="RAW",
        name=name,
        mode="RGB",
        depth=16,
        orientation=1,
        lossless=True,
        metadata=_metadata(data),
        source=data,
        notes=("was developed from raw data to sRGB with the camera's white balance",),
    )


def _metadata(data: bytes) -> Metadata:
    """What a raw file of TIFF structure says in its first table, and the profile of the developed colours."""
    from PIL import ImageCms

    from cleanplate.container import exif, tiff, tiff_exif

    block = None
    try:
        parsed = tiff.parse(data)
        block = tiff_exif.block_of(parsed, parsed.pages[0])
    except tiff.TiffError:
        pass
    if block is not None:
        block = exif.edited(block, exif.ExifEdit(orientation=1))
    return Metadata(exif=block, icc=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
