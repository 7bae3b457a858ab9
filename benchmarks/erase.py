"""Times erasing, file to file and in memory, beside other methods: ``python -m benchmarks.erase``.

Everything runs in processes of its own; repeats are interleaved (every case once, then every case again), so that a
busy moment of the machine does not fall on one case. Writes ``benchmarks/results/erase.json`` and puts its tables
into ``benchmarks/README.md``.
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
from benchmarks.tables import tables, update_readme
from cleanplate.inpaint.cra import generators
from cleanplate.weights.store import whereabouts

HERE = Path(__file__).resolve().parent
FILES = {"2 MP": "1732x1155", "24 MP": "6000x4000", "33 MP": "7680x4320", "100 MP": "12240x8160"}
IN_MEMORY = {
    "6 MP": "3000x2000",
    "12 MP": "4243x2828",
    "24 MP": "6000x4000",
    "50 MP": "8660x5774",
    "100 MP": "12240x8160",
}
PEERS = ["PyPatchMatch, whole picture", "OpenCV Telea", "OpenCV Navier-Stokes", "scikit-image biharmonic"]
PEERS_ON = "24 MP"
ENGINES_ON = "3840x2160"
"""Photo, a tenth of it erased, on which engines are compared."""
OURS = "cleanplate"
GROUPS = ("start", "file", "memory", "engine")
_LONG_SECONDS = 60

Runs = dict[str, list[Run]]


def main() -> None:
    """Make the photographs, run everything, write results and tables."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder)
        print("making the photographs ...", flush=True)
        sizes = sorted({*FILES.values(), *IN_MEMORY.values(), ENGINES_ON})
        run([sys.executable, "-m", "benchmarks.photos", str(photos), *sizes], limit=1800)
        commands = {**_commands(photos), **_engines(photos, options.weights)}
        commands = {name: words for name, words in commands.items() if name.startswith(tuple(options.groups))}
        runs = _interleaved(commands, options.repeats, options.limit)
    results = {"machine": _machine(options), "cases": {name: _summary(name, own) for name, own in runs.items()}}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("\n".join(tables(results)))
    if options.readme:
        update_readme(HERE / "README.md", tables(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.erase", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a process is ended")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "erase.json")
    parser.add_argument("--weights", type=Path, help="generator for engines cra and hybrid, which are left out without")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS), help="what to time")
    parser.add_argument("--no-readme", dest="readme", action="store_false", help="leave benchmarks/README.md alone")
    return parser.parse_args()


def _commands(photos: Path) -> dict[str, list[str]]:
    """Case to command. Names have two parts: group, then case."""
    python = sys.executable
    program = str(Path(python).with_name("cleanplate"))
    commands = {
        "start/python": [python, "-c", "pass"],
        "start/import numpy": [python, "-c", "import numpy"],
        "start/import cleanplate": [python, "-c", "import numpy, cleanplate"],
        "start/import cleanplate.erase": [python, "-c", "import numpy; from cleanplate import erase"],
        "start/cleanplate --help": [program, "--help"],
    }
    for label, size in FILES.items():
        photo, mask = photos / f"{size}.jpg", photos / f"{size}.mask.png"
        words = ["erase", str(photo), "--mask", str(mask), "-o", str(photos / "out.jpg"), "--overwrite"]
        commands[f"file/{label}/{OURS}"] = [program, *words]
        if label == PEERS_ON:
            for peer in PEERS:
                files = [str(photo), str(mask), str(photos / "peer.jpg")]
                commands[f"file/{label}/{peer}"] = [python, "-m", "benchmarks.peer", peer, *files]
    for label, size in IN_MEMORY.items():
        for growing, ending in (("grows with the photo", "mask"), ("same in pixels", "same.mask")):
            arguments = [str(photos / f"{size}.jpg"), str(photos / f"{size}.{ending}.png")]
            commands[f"memory/{growing}/{label}"] = [python, "-m", "benchmarks.in_memory", *arguments]
    return commands


def _engines(photos: Path, weights: Path | None) -> dict[str, list[str]]:
    """The engines on one photo, file to file."""
    program = str(Path(sys.executable).with_name("cleanplate"))
    given = [] if weights is None else ["--weights", str(weights.resolve())]
    extra: dict[str, list[str]] = {"patchmatch": [], "telea": []}
    if given or any(whereabouts(record) is not None for record in generators()):
        extra |= {"cra": given, "hybrid": given}
    photo, mask = photos / f"{ENGINES_ON}.jpg", photos / f"{ENGINES_ON}.tenth.mask.png"
    words = [program, "erase", str(photo), "--mask", str(mask), "-o", str(photos / "out.jpg"), "--overwrite"]
    return {f"engine/{name}": [*words, "--engine", name, *own] for name, own in extra.items()}


def _interleaved(commands: dict[str, list[str]], repeats: int, limit: float) -> Runs:
    """Every case once, then again; one that was ended or takes over a minute is not repeated."""
    runs: Runs = {name: [] for name in commands}
    for repeat in range(repeats):
        for name, command in commands.items():
            own = runs[name]
            if own and (not own[0].finished or own[0].seconds > _LONG_SECONDS):
                continue
            own.append(run(command, limit=limit))
            print(f"{repeat + 1}/{repeats} {name}: {own[-1].seconds:.2f} s, {own[-1].peak_mb:.0f} MB", flush=True)
    return runs


def _summary(name: str, runs: list[Run]) -> dict[str, Any]:
    """Median and spread; cases of the group ``memory`` print the seconds that count."""
    if name.startswith("memory/") and all(own.finished for own in runs):
        seconds = [float(own.output) for own in runs]
    else:
        seconds = [own.seconds for own in runs]
    return {
        "median_s": round(statistics.median(seconds), 4),
        "min_s": round(min(seconds), 4),
        "max_s": round(max(seconds), 4),
        "peak_mb": round(max(own.peak_mb for own in runs)),
        "runs": len(runs),
        "finished": all(own.finished for own in runs),
    }


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    packages = ("cleanplate", "numpy", "opencv-python-headless", "PyPatchMatch", "scikit-image")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
        "repeats": options.repeats,
        "limit_s": options.limit,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
