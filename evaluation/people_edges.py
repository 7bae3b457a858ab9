"""How well coarse masks come to the edges of large pictures, for several ways to do it.

    python -m evaluation.people_edges --pictures FOLDER

FOLDER is the published clothing-co-parsing set: ``photos/NNNN.jpg`` and ``annotations/pixel-level/NNNN.mat``. Every
45th masked photograph is enlarged threefold, with grain; the true mask of its largest part is made a 28 x 28 mask as a
network's is: in a box that is 2 % wrong, blurred, with smooth errors. Printed are the boundary F-score at 6 pixels (2
of the original), the intersection over union, and the share of the person that the mask misses, which a fill would
leave standing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from cleanplate.detect import edges
from cleanplate.detect.network import Detections, scaled
from cleanplate.detect.paste import pasted
from cleanplate.detect.shapes import shapes
from cleanplate.detect.views import eight_bit
from cleanplate.types import Box, Mask
from evaluation.metrics.boundary_f import boundary_f

_EVERY, _MOST = 45, 20
_ENLARGED = 3
_TOLERANCE = 6.0
_SIDE = 320

Way = Callable[[NDArray[np.uint8], Detections], Mask]


def pasting(picture: NDArray[np.uint8], found: Detections) -> Mask:
    """The coarse mask enlarged."""
    whole = Box(0, 0, picture.shape[1], picture.shape[0])
    return np.asarray(pasted(found.masks[0], found.boxes[0], whole, picture.shape[:2]) >= 0.5, np.bool_)


def one_guided_filter(picture: NDArray[np.uint8], found: Detections) -> Mask:
    """A single guided filter of half a cell."""
    window, small, coarse, cell = _small(picture, found)
    return _placed(picture, window, edges.guided(small, coarse, max(2, round(0.5 * cell)), picture[window.slices]))


def grabcut(picture: NDArray[np.uint8], found: Detections) -> Mask:
    """GrabCut in a band of 1.25 cells around the border, then a guided filter."""
    window, small, coarse, cell = _small(picture, found)
    inside = (coarse >= 0.5).view(np.uint8)
    deep = cv2.distanceTransform(np.pad(inside, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    far = cv2.distanceTransform(np.pad(1 - inside, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    labels = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[(deep > 1.25 * cell) & (coarse >= 0.9)] = cv2.GC_FGD
    labels[(far > 1.25 * cell) & (coarse <= 0.1)] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    cv2.grabCut(bgr, labels, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    soft = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
    return _placed(picture, window, edges.guided(small, soft, 2, picture[window.slices]))


def ours(picture: NDArray[np.uint8], found: Detections) -> Mask:
    """What the program does."""
    (shape,) = shapes(picture, found)
    mask = np.zeros(picture.shape[:2], np.bool_)
    if shape is not None:
        mask[shape[0].slices] = shape[1]
    return mask


WAYS: dict[str, Way] = {
    "pasted": pasting,
    "one guided filter": one_guided_filter,
    "GrabCut": grabcut,
    "three guided filters (ours)": ours,
}


def _small(picture: NDArray[np.uint8], found: Detections) -> tuple[Box, NDArray[np.uint8], NDArray[np.float32], float]:
    left, top, right, bottom = (round(float(side)) for side in found.boxes[0])
    window = Box(left, top, right, bottom).grown(round(0.08 * max(right - left, bottom - top)))
    window = window.clipped(*picture.shape[:2])
    small = eight_bit(scaled(picture[window.slices], min(1.0, _SIDE / max(window.width, window.height))))
    cell = max(right - left, bottom - top) / 28 * small.shape[0] / window.height
    return window, small, pasted(found.masks[0], found.boxes[0], window, (small.shape[0], small.shape[1])), cell


def _placed(picture: NDArray[np.uint8], window: Box, mask: Mask) -> Mask:
    whole = np.zeros(picture.shape[:2], np.bool_)
    whole[window.slices] = mask
    return whole


def cases(folder: Path) -> Iterator[tuple[NDArray[np.uint8], Mask, Detections]]:
    """Enlarged pictures, true masks and simulated detections."""
    rng = np.random.default_rng(1)
    for path in sorted((folder / "annotations" / "pixel-level").glob("*.mat"))[::_EVERY][:_MOST]:
        stored = cv2.imread(str(folder / "photos" / f"{path.stem}.jpg"))
        labels = loadmat(str(path))["groundtruth"] > 0
        if stored is None or labels.shape != stored.shape[:2] or not labels.any():
            continue
        _, parts, stats, _ = cv2.connectedComponentsWithStats(labels.astype(np.uint8))
        truth = parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        size = truth.shape[1] * _ENLARGED, truth.shape[0] * _ENLARGED
        large = cv2.resize(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), size, interpolation=cv2.INTER_CUBIC)
        noisy = large + rng.normal(0, 3, large.shape[:2])[..., None]
        mask = cv2.resize(truth.astype(np.float32), size, interpolation=cv2.INTER_CUBIC) > 0.5
        yield np.clip(noisy, 0, 255).astype(np.uint8), mask, simulated(mask, rng)


def simulated(truth: Mask, rng: np.random.Generator) -> Detections:
    """A detection as a network makes it of this mask: a box that is 2 % wrong, 28 x 28 cells, blurred, with errors."""
    rows, columns = np.nonzero(truth)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)
    wide, high = box[2] - box[0], box[3] - box[1]
    box = np.clip(box + rng.normal(0, 0.02, 4) * [wide, high, wide, high], 0, [*truth.shape[::-1]] * 2)
    left, top, right, bottom = np.round(box).astype(int)
    cells = cv2.resize(truth[top:bottom, left:right].astype(np.float32), (28, 28), interpolation=cv2.INTER_AREA)
    cells = np.clip(cv2.GaussianBlur(cells, (0, 0), 0.7), 0.02, 0.98)
    errors = cv2.GaussianBlur(rng.normal(0, 1, (28, 28)).astype(np.float32), (0, 0), 1.2) * 3.0
    mask = np.asarray(1.0 / (1.0 + np.exp(-(1.3 * np.log(cells / (1.0 - cells)) + errors))), np.float32)
    return Detections(box[None].astype(np.float32), np.ones(1, np.int64), np.ones(1, np.float32), mask[None])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.people_edges", description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True)
    options = parser.parse_args()
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in WAYS}
    for picture, truth, found in cases(options.pictures):
        for name, way in WAYS.items():
            mask = way(picture, found)
            shared = np.count_nonzero(mask & truth)
            figures[name].append(
                (
                    boundary_f(mask, truth, tolerance=_TOLERANCE),
                    shared / np.count_nonzero(mask | truth),
                    1 - shared / np.count_nonzero(truth),
                )
            )
    print("| way | pictures | boundary F | IoU | missed |\n|---|---|---|---|---|")
    for name, rows in figures.items():
        f, iou, missed = np.mean(rows, axis=0)
        print(f"| {name} | {len(rows)} | {f:.3f} | {iou:.3f} | {100 * missed:.1f} % |")


if __name__ == "__main__":
    main()
