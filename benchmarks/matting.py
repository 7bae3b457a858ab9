"""Times cutting out of photos and the networks for it: ``python -m benchmarks.matting``.

A portrait of 12 megapixels (the bundled ``examples/astronaut.png`` enlarged, with grain of the final resolution) goes
from file to file in processes of its own; the networks run warm, in one process each. Repeats are interleaved. Writes
``benchmarks/results/matting.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.processes import Run, run

HERE = Path(__file__).resolve().parent
PORTRAIT = HERE.parent / "examples" / "astronaut.png"
SIDES = {"4 MP": 2000, "12 MP": 3464, "24 MP": 4899}
NETWORK_SIDES = (192, 384, 512)
GOALS = {
    "file/12 MP/cutout": 1.5,
    "network/still/192": 0.006,
    "network/still/384": 0.020,
    "network/still/512": 0.040,
}


def main() -> None:
    """Make the photographs, run everything, write results and a table."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder)
        run([sys.executable, "-m", "benchmarks.matting", "--make-photos", str(photos)], limit=600)
        commands = _commands(photos, options)
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for repeat in range(options.repeats):
            for name, command in commands.items():
                runs[name].append(run(command, limit=options.limit))
                last = runs[name][-1]
                print(f"{repeat + 1}/{options.repeats} {name}: {last.seconds:.2f} s, {last.peak_mb:.0f} MB", flush=True)
    cases = {name: _summary(name, own) for name, own in runs.items()}
    results = {"machine": _machine(options), "cases": cases}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(results)))


def table(results: dict[str, Any]) -> list[str]:
    """The results as a Markdown table."""
    lines = ["| case | seconds | peak MB | goal |", "|---|---|---|---|"]
    for name, own in results["cases"].items():
        goal = f"{GOALS[name]:g} s" if name in GOALS else ""
        digits = 4 if own["median_s"] < 0.1 else 2
        span = f"({own['min_s']:.{digits}f}..{own['max_s']:.{digits}f})"
        lines.append(f"| {name} | {own['median_s']:.{digits}f} {span} | {own['peak_mb']} | {goal} |")
    return lines


def make_photos(folder: Path) -> None:
    """The portrait at each size as a JPEG."""
    import cv2
    import numpy as np

    small: Any = cv2.imread(str(PORTRAIT))
    for side in SIDES.values():
        large = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
        grain = np.random.default_rng(side).normal(0, 4, (side, side)).astype(np.float32)
        noisy = np.clip(large + grain[..., None], 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{side}.jpg"), noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])


def time_network(path: Path, side: int, *, layout: str, repeats: int = 15) -> float:
    """Median seconds of a warm network on a square picture."""
    import time

    import numpy as np

    from cleanplate.runtime.session_cache import SESSIONS

    session = SESSIONS.session(path, device="cpu")
    shape = (1, 3, side, side) if layout == "NCHW" else (1, side, side, 3)
    feeds = {session.inputs[0].name: np.random.default_rng(0).random(shape, np.float32)}
    feeds |= {port.name: np.zeros((1, 1, side, side), np.float32) for port in session.inputs[1:]}
    session.run(feeds)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        session.run(feeds)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _commands(photos: Path, options: argparse.Namespace) -> dict[str, list[str]]:
    """Case to command; cases of ``network`` print the seconds that count."""
    program = str(Path(sys.executable).with_name("cleanplate"))
    chosen = [] if options.weights is None else ["--weights", str(options.weights)]
    commands = {}
    for label, side in SIDES.items():
        photo, more = str(photos / f"{side}.jpg"), ["--overwrite", *chosen]
        commands[f"file/{label}/cutout"] = [program, "cutout", photo, "-o", str(photos / "out.png"), *more]
        blurred = ["--with", "blur:12", "-o", str(photos / "out.jpg"), *more]
        commands[f"file/{label}/background blur"] = [program, "background", photo, *blurred]
    again = [sys.executable, "-m", "benchmarks.matting"]
    if options.weights is not None:
        for side in NETWORK_SIDES:
            commands[f"network/still/{side}"] = [*again, "--time", str(options.weights), str(side), "NCHW"]
    if options.mediapipe is not None:
        commands["network/MediaPipe selfie/256"] = [*again, "--time", str(options.mediapipe), "256", "NHWC"]
    if options.isnet is not None:
        commands["network/ISNet/1024"] = [*again, "--time", str(options.isnet), "1024", "NCHW"]
    return commands


def _summary(name: str, runs: list[Run]) -> dict[str, Any]:
    seconds = [float(own.output) if name.startswith("network/") else own.seconds for own in runs]
    return {
        "median_s": round(statistics.median(seconds), 4),
        "min_s": round(min(seconds), 4),
        "max_s": round(max(seconds), 4),
        "peak_mb": round(max(own.peak_mb for own in runs)),
        "runs": len(runs),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matting", description=__doc__)
    parser.add_argument("--weights", type=Path, help="matting network; the one that ships by default (not timed alone)")
    parser.add_argument("--mediapipe", type=Path, help="ONNX file of MediaPipe's selfie model, 1 x 256 x 256 x 3")
    parser.add_argument("--isnet", type=Path, help="ONNX file of ISNet, 1 x 3 x 1024 x 1024")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a process is ended")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "matting.json")
    return parser.parse_args()


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    packages = ("cleanplate", "numpy", "opencv-python-headless", "onnxruntime")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_at_end": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
        "weights": None if options.weights is None else options.weights.name,
        "repeats": options.repeats,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make-photos"]:
        make_photos(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--time"]:
        print(time_network(Path(sys.argv[2]), int(sys.argv[3]), layout=sys.argv[4]))
    else:
        main()
