"""How a picture is prepared for a network: what its input takes.

Provisional: replace freely, keep the names of the fields where possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class InputContract:
    """What the picture input of a network takes.

    Attributes:
        layout: order of the dimensions.
        channels: order of the colours.
        scale: multiplies pixels 0..255 first.
        mean: subtracted from each channel after that.
        std: divides each channel after that.
        dtype: of the elements.
        multiple_of: height and width must be multiples of it.
        minimum: smallest height and width.
        maximum: largest height and width, or None.
        fixed: the only height and width, or None.
        mask: what the mask input holds: 1 or 0 for what is to be filled (255 for the other one in uint8), or no mask.
    """

    layout: Literal["NCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    dtype: Literal["float32", "float16", "uint8"] = "float32"
    multiple_of: int = 1
    minimum: int = 1
    maximum: int | None = None
    fixed: tuple[int, int] | None = None
    mask: Literal["none", "one_is_hole", "zero_is_hole", "zero_is_hole_255"] = "none"
