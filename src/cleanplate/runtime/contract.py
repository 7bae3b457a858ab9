"""What a network wants to be given: the part of a catalog record that the runtime acts on.

Everything that turns a picture into a tensor is said here and done in :mod:`cleanplate.runtime.sizing` and
:mod:`cleanplate.runtime.tensors`, so that no stage has numbers of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cleanplate.errors import ArgumentError

MaskMeaning = Literal["none", "one_is_hole", "zero_is_hole", "one_is_hole_255", "zero_is_hole_255"]
"""What the mask that goes in with a picture holds: 1 or 0 (255 or 0) for what is to be filled; ``none``: no mask."""


@dataclass(frozen=True)
class InputContract:
    """What the picture input of a network takes.

    Attributes:
        layout: order of the dimensions: batch, channels, height, width.
        channels: order of the colours; ``RGB+mask`` is one tensor with the mask as its fourth channel.
        scale: multiplies pixels 0..255 first (pixels of 16 bits are brought to 0..255 before, unrounded).
        mean: subtracted from each channel after that, in the order of ``channels``.
        std: divides each channel after that.
        dtype: of the elements.
        multiple_of: height and width must be multiples of it.
        minimum: smallest height and width.
        maximum: largest height and width, or None.
        fixed: the only height and width, or None.
        resize: how a picture comes to the size that is needed. ``pad`` continues it beyond its right and lower edge,
            and shrinks it first where it is too large; ``fit`` scales it until it just fits, and pads the rest;
            ``stretch`` scales height and width each on their own.
        padding: ``reflect`` mirrors the picture beyond its edge, ``edge`` repeats its last pixels.
        mask: what the mask holds, in its own input or channel.
        working_size: side of the square with as many pixels as the network should see at once, where it learned from
            pictures of another size than its kind does; None leaves that to the stage.
    """

    layout: Literal["NCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR", "grey", "RGB+mask"] = "RGB"
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    dtype: Literal["float32", "float16", "uint8"] = "float32"
    multiple_of: int = 1
    minimum: int = 1
    maximum: int | None = None
    fixed: tuple[int, int] | None = None
    resize: Literal["pad", "fit", "stretch"] = "pad"
    padding: Literal["reflect", "edge"] = "reflect"
    mask: MaskMeaning = "none"
    working_size: int | None = None

    def __post_init__(self) -> None:
        """Refuse a contract that nothing can keep.

        Raises:
            ArgumentError: its numbers contradict each other.
        """
        colours = 1 if self.channels == "grey" else 3
        largest = self.maximum or max(self.minimum, self.multiple_of)
        checks = {
            f"mean and std need {colours} number(s) for {self.channels}": len(self.mean) == len(self.std) == colours,
            "scale and std must be above 0": self.scale > 0 and min(self.std, default=0) > 0,
            "multiple_of and minimum must be at least 1": min(self.multiple_of, self.minimum) >= 1,
            "maximum is below minimum or multiple_of": largest >= max(self.minimum, self.multiple_of),
            "working_size must be at least 1": (self.working_size or 1) >= 1,
            "fixed must be height and width": self.fixed is None or min(self.fixed) >= 1,
            "channels 'RGB+mask' need a mask": self.channels != "RGB+mask" or self.mask != "none",
            "uint8 takes pixels as they are: scale 1, mean 0, std 1": self.dtype != "uint8"
            or (self.scale == 1 and not any(self.mean) and set(self.std) == {1.0}),
        }
        for problem, holds in checks.items():
            if not holds:
                raise ArgumentError(problem, subject="input contract")
