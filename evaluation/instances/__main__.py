"""Command line of the instance protocol."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cleanplate.detect.instances import MIN_SCORE
from evaluation.instances.cases import SETS, Case
from evaluation.instances.detectors import DETECTORS
from evaluation.instances.recall import recall
from evaluation.metrics.average_precision import Objects, average_precision

_SIZES = ("AP_small", "AP_medium", "AP_large")
_HEAD = (
    "| set | detector | pictures | people | box AP | box AP50 | mask AP | mask AP50 | mask AP small, medium, large "
    f"| found at {MIN_SCORE:g} | recall by picture | pictures complete | false a picture | CPU ms a picture |"
)


def main(arguments: list[str] | None = None) -> None:
    """Find the people of every set, print a row for each detector and write the report."""
    options = _options(arguments)
    given = arguments if arguments is not None else sys.argv[1:]
    lines = ["# Finding people", "", f"`python -m evaluation.instances {shlex.join(given)}`", "", _HEAD]
    lines += ["|---" * 14 + "|"]
    for name, opened in SETS.items():
        folder: Path | None = getattr(options, name.replace("-", "_"))
        if folder is None:
            continue
        for kind in options.detector:
            lines.append(row(name, kind, options.weights, partial(opened, folder), options.limit))
            print(lines[-1], flush=True)
    lines += ["", _EXPLAINED, ""]
    if options.report is not None:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text("\n".join(lines), encoding="utf-8")


_EXPLAINED = (
    "Average precision as COCO defines it (pycocotools), over all scores from 0.05 on; sizes are by true area in the "
    "picture as it is. Detectors: *network* looks once at the whole picture; *looks* are all looks that users get, at "
    "small and at large people too; *segment* is what they get, masks moved to the picture's edges and agreed with the "
    "matting network, each pixel in one mask only (which costs precision at such low scores). *Found* and what "
    f"follows count detections with a score of {MIN_SCORE:g} or more whose mask overlaps a person's by half. Time is "
    "of one thread, without reading the picture. Pictures without people are left out. In Penn-Fudan people in the "
    "distance are not annotated and count as false."
)


def row(name: str, kind: str, weights: str, opened: Callable[[], Iterator[Case]], limit: int | None) -> str:
    """Return the row of one set and one detector."""
    find = DETECTORS[kind](weights)
    truth: list[Objects] = []
    found: list[Objects] = []
    spent = 0.0
    for number, case in enumerate(opened()):
        if limit is not None and number >= limit:
            break
        before = time.process_time()
        found.append(find(case.picture))
        spent += time.process_time() - before
        truth.append(case.people)
    box, mask = (average_precision(truth, found, kind=kind_) for kind_ in ("box", "mask"))
    counted = recall(truth, found)
    sizes = ", ".join(f"{mask[size]:.2f}" for size in _SIZES)
    return (
        f"| {name} | {kind} | {len(truth)} | {counted.people} | {box['AP']:.3f} | {box['AP50']:.3f} | {mask['AP']:.3f} "
        f"| {mask['AP50']:.3f} | {sizes} | {counted.found / max(1, counted.people):.0%} "
        f"| {counted.recall_by_picture:.0%} | {counted.complete:.0%} | {counted.false / len(truth):.2f} "
        f"| {1000 * spent / len(truth):.0f} |"
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m evaluation.instances", description=__doc__)
    parser.add_argument("--weights", required=True, help="an ONNX file, or the name of a record")
    parser.add_argument("--penn-fudan", type=Path, help="folder of gmguarino/PennFudan")
    parser.add_argument("--tiny-coco", type=Path, help="folder of lizhogn/tiny_coco_dataset")
    parser.add_argument("--coco128", type=Path, help="folder of lightly-ai/coco128_yolo")
    parser.add_argument("--detector", nargs="+", choices=sorted(DETECTORS), default=["network"])
    parser.add_argument("--limit", type=int, help="pictures of each set, for a quick look")
    parser.add_argument("--report", type=Path, help="Markdown file to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
