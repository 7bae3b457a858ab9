"""How large an input may be: checked from the header, before any pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from cleanplate.errors import BrokenInputError, TooLargeError


@dataclass(frozen=True)
class Limits:
    """Bounds for one input.

    Attributes:
        max_pixels: width times height of any page. 400 megapixels need about 1.2 GB as 8-bit RGB.
        max_bytes: size of the file.
    """

    max_pixels: int = 400_000_000
    max_bytes: int = 4_000_000_000

    def check_bytes(self, count: int, name: str) -> None:
        """Refuse a file of ``count`` bytes that is over the limit.

        Raises:
            TooLargeError: it is.
        """
        if count > self.max_bytes:
            raise TooLargeError(
                f"has {count:,} bytes; the limit is {self.max_bytes:,}",
                subject=name,
                fix="raise Limits(max_bytes=...) if you trust the file",
            )

    def check_size(self, height: int, width: int, name: str) -> None:
        """Refuse a picture of ``height`` x ``width`` pixels that is over the limit, empty or a single pixel.

        Raises:
            TooLargeError: more pixels than ``max_pixels``.
            BrokenInputError: no pixels, or one.
        """
        if height * width > self.max_pixels:
            raise TooLargeError(
                f"has {width} x {height} pixels ({height * width / 1e6:.0f} megapixels); "
                f"the limit is {self.max_pixels / 1e6:g} megapixels",
                subject=name,
                fix="raise Limits(max_pixels=...) if you trust the file",
            )
        if height * width <= 1:
            raise BrokenInputError(f"has {width} x {height} pixels, which is no picture", subject=name)
