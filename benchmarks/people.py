"""Time of finding and erasing people, by picture size.

    python -m benchmarks.people --picture STREET.jpg [--weights FILE] [--repeats 5]

STREET.jpg is any photograph of a street with people; it is enlarged to each size, with grain of the final resolution.
Timed are, warm and in memory, the network alone on the whole picture, ``cleanplate.segment`` once and with a closer
look, and, as whole processes, ``cleanplate erase --passersby`` from file to file. Wall seconds, and beside them seconds
of processor time, which do not depend on what else the machine does. Results go to ``results/people.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import read_photo, write_photo
from benchmarks.processes import run

HERE = Path(__file__).parent
MEGAPIXELS = (2, 12, 24)
_GRAIN = 3.0


def enlarged(picture: NDArray[np.uint8], megapixels: float) -> NDArray[np.uint8]:
    """The picture at so many million pixels, with grain."""
    scale = (megapixels * 1e6 / (picture.shape[0] * picture.shape[1])) ** 0.5
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    grain = np.rint(np.random.default_rng(0).normal(0, _GRAIN, large.shape[:2])).astype(np.int16)
    return np.asarray(np.clip(large.astype(np.int16) + grain[..., None], 0, 255), np.uint8)


def timed(work: Callable[[], object], repeats: int) -> dict[str, float]:
    """Medians of wall and processor seconds; the first run is left out."""
    wall, processor = [], []
    for _ in range(repeats + 1):
        begun = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - begun[0])
        processor.append(time.process_time() - begun[1])
    return {"median_s": round(statistics.median(wall[1:]), 3), "cpu_s": round(statistics.median(processor[1:]), 3)}


def in_memory(picture: NDArray[np.uint8], weights: Path | None, repeats: int) -> dict[str, Any]:
    """Figures of the network and of finding people."""
    from cleanplate.detect.network import open_network
    from cleanplate.tasks.segmentation import segment

    network = open_network(weights)
    scale = network.scale_for(*picture.shape[:2])
    return {
        "network": timed(lambda: network(picture, scale), repeats),
        "segment once": timed(lambda: segment(picture, weights=weights, look="once"), repeats),
        "segment closer": timed(lambda: segment(picture, weights=weights), repeats),
        "people": len(segment(picture, weights=weights)),
    }


def from_file(photo: Path, weights: Path | None, repeats: int, limit: float) -> dict[str, Any]:
    """Figures of the command."""
    program = str(Path(sys.executable).with_name("cleanplate"))
    more = [] if weights is None else ["--people-weights", str(weights)]
    target = photo.with_name("clean.jpg")
    command = [program, "erase", str(photo), "--passersby", *more, "--json", "--overwrite", "-o", str(target)]
    runs = [run(command, limit=limit) for _ in range(repeats)]
    report = json.loads(runs[-1].output)
    return {
        "median_s": round(statistics.median(each.seconds for each in runs), 3),
        "peak_mb": round(max(each.peak_mb for each in runs)),
        "erased": sum(each["erased"] for each in report["people"]),
        "kept": sum(not each["erased"] for each in report["people"]),
        "steps": report["timings"],
    }


def main() -> None:
    """Run all, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.people", description=__doc__)
    parser.add_argument("--picture", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=120)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "people.json")
    options = parser.parse_args()
    source = read_photo(str(options.picture))
    results: dict[str, Any] = {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "repeats": options.repeats,
        "cases": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for megapixels in MEGAPIXELS:
            picture = enlarged(source, megapixels)
            photo = Path(folder) / f"{megapixels}.jpg"
            write_photo(str(photo), picture)
            case = in_memory(picture, options.weights, options.repeats)
            case["erase --passersby"] = from_file(photo, options.weights, options.repeats, options.limit)
            results["cases"][f"{megapixels} MP"] = case
            print(f"{megapixels} MP: {json.dumps(case)}", flush=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
