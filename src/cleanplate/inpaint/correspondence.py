"""Which known place does each piece of a completed hole resemble?

The completed small picture is divided into a grid; around each grid point that touches the hole a patch is compared
with all patches that lie entirely on known ground. The comparison runs on a few cosine coefficients of the patches, as
one matrix product a band, so memory stays bounded; sweeps over the grid then prefer sources that continue a
neighbour's, because detail copied from one place in one piece shows no seams.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.types import Mask

STRIDE = 2
"""Distance of grid points, in cells of the small picture."""

_RADIUS = 3
_SOURCE_STRIDE = 2
_BAND_BYTES = 24_000_000
_COHERENCE = 1.2
_SWEEPS = 3
_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_MAX_SOURCES = 40_000

_OPPONENT = np.array(
    [[1 / 3**0.5] * 3, [1 / 2**0.5, 0.0, -(1 / 2**0.5)], [1 / 6**0.5, -2 / 6**0.5, 1 / 6**0.5]], np.float32
)
"""Brightness and two opponent colours; orthonormal."""

_COEFFICIENTS = (
    *((0, down, right) for down in range(4) for right in range(4) if down + right <= 3),
    *((plane, down, right) for plane in (1, 2) for down, right in ((0, 0), (0, 1), (1, 0))),
)
"""Plane, vertical and horizontal order of each coefficient that is compared."""

_GRAIN_SIDE = 5
"""Window of the mean from which grain is told, in cells."""


@dataclass(frozen=True)
class Correspondence:
    """For each point of the grid, how far away its source lies.

    Attributes:
        offsets: rows x columns x 2 int32 (down, right), in cells; grid point (i, j) stands for the ``2 * stride``
            cells square patch that starts at cell ``(i - 1) * stride`` (so neighbours overlap by half); zero where the
            patch does not touch the hole.
        stride: distance of grid points in cells.
    """

    offsets: NDArray[np.int32]
    stride: int = STRIDE


def search(
    image: NDArray[np.uint8],
    hole: Mask,
    avoid: Mask,
    *,
    start: Correspondence | None = None,
    smooth: bool = False,
) -> Correspondence | None:
    """Find the sources for a completed picture.

    Args:
        image: h x w x 3 uint8, completed.
        hole: h x w bool, what was filled.
        avoid: h x w bool, what may not be a source besides.
        start: the correspondence of the same window at half the size, to begin from instead of a full search.
        smooth: the completion has no grain. All patches of an even one would resemble the same smoothest place, whose
            detail would then repeat at every other grid point, as dots; so grain is added for the comparison.

    Returns:
        The correspondence, or None if no patch lies on known ground entirely.
    """
    height, width = hole.shape
    sources = _allowed_sources(hole | avoid)
    source_at = np.flatnonzero(sources)
    if not source_at.size:
        return None
    rows, columns, wanted = _grid(hole)
    features = _features(_grained(image, hole, hole | avoid) if smooth else image)
    target_at = _centres(rows, columns, height, width)[wanted]
    found = np.full(len(target_at), -1)
    if start is not None:
        found = _doubled(start, rows, columns, wanted, target_at, sources)
    missing = found < 0
    if missing.any():
        found[missing] = _nearest(features, target_at[missing], _thinned(source_at, width))
    offsets = np.zeros((rows, columns, 2), np.int32)
    offsets[wanted, 0] = found // width - target_at // width
    offsets[wanted, 1] = found % width - target_at % width
    _make_coherent(offsets, wanted, target_at, features, sources)
    return Correspondence(offsets)


def _doubled(
    start: Correspondence,
    rows: int,
    columns: int,
    wanted: Mask,
    target_at: NDArray[np.int64],
    sources: Mask,
) -> NDArray[np.int64]:
    """Sources of a correspondence found at half the size; -1 where that gives none that is allowed here."""
    height, width = sources.shape
    half_rows = np.minimum((np.arange(rows) + 1) // 2, start.offsets.shape[0] - 1)
    half_columns = np.minimum((np.arange(columns) + 1) // 2, start.offsets.shape[1] - 1)
    offsets = 2 * start.offsets[half_rows][:, half_columns][wanted]
    y, x = target_at // width + offsets[:, 0], target_at % width + offsets[:, 1]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width) & offsets.any(axis=1)
    y, x = np.where(inside, y, 0), np.where(inside, x, 0)
    return np.where(inside & sources[y, x], y * width + x, -1)


def _allowed_sources(unknown: Mask) -> Mask:
    """Centres whose patch, as compared and as copied, touches nothing unknown and stays in the picture."""
    reach = 2 * max(_RADIUS, STRIDE) + 1
    near = cv2.dilate(unknown.view(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    edge = max(_RADIUS, STRIDE)
    near[:edge] = near[-edge:] = True
    near[:, :edge] = near[:, -edge:] = True
    return ~near


def _grid(hole: Mask) -> tuple[int, int, Mask]:
    """Rows and columns of the grid, and which of its patches touch the hole."""
    height, width = hole.shape
    rows, columns = -(-height // STRIDE) + 1, -(-width // STRIDE) + 1
    cells = np.zeros((rows + 1, columns + 1), np.bool_)
    padded = np.zeros((rows * STRIDE, columns * STRIDE), np.bool_)
    padded[:height, :width] = hole
    cells[1:, 1:] = padded.reshape(rows, STRIDE, columns, STRIDE).any(axis=(1, 3))
    return rows, columns, cells[:-1, :-1] | cells[1:, :-1] | cells[:-1, 1:] | cells[1:, 1:]


def _centres(rows: int, columns: int, height: int, width: int) -> NDArray[np.int64]:
    """Flat cell index of each patch's centre, held inside the picture."""
    y = np.minimum(np.arange(rows) * STRIDE, height - 1)
    x = np.minimum(np.arange(columns) * STRIDE, width - 1)
    return y[:, None] * width + x[None, :]


def _grained(image: NDArray[np.uint8], hole: Mask, unknown: Mask) -> NDArray[np.uint8]:
    """The picture with grain in its hole, as much as what is known mostly has; the same each time."""
    side = (_GRAIN_SIDE, _GRAIN_SIDE)
    rest = np.abs(image.astype(np.float32) - cv2.blur(image, side))[~unknown]
    # The median of what is known: edges do not count. 1.48 makes it a standard deviation.
    spread = 1.48 * np.median(rest, axis=0) if len(rest) else np.zeros(3)
    noise = np.random.default_rng(0).normal(0.0, 1.0, (*hole.shape, 1)).astype(np.float32)
    grained = np.clip(np.rint(image + noise * spread.astype(np.float32)), 0, 255).astype(np.uint8)
    return np.where(hole[..., None], grained, image)


def _features(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the patch around each cell looks like, (h * w) x components.

    The first coefficients of the discrete cosine transform of each patch, more of brightness than of colour. The
    basis is orthonormal, so distances between features are close to distances between patches (within what the
    coefficients left out hold), and each coefficient is a separable filter.
    """
    height, width = image.shape[:2]
    planes = cv2.transform(image.astype(np.float32), _OPPONENT)
    rows = [_cosine(order) for order in range(4)]
    features = np.empty((height, width, len(_COEFFICIENTS)), np.float32)
    for at, (plane, down, right) in enumerate(_COEFFICIENTS):
        source = np.ascontiguousarray(planes[..., plane])
        features[..., at] = cv2.sepFilter2D(
            source, cv2.CV_32F, rows[right], rows[down], borderType=cv2.BORDER_REFLECT_101
        )
    return features.reshape(height * width, len(_COEFFICIENTS))


def _cosine(order: int) -> NDArray[np.float32]:
    """Row ``order`` of the orthonormal discrete cosine transform of a patch's side."""
    side = 2 * _RADIUS + 1
    wave = np.cos(np.pi * order * (np.arange(side) + 0.5) / side)
    return np.asarray(wave / np.linalg.norm(wave), np.float32)


def _thinned(source_at: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Every second row and column of the sources, and fewer still in large windows; sweeps refine later."""
    y, x = source_at // width, source_at % width
    step = _SOURCE_STRIDE
    while True:
        kept = source_at[(y % step == 0) & (x % step == 0)]
        if len(kept) <= _MAX_SOURCES:
            return kept if kept.size else source_at[:: max(1, len(source_at) // _MAX_SOURCES)]
        step += 1


def _nearest(
    features: NDArray[np.float32], target_at: NDArray[np.int64], source_at: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Index of the most similar source of each target."""
    known = features[source_at]
    half_norms = 0.5 * np.einsum("ij,ij->i", known, known)
    transposed = np.ascontiguousarray(known.T)
    best = np.empty(len(target_at), np.int64)
    band = max(1, _BAND_BYTES // (4 * len(source_at)))
    for start in range(0, len(target_at), band):
        similarity = features[target_at[start : start + band]] @ transposed
        similarity -= half_norms
        best[start : start + band] = source_at[similarity.argmax(axis=1)]
    return best


def _make_coherent(
    offsets: NDArray[np.int32],
    wanted: Mask,
    target_at: NDArray[np.int64],
    features: NDArray[np.float32],
    sources: Mask,
) -> None:
    """Sweep over the grid: take a neighbour's offset, or a step beside one's own, where that fits about as well.

    The energy of a patch is its feature distance plus a charge for each of its four neighbours with another offset.
    Patches of one colour of a checkerboard are updated together, so the result does not depend on their order.
    """
    width = sources.shape[1]
    at_row, at_column = np.nonzero(wanted)
    y, x = target_at // width, target_at % width
    own = features[target_at]
    distance = _distances(offsets[at_row, at_column], y, x, own, features, sources)
    charge = _COHERENCE * float(np.median(distance)) + 1.0
    # A rim of zeros around the grid: each point has four neighbours there, at these places of the flattened grid.
    grid = np.pad(offsets, ((1, 1), (1, 1), (0, 0))).reshape(-1, 2)
    at_grid = (at_row + 1) * (wanted.shape[1] + 2) + at_column + 1
    beside = at_grid + np.array([down * (wanted.shape[1] + 2) + right for down, right in _NEIGHBOURS])[:, None]
    has_neighbour = np.pad(wanted, 1).reshape(-1)[beside]
    colours = [np.flatnonzero((at_row + at_column) % 2 == colour) for colour in (0, 1)]
    for sweep in range(_SWEEPS):
        for chosen in colours:
            around, present = grid[beside[:, chosen]], has_neighbour[:, chosen]
            current = grid[at_grid[chosen]]
            best_distance = distance[chosen]
            best = best_distance + charge * _disagreement(current[None], around, present)[0]
            own_steps = [] if sweep else [current + np.array(step, np.int32) for step in _NEIGHBOURS]
            # Several candidates a call, as calls cost more than sums in small windows.
            for candidates in (around, np.stack(own_steps)) if own_steps else (around,):
                d = _distances(candidates, y[chosen], x[chosen], own[chosen], features, sources)
                energy = d + charge * _disagreement(candidates, around, present)
                for candidate, its_distance, its_energy in zip(candidates, d, energy, strict=True):
                    better = its_energy < best
                    current = np.where(better[:, None], candidate, current)
                    best = np.where(better, its_energy, best)
                    best_distance = np.where(better, its_distance, best_distance)
            grid[at_grid[chosen]] = current
            distance[chosen] = best_distance
    offsets[at_row, at_column] = grid[at_grid]


def _disagreement(candidates: NDArray[np.int32], around: NDArray[np.int32], present: Mask) -> NDArray[np.float32]:
    """How many of the neighbours that are there have another offset: candidates x targets."""
    first, other = (np.ascontiguousarray(each).view(np.int64)[..., 0] for each in (candidates, around))
    differs = (first[:, None] != other[None]) & present[None]
    return np.asarray(np.count_nonzero(differs, axis=1), np.float32)


def _distances(
    offset: NDArray[np.int32],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    own: NDArray[np.float32],
    features: NDArray[np.float32],
    sources: Mask,
) -> NDArray[np.float32]:
    """Squared feature distance to the source at ``offset``, ... x targets x 2; infinite where that is no source."""
    height, width = sources.shape
    source_y, source_x = y + offset[..., 0], x + offset[..., 1]
    inside = (source_y >= 0) & (source_y < height) & (source_x >= 0) & (source_x < width)
    at = np.where(inside, source_y * width + source_x, 0)
    difference = features[at]
    difference -= own
    distance = np.einsum("...j,...j->...", difference, difference)
    return np.where(inside & sources.ravel()[at], distance, np.float32(np.inf))
