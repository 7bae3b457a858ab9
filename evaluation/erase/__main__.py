"""Command line of the erase protocol."""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import MissingExtraError
from evaluation.erase.cases import LEVELS, Case, cases
from evaluation.erase.measures import COARSE, crops, measure
from evaluation.erase.methods import METHODS, TimeLimit
from evaluation.erase.report import ORIGINAL, Row, write_csv, write_report
from evaluation.erase.sheets import strip, write_sheet
from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.kernel_distance import kernel_distance_lite0

_CROP, _CROPS = 224, 4
_STRIPS_A_SHEET = 6

Crops = dict[tuple[int, str], list[NDArray[np.uint8]]]


def main(arguments: list[str] | None = None) -> None:
    """Run the protocol and write rows, sheets and, if asked for, the report."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    limit = TimeLimit(options.time_limit)
    rows: list[Row] = []
    pieces: Crops = defaultdict(list)
    strips: dict[int, list[NDArray[np.uint8]]] = defaultdict(list)
    names: dict[str, None] = {}
    for case in cases(options.pictures, levels=options.levels, limit=options.limit, seed=options.seed):
        names[case.name] = None
        filled = _run(case, limit, options.methods, rows, pieces)
        strips[case.level].append(strip(case.picture, case.hole, filled, case.key))
        if len(strips[case.level]) % _STRIPS_A_SHEET == 0:
            _write_sheets(options.out, {case.level: strips[case.level]})
        write_csv(options.out / "erase.csv", rows)
        print(f"{case.key}: {len(filled)} methods", flush=True)
    _write_sheets(options.out, strips)
    distances = _distances(pieces)
    for report in filter(None, [options.out / "erase.md", options.report]):
        write_csv(report.with_suffix(".csv"), rows)
        write_report(report, rows, distances, _facts(list(names), options))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.erase", description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--out", type=Path, required=True, help="folder for rows, contact sheets and the report")
    parser.add_argument("--report", type=Path, help="also write the report here, and the rows beside it")
    parser.add_argument("--levels", type=int, nargs="+", default=list(LEVELS), help="long sides in pixels")
    parser.add_argument("--limit", type=int, help="at most so many photographs")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="NAME")
    parser.add_argument("--time-limit", type=float, default=60, help="seconds a method may take for one hole")
    parser.add_argument("--seed", type=int, default=0, help="of the holes")
    return parser.parse_args(arguments)


def _run(
    case: Case, limit: TimeLimit, methods: list[str], rows: list[Row], pieces: Crops
) -> dict[str, NDArray[np.uint8]]:
    """Fill one case by every method that finishes; its rows and crops are appended."""
    filled: dict[str, NDArray[np.uint8]] = {}
    seconds: dict[str, float] = {}
    for name in methods:
        answer = limit.run(name, case.picture, case.hole)
        if answer is not None:
            filled[name], seconds[name] = answer
    for name, picture in {ORIGINAL: case.picture, **filled}.items():
        facts = {"picture": case.name, "level": case.level, "kind": case.kind, "share": case.share, "method": name}
        rows.append({**facts, **measure(case.picture, picture, case.hole), "seconds": seconds.get(name, 0.0)})
        pieces[case.level, name] += crops(picture, case.hole, side=_CROP, count=_CROPS, seed=len(case.key))
    return filled


def _write_sheets(out: Path, strips: dict[int, list[NDArray[np.uint8]]]) -> None:
    for level, ordered in strips.items():
        for start in range(0, len(ordered), _STRIPS_A_SHEET):
            write_sheet(
                out / f"sheet-{level}-{start // _STRIPS_A_SHEET:02}.jpg", ordered[start : start + _STRIPS_A_SHEET]
            )


def _distances(pieces: Crops) -> dict[tuple[int, str], Interval]:
    """Kernel distance to the original photographs' crops, for methods that finished every hole of a level."""
    found = {}
    for (level, name), own in pieces.items():
        originals = pieces[level, ORIGINAL]
        if name == ORIGINAL or len(own) != len(originals):
            continue
        try:
            found[level, name] = kernel_distance_lite0(originals, own, side=_CROP)
        except MissingExtraError as error:
            print(f"no kernel distance: {error}", file=sys.stderr)
            return {}
    return found


def _facts(names: list[str], options: argparse.Namespace) -> list[str]:
    """What a reader needs to judge the figures and to get them again."""
    words = ["python", "-m", "evaluation.erase", "--pictures", "PICTURES", "--out", "OUT"]
    words += ["--time-limit", f"{options.time_limit:g}", "--seed", str(options.seed)]
    words += ["--limit", str(options.limit)] if options.limit else []
    words += ["--levels", *map(str, options.levels)] if options.levels != list(LEVELS) else []
    words += ["--methods", *options.methods] if options.methods != list(METHODS) else []
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "PyPatchMatch", "scikit-image"))
    return [
        "Real photographs with generated holes (`evaluation/holes.py`). Every hole is filled by every method, in a",
        f"process of its own that is ended after {options.time_limit:g} s; the method is then missing for that hole",
        "and larger ones (see the count of holes). For cleanplate the hole is a selection with its grown rim, as in",
        "use: it blends over the outer half of that rim (1 to 6 px), where the original is still known.",
        "",
        "- seam, sharpness: `evaluation/seam.py`, `evaluation/sharpness.py`; 1 is best for the seam; for sharpness,",
        f"  the row of the original photograph is what to aim at. Coarse seam: on means of {COARSE} x {COARSE} pixels.",
        "  Geometric means with 95 % bootstrap intervals over holes.",
        f"- kernel distance: EfficientNet-lite0 features of {_CROPS} crops of {_CROP} px a hole at 100 %, to the same",
        "  places of the originals; lower is better; comparable within this report only.",
        "- PSNR, SSIM, MS-SSIM in the hole's box (both SSIM on luminance): reported, not decisive; they reward blur.",
        "- seconds: median, without decoding and encoding, in a fresh process (imports included), on",
        f"  {os.cpu_count()} cores that may have been shared with other work: see benchmarks/ for times.",
        "",
        f"Command: `{shlex.join(words)}`  ",
        f"Versions: Python {platform.python_version()}, OpenCV {cv2.__version__}, {packages}  ",
        f"Photographs: {', '.join(names)}",
    ]


if __name__ == "__main__":
    main()
