"""Where the pixels go: flip, rotation, scale, aspect ratio and crop, joined into one resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.sample import Instance, Sample

_LEAST_VISIBLE = 0.1
"""An object of which less than this share stays in the picture is dropped."""


@dataclass(frozen=True)
class RandomView:
    """A random part of the picture, seen at the network's size.

    Attributes:
        size: height and width of the result.
        scale: range of the side of the part seen, as a share of the largest part with the result's aspect ratio.
        aspect: range by which the picture is stretched sideways (drawn evenly on a log scale); (0.6, 1.7) undoes the
            stretching of sets that were squeezed into squares.
        rotation: largest turn in degrees, either way.
        flip: probability of a mirror image.
        border: what lies outside the picture: "reflect", or "black" (alpha and masks are empty there either way when
            black). Reflected content is annotated like the content it mirrors.
    """

    size: tuple[int, int]
    scale: tuple[float, float] = (0.8, 1.0)
    aspect: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    flip: float = 0.5
    border: str = "reflect"

    def __post_init__(self) -> None:
        """Refuse ranges that make no view."""
        if self.border not in ("reflect", "black"):
            raise ArgumentError(f"must be reflect or black, not {self.border!r}", subject="border")
        for name, (low, high) in (("scale", self.scale), ("aspect", self.aspect), ("size", self.size)):
            if not (low > 0 and high > 0 and (name == "size" or low <= high)):
                raise ArgumentError(f"must be positive and ordered, not {(low, high)}", subject=name)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """The sample as one random view shows it."""
        height, width = sample.picture.shape[:2]
        rows, columns = self.size
        stretch = math.exp(rng.uniform(math.log(self.aspect[0]), math.log(self.aspect[1])))
        angle = math.radians(rng.uniform(-self.rotation, self.rotation))
        mirror = -1.0 if rng.random() < self.flip else 1.0
        # Largest part with the result's aspect ratio, in units of the stretched picture.
        whole = min(width * stretch / columns, height / rows)
        zoom = 1 / (whole * rng.uniform(*self.scale))
        slack_x = max(0.0, width * stretch - columns / zoom) / 2
        slack_y = max(0.0, height - rows / zoom) / 2
        centre_x = width / 2 + rng.uniform(-slack_x, slack_x) / stretch
        centre_y = height / 2 + rng.uniform(-slack_y, slack_y)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        linear = turn @ np.diag([mirror * zoom * stretch, zoom])
        offset = np.array([columns / 2, rows / 2]) - linear @ np.array([centre_x, centre_y])
        return warped(sample, np.column_stack([linear, offset]), self.size, border=self.border)


def flipped(sample: Sample, rng: np.random.Generator | None = None) -> Sample:
    """The mirror image (no resampling); ``rng`` is unused and lets it stand in a chain."""
    width = sample.picture.shape[1]

    def mirrored(plane: NDArray[Any] | None) -> Any:
        return None if plane is None else np.ascontiguousarray(plane[:, ::-1])

    instances = sample.instances
    if instances is not None:
        instances = tuple(
            replace(i, box=(width - i.box[2], i.box[1], width - i.box[0], i.box[3]), mask=mirrored(i.mask))
            for i in instances
        )
    return replace(
        sample,
        picture=mirrored(sample.picture),
        alpha=mirrored(sample.alpha),
        mask=mirrored(sample.mask),
        instances=instances,
        encoded=None,
    )


def warped(sample: Sample, matrix: NDArray[np.float64], size: tuple[int, int], *, border: str = "reflect") -> Sample:
    """The sample under an affine map, with its annotations.

    Args:
        sample: what to map.
        matrix: 2 x 3, from pixel-edge coordinates of the sample to those of the result (the picture spans 0..width).
        size: height and width of the result.
        border: see :class:`RandomView`.
    """
    shrink = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrink < 0.7:  # linear interpolation would skip pixels
        smaller = resized(
            sample, max(1, round(sample.picture.shape[0] * shrink)), max(1, round(sample.picture.shape[1] * shrink))
        )
        factors = [
            was / now for was, now in zip(sample.picture.shape[1::-1], smaller.picture.shape[1::-1], strict=True)
        ]
        matrix = np.column_stack([matrix[:, :2] @ np.diag(factors), matrix[:, 2]])
        sample = smaller
    edge = cv2.BORDER_REFLECT if border == "reflect" else cv2.BORDER_CONSTANT
    # OpenCV's coordinates are those of pixel centres: half a pixel off at both ends.
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5

    def mapped(plane: NDArray[Any], interpolation: int = cv2.INTER_LINEAR) -> NDArray[np.uint8]:
        return np.asarray(
            cv2.warpAffine(plane, centred, (size[1], size[0]), flags=interpolation, borderMode=edge), np.uint8
        )

    def mapped_mask(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return mapped(mask.view(np.uint8) * np.uint8(255)) > 127

    instances = sample.instances
    if instances is not None:
        carried = (_carried(instance, matrix, size, mapped_mask) for instance in instances)
        instances = tuple(instance for instance in carried if instance is not None)
    return replace(
        sample,
        picture=mapped(sample.picture),
        alpha=None if sample.alpha is None else mapped(sample.alpha),
        mask=None if sample.mask is None else mapped_mask(sample.mask),
        instances=instances,
        encoded=None,
    )


def resized(sample: Sample, height: int, width: int) -> Sample:
    """The sample at another size: area means where it shrinks, cubic where it grows."""
    old_height, old_width = sample.picture.shape[:2]
    shrinks = height * width < old_height * old_width

    def scaled(plane: NDArray[Any]) -> NDArray[np.uint8]:
        interpolation = cv2.INTER_AREA if shrinks else (cv2.INTER_CUBIC if plane.ndim == 3 else cv2.INTER_LINEAR)
        return np.asarray(cv2.resize(plane, (width, height), interpolation=interpolation), np.uint8)

    def scaled_mask(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return scaled(mask.view(np.uint8) * np.uint8(255)) > 127

    across, down = width / old_width, height / old_height
    instances = sample.instances
    if instances is not None:
        instances = tuple(
            replace(
                i,
                box=(i.box[0] * across, i.box[1] * down, i.box[2] * across, i.box[3] * down),
                mask=None if i.mask is None else scaled_mask(i.mask),
            )
            for i in instances
        )
    return replace(
        sample,
        picture=scaled(sample.picture),
        alpha=None if sample.alpha is None else scaled(sample.alpha),
        mask=None if sample.mask is None else scaled_mask(sample.mask),
        instances=instances,
        encoded=None,
    )


def cropped(sample: Sample, left: int, top: int, width: int, height: int) -> Sample:
    """The part of the sample in a rectangle that lies inside it (no resampling)."""
    window = slice(top, top + height), slice(left, left + width)

    def cut(plane: NDArray[Any]) -> Any:
        return np.ascontiguousarray(plane[window])

    instances = sample.instances
    if instances is not None:
        shift = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top]])
        carried = (_carried(instance, shift, (height, width), cut) for instance in instances)
        instances = tuple(instance for instance in carried if instance is not None)
    return replace(
        sample,
        picture=cut(sample.picture),
        alpha=None if sample.alpha is None else cut(sample.alpha),
        mask=None if sample.mask is None else cut(sample.mask),
        instances=instances,
        encoded=None,
    )


def set_at(plane: NDArray[np.uint8], size: tuple[int, int], top: int, left: int) -> NDArray[np.uint8]:
    """The plane at its place in a picture of zeros; what lies outside falls off."""
    out = np.zeros((*size, *plane.shape[2:]), np.uint8)
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(size[0], top + plane.shape[0]), min(size[1], left + plane.shape[1])
    if y1 > y0 and x1 > x0:
        out[y0:y1, x0:x1] = plane[y0 - top : y1 - top, x0 - left : x1 - left]
    return out


def _carried(instance: Instance, matrix: NDArray[np.float64], size: tuple[int, int], mapped: Any) -> Instance | None:
    """The instance after the map, or None if too little of it is left in the picture."""
    left, top, right, bottom = instance.box
    corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ matrix.T
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    box = max(0.0, x0), max(0.0, y0), min(float(size[1]), x1), min(float(size[0]), y1)
    whole = (x1 - x0) * (y1 - y0)
    if box[2] <= box[0] or box[3] <= box[1] or (box[2] - box[0]) * (box[3] - box[1]) < _LEAST_VISIBLE * whole:
        return None
    if instance.mask is None:
        return replace(instance, box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    mask = mapped(instance.mask)
    return replace(instance, box=box_of(mask), mask=mask) if mask.any() else None
