"""Generated holes: what users paint over, as masks of a wanted area.

Every kind is a shape with one size parameter; the size is found by bisection, so that the hole covers the wanted
share of the picture. Silhouettes are figures of random posture (head, trunk, limbs as tapered capsules with smoothed
outlines), not cut from any photograph.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.types import Mask

TOLERANCE = 0.03
"""Largest relative error of the area."""

_STEPS = 40
_LARGEST_DRAWN = 1500
"""Long side, in pixels, up to which holes are drawn; in larger pictures they are enlarged, with smooth outlines."""
_Draw = Callable[[float], Mask]
_Rng = np.random.Generator


def make_hole(kind: str, height: int, width: int, *, share: float, seed: int) -> Mask:
    """A hole that covers ``share`` of a picture, within :data:`TOLERANCE` of it.

    Args:
        kind: one of :data:`KINDS`.
        height: of the picture, pixels.
        width: of the picture, pixels.
        share: wanted area, as a share of the picture, 0.001 to 0.6.
        seed: the same seed gives the same hole.

    Returns:
        H x W bool.

    Raises:
        ArgumentError: unknown kind, or a share out of range.
    """
    if kind not in KINDS:
        raise ArgumentError(f"unknown kind '{kind}'", subject="hole", fix=f"choose one of: {', '.join(KINDS)}")
    if not 0.001 <= share <= 0.6:
        raise ArgumentError(f"must lie in 0.001..0.6, not {share}", subject="share")
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    step = max(1.0, max(height, width) / _LARGEST_DRAWN)
    h, w = max(1, round(height / step)), max(1, round(width / step))
    hole = _of_area(KINDS[kind](rng, h, w, share), share * h * w)
    return hole if step == 1 else _enlarged(hole, height, width)


def _enlarged(hole: Mask, height: int, width: int) -> Mask:
    soft = cv2.resize(hole.view(np.uint8) * np.uint8(255), (width, height), interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(soft, (0, 0), height / hole.shape[0])  # rounds the steps of the small outline
    return np.asarray(soft > 127)


def _of_area(draw: _Draw, wanted: float) -> Mask:
    """Bisection on the size; areas grow with it."""
    low, high = 0.0, 4.0
    best = draw(high)
    for _ in range(_STEPS):
        size = (low + high) / 2
        mask = draw(size)
        area = np.count_nonzero(mask)
        if abs(area - wanted) < abs(np.count_nonzero(best) - wanted):
            best = mask
        if abs(area - wanted) <= 0.5 * TOLERANCE * wanted:
            break
        low, high = (size, high) if area < wanted else (low, size)
    return best


def _box(rng: _Rng, height: int, width: int, share: float) -> _Draw:
    aspect, y, x = np.exp(rng.uniform(-0.7, 0.7)), rng.uniform(0, 1), rng.uniform(0, 1)

    def draw(size: float) -> Mask:
        mask = np.zeros((height, width), np.bool_)
        side = size * np.sqrt(height * width)
        h, w = round(min(height, side * aspect)), round(min(width, side / aspect))
        top, left = round(y * (height - h)), round(x * (width - w))
        mask[top : top + h, left : left + w] = True
        return mask

    return draw


def _ellipse(rng: _Rng, height: int, width: int, share: float) -> _Draw:
    aspect, turn = np.exp(rng.uniform(-0.6, 0.6)), float(rng.uniform(0, 180))
    y, x = rng.uniform(0.25, 0.75) * height, rng.uniform(0.25, 0.75) * width

    def draw(size: float) -> Mask:
        canvas = np.zeros((height, width), np.uint8)
        side = size * np.sqrt(height * width) / 2
        cv2.ellipse(canvas, ((x, y), (2 * side * aspect, 2 * side / aspect), turn), 255, -1)
        return canvas > 0

    return draw


def _strokes(rng: _Rng, height: int, width: int, share: float) -> _Draw:
    distance = np.full((height, width), np.inf, np.float32)
    for _ in range(3 + round(20 * share)):
        elsewhere = np.ones((height, width), np.uint8)
        cv2.polylines(elsewhere, [_path(rng, height, width)], False, 0)
        weight = rng.uniform(0.6, 1.4)
        np.minimum(distance, cv2.distanceTransform(elsewhere, cv2.DIST_L2, 5) / np.float32(weight), out=distance)

    def draw(size: float) -> Mask:
        return np.asarray(distance < 0.1 * size * min(height, width))

    return draw


def _path(rng: _Rng, height: int, width: int) -> NDArray[np.int32]:
    """A wandering brush path, smooth and mostly inside the picture."""
    points = int(rng.integers(4, 9))
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.6, points))
    step = rng.uniform(0.05, 0.12) * min(height, width)
    start = rng.uniform(0.15, 0.85, 2) * (width, height)
    corners = start + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1) * step, axis=0)
    fine = np.linspace(0, points - 1, 12 * points)
    smooth = np.stack([np.interp(fine, np.arange(points), corners[:, axis]) for axis in (0, 1)], axis=1)
    blurred = cv2.GaussianBlur(smooth, (1, 0), sigmaX=1, sigmaY=5, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.rint(blurred), np.int32)


def _silhouette(rng: _Rng, height: int, width: int, share: float) -> _Draw:
    figures = [_figure(rng) for _ in range(1 if share < 0.05 else int(rng.integers(2, 4)))]
    feet = [(rng.uniform(0.15, 0.85) * width, rng.uniform(0.7, 1.0) * height) for _ in figures]

    def draw(size: float) -> Mask:
        canvas = np.zeros((height, width), np.uint8)
        tall = size * height
        for limbs, (x, y) in zip(figures, feet, strict=True):
            for start, end, thick in limbs:
                _capsule(canvas, (x, y) + tall * start, (x, y) + tall * end, tall * thick)
        blurred = cv2.GaussianBlur(canvas, (0, 0), max(0.5, 0.008 * tall))
        return blurred > 127

    return draw


_Limb = tuple[NDArray[np.float64], NDArray[np.float64], float]


def _figure(rng: _Rng) -> list[_Limb]:
    """Limbs of a standing figure of height 1 whose feet are at the origin: start, end, radius."""

    def at(x: float, y: float) -> NDArray[np.float64]:
        return np.array([x, -y]) + rng.normal(0, 0.012, 2)

    def by(right: float, down: float) -> NDArray[np.float64]:
        return np.array([right, down], np.float64)

    def beyond(joint: NDArray[np.float64], length: float, angle: float) -> NDArray[np.float64]:
        return joint + length * np.array([np.sin(angle), np.cos(angle)])

    lean = rng.normal(0, 0.03)
    neck, hips, head = at(lean, 0.82), at(0, 0.5), at(1.4 * lean, 0.92)
    limbs = [(head, head + by(0, 0.02), 0.065), (neck, hips, float(rng.uniform(0.09, 0.13)))]
    for side in (-1, 1):
        shoulder, hip = neck + by(0.09 * side, 0.03), hips + by(0.05 * side, 0)
        elbow = beyond(shoulder, 0.17, side * rng.uniform(0.0, 0.9))
        hand = beyond(elbow, 0.16, side * rng.uniform(-0.6, 1.2))
        knee = beyond(hip, 0.25, side * rng.uniform(-0.05, 0.35))
        foot = beyond(knee, 0.25, side * rng.uniform(-0.3, 0.2))
        limbs += [(shoulder, elbow, 0.04), (elbow, hand, 0.03), (hip, knee, 0.06), (knee, foot, 0.042)]
    if rng.random() < 0.5:
        limbs.append((neck + by(0.12, 0.12), hips + by(0.13, -0.08), 0.07))  # a bag
    return limbs


def _capsule(canvas: NDArray[np.uint8], start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> None:
    thickness = max(1, round(2 * radius))
    a, b = (tuple(int(v) for v in np.rint(point)) for point in (start, end))
    cv2.line(canvas, a, b, 255, min(thickness, 32767), cv2.LINE_8)


KINDS: dict[str, Callable[[_Rng, int, int, float], _Draw]] = {
    "strokes": _strokes,
    "silhouette": _silhouette,
    "ellipse": _ellipse,
    "box": _box,
}
"""Kind of hole to what draws it."""
