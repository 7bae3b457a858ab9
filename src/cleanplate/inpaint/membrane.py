"""Taking colour steps out of a completion.

Patches copied from places of slightly different brightness leave steps, at the border of the hole and inside it. The
correction is a membrane: gradients are asked of the places the patches came from, where no step is, and the picture
that has those gradients and meets its surroundings is solved for (P. Perez, M. Gangnet, A. Blake: Poisson Image
Editing, SIGGRAPH 2003). Where the completion itself has a strong edge, that is kept: it is structure and no step.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint.correspondence import Correspondence
from cleanplate.types import Mask

_STEP = 16.0
"""Gradient differences of about this many 8-bit levels and less are taken for steps, larger ones for structure."""

ITERATIONS = 300
"""Steps of the solver that bring also the slowest change across a hole to rest."""

FEW_ITERATIONS = 40
"""Steps that suffice once the same window was levelled at half the size."""

_TOLERANCE = 5e-3

Levels = NDArray[np.float32]


def levelled(
    completed: NDArray[np.uint8],
    mean: Levels,
    hole: Mask,
    avoid: Mask,
    correspondence: Correspondence | None,
    *,
    iterations: int = ITERATIONS,
) -> Levels:
    """The completed picture without colour steps.

    Args:
        completed: h x w x 3 uint8.
        mean: h x w x 3 float32, the unrounded known cells; not read in the hole.
        hole: h x w bool.
        avoid: h x w bool, cells that are neither known nor filled.
        correspondence: where the pieces of the hole come from; None leaves the colours as they are.
        iterations: most steps of the solver; few suffice for a picture whose slow steps are already out.

    Returns:
        h x w x 3 float32, in 8-bit levels; ``mean`` outside the hole.
    """
    picture = np.where(hole[..., None], completed, mean).astype(np.float32)
    if correspondence is None:
        return picture
    source_y, source_x = _sources(hole, correspondence)
    box = _around(hole)

    def wanted(axis: int) -> Levels:
        return _source_gradient(picture, hole[box], source_y[box], source_x[box], axis)

    return _corrected(picture, hole, avoid, wanted, iterations)


def cloned(answer: Levels, known: NDArray[np.uint8], hole: Mask, avoid: Mask) -> Levels:
    """A network's answer pasted into what is known, without the colour step that its own errors would leave.

    The answer shows the known ground too, a little off; the gradients it has across the border of the hole are asked
    of the result.

    Args:
        answer: h x w x 3 float32 in 8-bit levels, the whole picture as the network sees it.
        known: h x w x 3 uint8, not read in the hole.
        hole: h x w bool.
        avoid: h x w bool, cells that are neither known nor filled.

    Returns:
        h x w x 3 float32 in 8-bit levels; ``known`` outside the hole.
    """
    picture = np.where(hole[..., None], answer, known).astype(np.float32)
    part = answer[_around(hole)]

    def wanted(axis: int) -> Levels:
        first, second = _ends(axis)
        return np.asarray(part[second] - part[first], np.float32)

    return _corrected(picture, hole, avoid, wanted, ITERATIONS)


def _corrected(picture: Levels, hole: Mask, avoid: Mask, wanted: Callable[[int], Levels], iterations: int) -> Levels:
    """``picture`` with the ``wanted`` gradients (by axis, around the hole) in its hole, where they are no structure."""
    box = _around(hole)
    inside, usable = hole[box], ~avoid[box] | hole[box]
    flow = np.zeros((*inside.shape, 3), np.float32)
    links = []
    for axis in (0, 1):
        first, second = _ends(axis)
        linked = usable[first] & usable[second] & (inside[first] | inside[second])
        excess = wanted(axis) - (picture[box][second] - picture[box][first])
        share = linked / (1.0 + (np.abs(excess).max(axis=2) / _STEP) ** 8)
        excess *= share[..., None]
        flow[first] -= excess
        flow[second] += excess
        links.append(linked)
    picture[box] += _solve(flow * inside[..., None], inside, links, iterations)
    return picture


def without_erased(picture: Levels, erased: Mask) -> Levels:
    """Replace cells that still show what is being erased by the mean of the cells around them.

    They are neither known nor filled in this window, but enlarging would blend them into the cells beside them.

    Args:
        picture: h x w x 3 float32.
        erased: h x w bool.
    """
    weight = (~erased).astype(np.float32)
    total = cv2.blur(picture * weight[..., None], (5, 5))
    share = cv2.blur(weight, (5, 5))[..., None]
    return np.where(erased[..., None] & (share > 1e-3), total / np.maximum(share, 1e-3), picture)


def _ends(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of the first and of the second cell of each pair of neighbours along ``axis``."""
    if axis == 0:
        return (slice(None, -1), slice(None)), (slice(1, None), slice(None))
    return (slice(None), slice(None, -1)), (slice(None), slice(1, None))


def _around(hole: Mask) -> tuple[slice, slice]:
    """The hole's bounding box with one known cell around it; nothing else takes part in the solution."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    return slice(max(0, rows[0] - 1), rows[-1] + 2), slice(max(0, columns[0] - 1), columns[-1] + 2)


def _sources(hole: Mask, correspondence: Correspondence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of the cell that each cell of the hole was copied from; itself outside the hole."""
    height, width = hole.shape
    stride = correspondence.stride
    nearest_y = (np.arange(height) + stride // 2) // stride
    nearest_x = (np.arange(width) + stride // 2) // stride
    offsets = correspondence.offsets[nearest_y][:, nearest_x] * hole[..., None]
    y = np.clip(np.arange(height)[:, None] + offsets[..., 0], 0, height - 1)
    x = np.clip(np.arange(width)[None, :] + offsets[..., 1], 0, width - 1)
    return y, x


def _source_gradient(
    picture: Levels, hole: Mask, source_y: NDArray[np.int64], source_x: NDArray[np.int64], axis: int
) -> Levels:
    """Gradient along ``axis`` of each pair of neighbours, at the source of the first and of the second, averaged.

    ``hole`` and the sources are those of a part of the picture. A neighbour outside the hole has no source and does
    not count.
    """
    height, width = picture.shape[:2]
    down, right = (1, 0) if axis == 0 else (0, 1)
    first, second = _ends(axis)
    y, x = source_y[first], source_x[first]
    forward = picture[np.minimum(y + down, height - 1), np.minimum(x + right, width - 1)] - picture[y, x]
    y, x = source_y[second], source_x[second]
    backward = picture[y, x] - picture[np.maximum(y - down, 0), np.maximum(x - right, 0)]
    of_first, of_second = hole[first][..., None].astype(np.float32), hole[second][..., None].astype(np.float32)
    total = forward * of_first + backward * of_second
    return np.asarray(total / np.maximum(of_first + of_second, 1.0), np.float32)


def _solve(flow: Levels, hole: Mask, links: list[Mask], iterations: int) -> Levels:
    """Solve the Laplace equation with sources ``flow`` on the hole, zero on known cells, by conjugate gradients."""
    inside = hole[..., None].astype(np.float32)
    weights = [linked[..., None].astype(np.float32) for linked in links]
    degree = np.zeros((*hole.shape, 1), np.float32)
    for axis, weight in enumerate(weights):
        first, second = _ends(axis)
        degree[first] += weight
        degree[second] += weight

    def laplacian(field: Levels) -> Levels:
        result = degree * field
        for axis, weight in enumerate(weights):
            first, second = _ends(axis)
            result[first] -= weight * field[second]
            result[second] -= weight * field[first]
        result *= inside
        return result

    solution = np.zeros_like(flow)
    rest = flow.copy()
    direction: Levels = np.asarray(rest / np.maximum(degree, 1.0), np.float32)
    product = np.einsum("ijk,ijk->k", rest, direction)
    goal = _TOLERANCE**2 * np.maximum(product, 1e-12)
    for _ in range(iterations):
        if (product <= goal).all():
            break
        spread = laplacian(direction)
        step = product / np.maximum(np.einsum("ijk,ijk->k", direction, spread), 1e-12)
        solution += step * direction
        rest -= step * spread
        conditioned = rest / np.maximum(degree, 1.0)
        following = np.einsum("ijk,ijk->k", rest, conditioned)
        direction = np.asarray(conditioned + (following / np.maximum(product, 1e-12)) * direction, np.float32)
        product = following
    return solution
