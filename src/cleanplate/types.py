"""Contracts of the arrays that stages hand to each other, and the checks for them.

==========  =====================  =========  =======================================================
name        dtype                  shape      meaning
==========  =====================  =========  =======================================================
Image       uint8 or uint16        H x W x 3  RGB, never BGR, full range of the dtype
Mask        bool                   H x W      True = change this pixel
Alpha       float32                H x W      0 = background .. 1 = foreground
==========  =====================  =========  =======================================================

Coordinates are those of the upright (EXIF-turned) picture, x to the right, y down. Boxes are left, top, right,
bottom with the end exclusive. A stage never writes into its input.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError

Image: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
Mask: TypeAlias = NDArray[np.bool_]
Alpha: TypeAlias = NDArray[np.float32]


class Box(NamedTuple):
    """A rectangle in pixels of the upright picture, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns covered."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows covered."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Pixels covered; 0 for an empty box."""
        return max(0, self.width) * max(0, self.height)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of this box into an H x W (x C) array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int) -> Box:
        """The box with ``by`` pixels more on each side; may leave the picture, see :meth:`clipped`."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def shifted(self, right: int, down: int) -> Box:
        """The box moved by ``right`` and ``down`` pixels."""
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def clipped(self, height: int, width: int) -> Box:
        """The part of the box that lies in a ``height`` x ``width`` picture."""
        return Box(max(0, self.left), max(0, self.top), min(width, self.right), min(height, self.bottom))

    def common(self, other: Box) -> Box:
        """What lies in both; its :attr:`area` is 0 if nothing does."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def union(self, other: Box) -> Box:
        """The smallest box that covers both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def check_image(image: Any, *, name: str = "image") -> Image:
    """Return ``image`` if it keeps the Image contract.

    Raises:
        ArrayError: another type, shape or dtype, or no pixels.
    """
    if not isinstance(image, np.ndarray):
        raise ArrayError(f"must be a numpy array, not {type(image).__name__}", subject=name)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ArrayError(f"must have shape H x W x 3 (RGB), not {_shape(image)}", subject=name)
    if image.dtype not in (np.uint8, np.uint16):
        raise ArrayError(f"must be uint8 or uint16, not {image.dtype}", subject=name)
    if image.size == 0:
        raise ArrayError("has no pixels", subject=name)
    return image


def check_mask(mask: Any, *, like: NDArray[Any] | None = None, name: str = "mask") -> Mask:
    """Return ``mask`` if it keeps the Mask contract and, with ``like``, has the height and width of that array.

    Raises:
        ArrayError: another type, shape or dtype.
    """
    if not isinstance(mask, np.ndarray):
        raise ArrayError(f"must be a numpy array, not {type(mask).__name__}", subject=name)
    if mask.ndim != 2:
        raise ArrayError(f"must have shape H x W, not {_shape(mask)}", subject=name)
    if mask.dtype != np.bool_:
        raise ArrayError(f"must be bool (True = change this pixel), not {mask.dtype}", subject=name)
    if like is not None and mask.shape != like.shape[:2]:
        raise ArrayError(f"is {_shape(mask)} but the picture is {_shape(like[..., 0])}", subject=name)
    return mask


def check_alpha(alpha: Any, *, like: NDArray[Any] | None = None, name: str = "alpha") -> Alpha:
    """Return ``alpha`` if it keeps the Alpha contract and, with ``like``, has the height and width of that array.

    Raises:
        ArrayError: another type, shape, dtype, or values outside 0..1 (or not finite).
    """
    if not isinstance(alpha, np.ndarray):
        raise ArrayError(f"must be a numpy array, not {type(alpha).__name__}", subject=name)
    if alpha.ndim != 2:
        raise ArrayError(f"must have shape H x W, not {_shape(alpha)}", subject=name)
    if alpha.dtype != np.float32:
        raise ArrayError(f"must be float32, not {alpha.dtype}", subject=name)
    if like is not None and alpha.shape != like.shape[:2]:
        raise ArrayError(f"is {_shape(alpha)} but the picture is {_shape(like[..., 0])}", subject=name)
    if alpha.size and not (alpha.min() >= 0.0 and alpha.max() <= 1.0):
        raise ArrayError("must lie within 0..1", subject=name)
    return alpha


def _shape(array: NDArray[Any]) -> str:
    return " x ".join(str(side) for side in array.shape)
