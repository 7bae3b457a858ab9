"""Command line of the erase protocol."""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shlex
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import MissingExtraError
from evaluation.erase.cases import LEVELS, Case, cases
from evaluation.erase.measures import COARSE, crops, measure
from evaluation.erase.methods import METHODS, WEIGHTS, WITH_WEIGHTS
from evaluation.erase.report import ORIGINAL, Distances, write_csv, write_report
from evaluation.erase.sheets import holed, strip, tile, write_sheet
from evaluation.erase.store import Result, Store
from evaluation.erase.workers import Worker
from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.deep_features import lite_features
from evaluation.metrics.kernel_distance import kernel_distance, kernel_distance_difference

_CROP, _CROPS = 224, 4
_FEWEST_HOLES = 3
"""Kernel distances of fewer are noise."""
_STRIPS_A_SHEET = 6
_DEFAULT = ("cleanplate patchmatch", "cleanplate telea", "completion only", "OpenCV Telea", "OpenCV Navier-Stokes")


def main(arguments: list[str] | None = None) -> None:
    """Run what has no result yet; write rows, sheets and, if asked for, the report."""
    options = _options(arguments)
    store = Store(options.out / "results")
    chosen = list(cases(options.pictures, levels=options.levels, limits=options.limit, seed=options.seed))
    names = {ORIGINAL: ORIGINAL, **{name: _stored_name(name, options.weights) for name in options.methods}}
    if options.weights is not None:
        os.environ[WEIGHTS] = str(options.weights.resolve())
    for name, stored in names.items():
        _run(name, stored, chosen, store, options)
    found = {
        name: {case: store.read(stored, case) for case in chosen if (stored, case) in store}
        for name, stored in names.items()
    }
    rows = [
        {"picture": case.name, "level": case.level, "kind": case.kind, "share": case.share, "method": name, **figures}
        for case in chosen
        for name, results in found.items()
        if case in results
        for figures in [results[case].figures]
    ]
    _write_sheets(options.out, chosen, found)
    for report in filter(None, [options.out / "erase.md", options.report]):
        write_csv(report.with_suffix(".csv"), rows)
        write_report(report, rows, _distances(found), partial(_farther, found), _facts(chosen, options))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.erase", description=__doc__)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of photographs")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for results (what is there is not done again), sheets, report"
    )
    parser.add_argument("--report", type=Path, help="also write the report here, and the rows beside it")
    parser.add_argument("--levels", type=int, nargs="+", default=list(LEVELS), help="long sides in pixels")
    parser.add_argument(
        "--limit", type=int, nargs="+", default=[], help="at most so many photographs: one number, or one a level"
    )
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(_DEFAULT), metavar="NAME")
    parser.add_argument("--weights", type=Path, help=f"generator for {' and '.join(WITH_WEIGHTS)}: an ONNX file")
    parser.add_argument("--again", nargs="+", choices=list(METHODS), default=[], metavar="NAME", help="do these anew")
    parser.add_argument("--time-limit", type=float, default=60, help="seconds a method may take for one hole")
    parser.add_argument("--seed", type=int, default=0, help="of the holes")
    options = parser.parse_args(arguments)
    if len(options.limit) not in (0, 1, len(options.levels)):
        parser.error(f"--limit takes one number or {len(options.levels)}, one a level")
    return options


def _stored_name(name: str, weights: Path | None) -> str:
    """Results of different weights are kept apart."""
    if name not in WITH_WEIGHTS or weights is None:
        return name
    return f"{name} {hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"


def _run(name: str, stored: str, chosen: Sequence[Case], store: Store, options: argparse.Namespace) -> None:
    """Fill all cases of which there is no result."""
    missing = [case for case in chosen if name in options.again or (stored, case) not in store]
    worker = Worker(name, options.time_limit)
    for number, case in enumerate(missing, 1):
        picture, hole = case.picture, case.hole
        answer = (picture, 0.0) if name == ORIGINAL else worker.run(picture, hole)
        if answer is not None:
            filled, seconds = answer
            figures = {**measure(picture, filled, hole), "seconds": seconds}
            features = _features(crops(filled, hole, side=_CROP, count=_CROPS, seed=case.seed))
            store.write(stored, case, Result(figures, features, tile(filled, hole)))
        print(f"{name} {number}/{len(missing)}: {case.key}{'' if answer else ' took too long'}", flush=True)
    worker.close()


def _features(pieces: list[NDArray[np.uint8]]) -> NDArray[np.float32] | None:
    try:
        return lite_features(pieces, side=_CROP)
    except MissingExtraError as error:
        print(f"no kernel distance: {error}", file=sys.stderr)
        return None


def _distances(found: dict[str, dict[Case, Result]]) -> Distances:
    """Kernel distance to the same crops of the originals, for methods that finished every hole."""
    distances: dict[tuple[int, float | None, str], Interval] = {}
    groups: dict[tuple[int, float | None], list[Case]] = defaultdict(list)
    for case in found[ORIGINAL]:
        groups[case.level, None].append(case)
        groups[case.level, case.share].append(case)
    for (level, share), members in groups.items():
        for name in found:
            sets = [[found[key][case].features for case in members if case in found[key]] for key in (ORIGINAL, name)]
            known = [[each for each in one if each is not None] for one in sets]
            if name != ORIGINAL and all(len(one) == len(members) >= _FEWEST_HOLES for one in known):
                distances[level, share, name] = kernel_distance(*(np.concatenate(one) for one in known))
    return distances


def _farther(found: dict[str, dict[Case, Result]], one: str, other: str) -> list[Interval]:
    """How much farther ``one`` is from the originals than ``other``, at each size; both have filled every hole."""
    levels = sorted({case.level for case in found[ORIGINAL]})
    differences = []
    for level in levels:
        members = [case for case in found[ORIGINAL] if case.level == level]
        sets = [[found[name][case].features for case in members] for name in (ORIGINAL, one, other)]
        rows = [np.concatenate([each for each in own if each is not None]) for own in sets]
        differences.append(kernel_distance_difference(*rows))
    return differences


def _write_sheets(out: Path, chosen: Sequence[Case], found: dict[str, dict[Case, Result]]) -> None:
    levels: dict[int, list[Case]] = defaultdict(list)
    for case in chosen:
        levels[case.level].append(case)
    for level, members in levels.items():
        for start in range(0, len(members), _STRIPS_A_SHEET):
            path = out / f"sheet-{level}-{start // _STRIPS_A_SHEET:02}.jpg"
            write_sheet(path, [_strip(case, found) for case in members[start : start + _STRIPS_A_SHEET]])


def _strip(case: Case, found: dict[str, dict[Case, Result]]) -> NDArray[np.uint8]:
    tiles = {name: results[case].tile for name, results in found.items() if case in results}
    hole = case.hole
    shown = {case.key: tiles.pop(ORIGINAL), "hole": tile(holed(case.picture, hole), hole)}
    return strip({**shown, **tiles})


def _facts(chosen: Sequence[Case], options: argparse.Namespace) -> list[str]:
    """What a reader needs to judge the figures and to get them again."""
    words = ["python", "-m", "evaluation.erase", "--pictures", *["PICTURES"] * len(options.pictures), "--out", "OUT"]
    words += ["--time-limit", f"{options.time_limit:g}", "--seed", str(options.seed)]
    words += ["--limit", *map(str, options.limit)] if options.limit else []
    words += ["--levels", *map(str, options.levels)] if options.levels != list(LEVELS) else []
    words += ["--methods", *options.methods] if options.methods != list(_DEFAULT) else []
    weights = [] if options.weights is None else ["--weights", options.weights.name]
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "PyPatchMatch", "onnxruntime", "scikit-image"))
    names = {level: sorted({case.name for case in chosen if case.level == level}) for level in options.levels}
    lines = [
        "Real photographs with generated holes (`evaluation/holes.py`). Every hole is filled by every method, in a",
        f"process of its own that is ended after {options.time_limit:g} s; the method is then missing for that hole",
        "and larger ones (see the count of holes). For cleanplate the hole is a selection with its grown rim, as in",
        "use: it blends over the outer half of that rim (1 to 6 px), where the original is still known.",
        "",
        "- seam, sharpness: `evaluation/seam.py`, `evaluation/sharpness.py`; 1 is best for the seam; for sharpness,",
        f"  the row of the original photograph is what to aim at. Coarse seam: on means of {COARSE} x {COARSE} pixels.",
        "  Geometric means with 95 % bootstrap intervals over holes.",
        f"- kernel distance: EfficientNet-lite0 features of {_CROPS} crops of {_CROP} px a hole at 100 %, to the same",
        "  places of the originals, with 95 % bootstrap intervals over crops; lower is better; comparable within this",
        "  report only.",
        "- L1 in the hole; PSNR and SSIM (on luminance) in the hole's box: reported, not decisive; they reward blur.",
        "- seconds: median, without decoding and encoding, in a warm process, on",
        f"  {os.cpu_count()} cores that may have been shared with other work: see benchmarks/ for times.",
        "",
        f"Command: `{shlex.join([*words, *weights])}`  ",
        f"Versions: Python {platform.python_version()}, OpenCV {cv2.__version__}, {packages}  ",
    ]
    if options.weights is not None:
        digest = hashlib.sha256(options.weights.read_bytes()).hexdigest()
        lines.append(f"Generator: {options.weights.name}, sha256 {digest[:16]}...  ")
    return [*lines, *(f"Photographs at {level} px: {', '.join(own) or 'none'}  " for level, own in names.items())]


if __name__ == "__main__":
    main()
