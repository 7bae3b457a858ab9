"""Which way of taking detail by attention is best, apart from how well a generator paints.

``python -m evaluation.erase.detail --pictures DIR --weights GENERATOR`` fills holes of a tenth of each photograph with
what was really there, shrunk to 512 px, and adds the detail that the generator's attention (or a search) carries into
it. What differs from the original is then the detail alone. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.inpaint.attention import aggregate_attended, attention_of
from cleanplate.inpaint.correspondence import search
from cleanplate.inpaint.cra import CELL, Cra, create
from cleanplate.inpaint.engine import EngineOptions
from cleanplate.inpaint.residual import aggregate
from cleanplate.inpaint.shrink import Shrunk, shrink
from cleanplate.mask.windows import Window, plan_windows
from cleanplate.tasks.fill import shrink_factors
from cleanplate.types import Box, Image, Mask
from evaluation.erase.cases import cases
from evaluation.erase.measures import crops, measure
from evaluation.metrics.deep_features import lite_features
from evaluation.metrics.kernel_distance import kernel_distance

_SHARE = 0.10
_STRONGEST = {"soft": None, "strongest": 4, "hard": 1}
_WAYS = (*_STRONGEST, "search", "none")


def main(arguments: list[str] | None = None) -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.erase.detail", description=__doc__)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of photographs")
    parser.add_argument("--weights", type=Path, required=True, help="generator, an ONNX file")
    parser.add_argument("--level", type=int, default=2048, help="long side in pixels")
    parser.add_argument("--limit", type=int, default=8, help="at most so many photographs")
    options = parser.parse_args(arguments)
    engine = create(EngineOptions(weights=options.weights))
    figures: dict[str, list[dict[str, float]]] = defaultdict(list)
    features: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for case in cases(options.pictures, levels=[options.level], limits=[options.limit]):
        if case.share != _SHARE:
            continue
        picture, hole = case.picture, case.hole
        for way in ("original", *_WAYS):
            started = time.process_time()
            filled = picture if way == "original" else refilled(picture, hole, engine, way)
            seconds = time.process_time() - started
            figures[way].append({**measure(picture, filled, hole), "seconds": seconds})
            features[way].append(lite_features(crops(filled, hole, side=224, count=4, seed=case.seed)))
    print("| detail | seam | coarse seam | sharpness | kernel distance x 1000 | SSIM | median s |")
    print("|---|---|---|---|---|---|---|")
    for way, own in figures.items():
        ratios = [np.exp(np.mean(np.log([each[key] for each in own]))) for key in ("seam", "coarse_seam", "sharpness")]
        value, low, high = kernel_distance(np.concatenate(features["original"]), np.concatenate(features[way]))
        distance = "" if way == "original" else f"{1000 * value:.1f} ({1000 * low:.1f}..{1000 * high:.1f})"
        ssim, seconds = np.mean([each["ssim"] for each in own]), np.median([each["seconds"] for each in own])
        print(f"| {way} | {' | '.join(f'{r:.2f}' for r in ratios)} | {distance} | {ssim:.3f} | {seconds:.2f} |")


def refilled(picture: NDArray[np.uint8], hole: Mask, engine: Cra, way: str) -> NDArray[np.uint8]:
    """The picture with its hole filled by its own shrunk self and the detail that ``way`` finds for it."""
    result = picture.copy()
    for window in (window for chain in plan_windows(hole) for window in chain):
        view = picture[window.box.slices]
        factor, _ = shrink_factors(window, engine.working_size)
        small = shrink(view, window.hole, window.others, factor)
        nothing = np.zeros_like(window.hole)
        box, pixels = _detailed(view, window, small, shrink(view, nothing, nothing, factor), engine, way)
        inside = window.hole[box.slices]
        result[window.box.slices][box.slices][inside] = pixels[inside]
    return result


def _detailed(view: Image, window: Window, small: Shrunk, truth: Shrunk, engine: Cra, way: str) -> tuple[Box, Image]:
    avoid, factor = small.avoid & ~small.hole, small.factor
    if way not in _STRONGEST:
        found = search(truth.image, small.hole, small.avoid) if way == "search" else None
        return aggregate(view, window.hole, truth.mean, factor, found)
    made = engine.generate(small.image, small.hole, avoid=avoid)
    attention = attention_of(made.scores, small.hole, avoid, grid=made.grid, cell=CELL, picture=truth.mean)
    if attention is None:
        return aggregate(view, window.hole, truth.mean, factor, None)
    attention = attention.strongest(_STRONGEST[way] or len(attention.sources))
    return aggregate_attended(view, window.hole, small.hole | small.avoid, truth.mean, factor, attention)


if __name__ == "__main__":
    main()
