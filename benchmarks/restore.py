"""Times restoration: ``python -m benchmarks.restore``.

Each case runs in a process of its own. The scan is the bundled ``examples/mountain-path.jpg`` in brown, with grain of
the final resolution, cracks, hairlines, specks and a hole; about one percent of it is damaged. Damage is looked for by
the network, but what is filled is the damage that was drawn, so that the figures do not depend on how well a network
finds it (``--found`` fills what it finds). Wall times on a busy machine say little: processor time is printed beside
them. Writes ``benchmarks/results/restore.json`` and puts its table into ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
SIZES = {"512 x 512": (512, 512, False), "12 MP": (2976, 4032, False), "12 MP, --fine": (2976, 4032, True)}
TARGETS = {"512 x 512": "1.5 s", "12 MP": "8 s, 1500 MB"}
START, END = "<!-- figures of benchmarks.restore start -->", "<!-- figures of benchmarks.restore end -->"
_NETWORKS = ("defects", "fill", "colour")


def main() -> None:
    """Run every case in a process of its own, write results and table; ``--case`` is such a process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restore", description=__doc__)
    for name in _NETWORKS:
        parser.add_argument(f"--weights-{name}", help="a file or name; the network that ships by default")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--found", action="store_true", help="fill what the network finds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-readme", dest="readme", action="store_false", help="leave benchmarks/README.md alone")
    parser.add_argument("--case", choices=list(SIZES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        print(json.dumps(_measured(options)))
        return
    cases: dict[str, list[dict[str, float]]] = {case: [] for case in options.cases}
    for _ in range(options.repeats):
        for case, runs in cases.items():
            command = [sys.executable, "-m", "benchmarks.restore", *sys.argv[1:], "--case", case]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
            runs.append(json.loads(done.stdout))
            print(case, runs[-1], flush=True)
    results = {
        "machine": {"cores": os.cpu_count(), "threads": options.threads, "load": round(os.getloadavg()[0], 1)},
        "networks": {name: getattr(options, f"weights_{name}") or "bundled" for name in _NETWORKS},
        "filled": "what was found" if options.found else "what was drawn",
        "cases": cases,
    }
    (HERE / "results" / "restore.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    lines = _table(results)
    print("\n".join(lines))
    if options.readme:
        _update(HERE / "README.md", lines)


def drawn_scan(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A brown photograph with damage, and where the damage is."""
    rng = np.random.default_rng(0)
    stored = cv2.imread(str(HERE.parent / "examples" / "mountain-path.jpg"), cv2.IMREAD_GRAYSCALE)
    assert stored is not None
    grey: Any = cv2.resize(stored, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    grey += rng.normal(0, 4, grey.shape).astype(np.float32)
    damage = np.zeros((height, width), np.uint8)
    unit = max(height, width) / 1000
    for number in range(14):
        points = np.cumsum(rng.normal(0, 30 * unit, (12, 2)), axis=0) + rng.uniform(0, 1, 2) * (width, height)
        thick = max(1, round((0.5 if number % 2 else 2) * unit))
        cv2.polylines(damage, [np.rint(points).astype(np.int32)], False, 1, thick)
    for _ in range(120):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(damage, centre, max(1, round(rng.uniform(0.5, 2) * unit)), 1, -1)
    cv2.ellipse(damage, (width // 3, height // 4), (round(12 * unit), round(8 * unit)), 20, 0, 360, 1, -1)
    grey[damage > 0] = 235
    tone = np.array([1.0, 0.92, 0.78], np.float32)
    return np.clip(np.rint(grey[..., None] * tone), 0, 255).astype(np.uint8), damage > 0


def _measured(options: argparse.Namespace) -> dict[str, float]:
    """One warm-up of the networks on a small picture, then the case."""
    import cleanplate
    from cleanplate.prints.damage import LONG_SIDE, damage_probability
    from cleanplate.prints.network import open_network

    height, width, fine = SIZES[options.case]
    image, drawn = drawn_scan(height, width)
    weights: dict[str, Any] = {f"weights_{name}": getattr(options, f"weights_{name}") for name in _NETWORKS}
    finder = open_network(options.weights_defects, threads=options.threads)
    small = image[:256, :256]
    damage_probability(small, finder)
    cleanplate.restore(small, drawn[:256, :256], threads=options.threads, **weights)
    started, used = time.perf_counter(), time.process_time()
    found = 0.0
    if options.found:
        result = cleanplate.restore(image, fine=fine, threads=options.threads, **weights)
    else:
        damage_probability(image, finder, long_side=None if fine else LONG_SIDE)
        found = time.perf_counter() - started
        result = cleanplate.restore(image, drawn, threads=options.threads, **weights)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    steps = result.timings
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "seconds": round(seconds, 2),
        "processor": round(processor, 2),
        "detect": round(found or steps["detect"], 2),
        "fill": round(steps["fill"], 2),
        "colour": round(steps["colour"], 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6),
    }


def _table(results: dict[str, Any]) -> list[str]:
    machine = results["machine"]
    networks = ", ".join(f"{name} {Path(file).name}" for name, file in results["networks"].items())
    lines = [
        f"{machine['threads']} threads on {machine['cores']} cores, load {machine['load']} at the end; {networks};",
        f"filled is {results['filled']}. Warm, in memory; medians. Wall time is that of a machine of this load.",
        "",
        "| scan | wall | processor | of the wall: detect | fill | colour | peak MB | target |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, runs in results["cases"].items():
        keys = ("seconds", "processor", "detect", "fill", "colour")
        cells = [f"{statistics.median(run[key] for run in runs):.2f} s" for key in keys]
        peak = max(run["peak_mb"] for run in runs)
        lines.append(f"| {case} | {' | '.join(cells)} | {peak:.0f} | {TARGETS.get(case, '')} |")
    return lines


def _update(path: Path, lines: list[str]) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
