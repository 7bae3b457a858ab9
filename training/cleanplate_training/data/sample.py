"""The one type in which every source hands over a picture and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArrayError


@dataclass(frozen=True)
class Instance:
    """One object in a picture.

    Attributes:
        label: class name, such as "person".
        box: left, top, right, bottom in pixels of the picture, end exclusive; may have fractions.
        mask: bool H x W of its visible pixels, or None where only the box is known.
        crowd: a region of many such objects, not told apart.
    """

    label: str
    box: tuple[float, float, float, float]
    mask: NDArray[np.bool_] | None = None
    crowd: bool = False


@dataclass(frozen=True)
class Sample:
    """A decoded picture with its annotations, all in the picture's own pixels.

    Attributes:
        key: unique within its source; becomes the file stem in a shard, so it has no dot and no slash.
        picture: uint8 RGB, H x W x 3.
        source: name of the set it comes from.
        licence: terms of that set, in words.
        alpha: uint8 H x W, 0 background .. 255 foreground, or None.
        mask: bool H x W, True = what the task marks (person, defect, hole), or None.
        instances: objects; None = not annotated, empty = annotated and none there.
        group: samples made from one original share it, and so always fall into the same split.
        encoded: the file that ``picture`` was decoded from, while it is still exactly that; else None.
    """

    key: str
    picture: NDArray[np.uint8]
    source: str
    licence: str
    alpha: NDArray[np.uint8] | None = None
    mask: NDArray[np.bool_] | None = None
    instances: tuple[Instance, ...] | None = None
    group: str = ""
    encoded: bytes | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        if self.picture.dtype != np.uint8 or self.picture.ndim != 3 or self.picture.shape[2] != 3:
            raise ArrayError(f"is not uint8 H x W x 3 but {self.picture.dtype} {self.picture.shape}", subject=self.key)
        size = self.picture.shape[:2]
        planes = [("alpha", self.alpha, np.uint8), ("mask", self.mask, np.bool_)]
        planes += [("instance mask", instance.mask, np.bool_) for instance in self.instances or ()]
        for name, plane, dtype in planes:
            if plane is not None and (plane.shape != size or plane.dtype != dtype):
                raise ArrayError(
                    f"has an {name} of {plane.dtype} {plane.shape} for a picture of {size}", subject=self.key
                )

    @property
    def boxes(self) -> NDArray[np.float32]:
        """Boxes of all instances, float32 N x 4 (left, top, right, bottom)."""
        return np.array([instance.box for instance in self.instances or ()], np.float32).reshape(-1, 4)


@dataclass(frozen=True)
class Entry:
    """A picture that can be read: known by name before anything is decoded.

    Attributes:
        key: see :class:`Sample`.
        source: name of the set.
        licence: its terms.
        group: see :class:`Sample`.
        read: decodes it; raises :class:`~cleanplate.errors.InputError` for a broken file.
    """

    key: str
    source: str
    licence: str
    group: str
    read: Callable[[], Sample] = field(repr=False, compare=False)
