"""Hair with exact alpha, drawn strand by strand: what mattes of small pictures cannot teach.

Strands are polylines along bent curves that start on the upper outline of a cut-out, drawn with sub-pixel positions
into a plane of several times the size and averaged down, so that their coverage is known for every pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.sample import Sample

_FINER = 4
"""Pixels of the drawing plane per pixel and axis."""
_KNOTS = 10


@dataclass(frozen=True)
class Hair:
    """Draws hair on the head of a cut-out whose alpha is known.

    Attributes:
        strands: least and greatest number of strands.
        length: range of their length, as a share of the width of the head.
        thickness: range in pixels.
        head: share of the figure's height, from its top, on whose outline strands start.
    """

    strands: tuple[int, int] = (60, 400)
    length: tuple[float, float] = (0.08, 0.6)
    thickness: tuple[float, float] = (0.35, 1.6)
    head: float = 0.2

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cut-out with hair: alpha exact, colours under the new alpha those of the hair.

        A cut-out without alpha, or with hardly anything in it, is returned as it is.
        """
        if sample.alpha is None or np.count_nonzero(sample.alpha > 127) < 400:
            return sample
        roots, head_width = _roots(sample.alpha, self.head)
        if len(roots) < 8:
            return sample
        count = int(rng.integers(self.strands[0], self.strands[1] + 1))
        coverage = self._drawn(sample.alpha.shape, roots, head_width, count, rng)
        colour = _hair_colour(sample, roots, rng)
        shade = 1 + 0.35 * (cv2.GaussianBlur(rng.random(coverage.shape).astype(np.float32), (0, 0), 1.2) - 0.5)
        hair = np.clip(colour * np.asarray(shade, np.float32)[..., np.newaxis], 0, 255)
        weight = coverage[..., np.newaxis]
        alpha = sample.alpha.astype(np.float32) / 255
        joined = coverage + alpha * (1 - coverage)
        # The foreground's own colour, so that laid over a background with the joined alpha both layers come out right.
        own = (hair * weight + sample.picture * (alpha * (1 - coverage))[..., np.newaxis]) / np.maximum(joined, 1e-4)[
            ..., np.newaxis
        ]
        picture = np.where(joined[..., np.newaxis] > 1e-3, own, sample.picture)
        return replace(
            sample,
            picture=np.asarray(np.rint(np.clip(picture, 0, 255)), np.uint8),
            alpha=np.asarray(np.rint(255 * joined), np.uint8),
            instances=None,
            encoded=None,
        )

    def _drawn(
        self,
        shape: tuple[int, ...],
        roots: NDArray[np.float64],
        head_width: float,
        count: int,
        rng: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Coverage of the strands, float32 H x W in 0..1."""
        plane = np.zeros((shape[0] * _FINER, shape[1] * _FINER), np.uint8)
        middle = roots.mean(axis=0) + np.array([0.0, 0.3 * head_width])
        longest = head_width * rng.uniform(*self.length)
        wave, fall = rng.uniform(0, 0.6), rng.uniform(-0.2, 1.0)
        along = np.linspace(0, 1, _KNOTS)
        for _ in range(count):
            root = roots[rng.integers(len(roots))]
            out = root - middle
            direction = math.atan2(out[1], out[0]) + rng.normal(0, 0.5)
            bend = fall * math.cos(direction) * rng.uniform(0.3, 1.5) + rng.normal(0, 0.4)
            angles = direction + bend * along + wave * np.sin(along * rng.uniform(2, 9) + rng.uniform(0, 6))
            step = longest * rng.uniform(0.3, 1.0) / _KNOTS
            steps = step * np.column_stack([np.cos(angles), np.sin(angles)])
            points = root + np.cumsum(steps, axis=0) - steps[0]
            thick = max(1, round(_FINER * rng.uniform(*self.thickness)))
            fixed = np.rint(points * _FINER * 16).astype(np.int32)
            cv2.polylines(plane, [fixed], False, 255, thick, cv2.LINE_AA, 4)
        small = cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
        return np.asarray(small / 255, np.float32)


def _roots(alpha: NDArray[np.uint8], share: float) -> tuple[NDArray[np.float64], float]:
    """Points (x, y) of the outline in the upper ``share`` of the figure, and the width of the head there."""
    solid = alpha > 127
    left, top, right, bottom = (int(edge) for edge in box_of(solid))
    cut = top + max(4, round(share * (bottom - top)))
    outline = solid & ~cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    outline[cut:] = False
    outline[:1] = outline[:, :1] = outline[:, -1:] = False  # the picture's border is no outline
    y, x = np.nonzero(outline)
    return np.column_stack([x, y]).astype(np.float64), float(x.max() - x.min() + 1) if len(x) else float(right - left)


def _hair_colour(sample: Sample, roots: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour found near the roots, inside the figure, made a little darker or brighter."""
    assert sample.alpha is not None
    height, width = sample.alpha.shape
    x, y = roots[rng.integers(len(roots), size=24)].round().astype(int).T
    y = np.clip(y + max(2, height // 60), 0, height - 1)
    x = np.clip(x, 0, width - 1)
    inside = sample.alpha[y, x] > 200
    found = sample.picture[y[inside], x[inside]] if inside.any() else sample.picture[y, x]
    median = np.median(found.astype(np.float32), axis=0)
    return np.asarray(np.clip(median * rng.uniform(0.7, 1.2), 4, 250), np.float32)
