"""Cost of matting networks by backbone, depth and width: ``python -m benchmarks.matting_networks``.

Every variant is built with random weights, exported as it would be shipped and timed in ONNX Runtime at 192, 384 and
512 px. Variants take turns, run by run, so that a busy moment of the machine falls on all of them; the fastest and the
median run are given. Other graphs can be timed in the same turns, at those sides (``--other NAME=FILE``) or at one of
their own (``--other NAME=FILE@SIDE``).

``--accuracy FILE.csv`` (of ``python -m evaluation.matting stills``) adds a plot of the mean IoU over the median time of
the graphs that were measured there under the same name; networks that were never trained are in the table only.

Writes ``benchmarks/results/matting_networks.json`` and, with ``--plot FILE.svg``, the plot.
"""

from __future__ import annotations

import argparse
import csv
import html
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cleanplate.runtime.session import Session, start
from cleanplate_training.export import export
from cleanplate_training.models.lite_encoder import FULL_DEPTHS
from cleanplate_training.tasks.matting import Network, build, exported_matte

HERE = Path(__file__).resolve().parent
SIDES = (192, 384, 512)
TARGETS = {192: 6, 384: 20, 512: 40}
"""Milliseconds that the shipped network may take."""
_SHORT = (1, 2, 2, 2, 2, 2, 0)
VARIANTS: Mapping[str, Network] = {
    "lite0, short, 48/24/16 (shipped)": Network("lite0", _SHORT, 48, 24, 16, pretrained=False),
    "lite0, short, 32/16/8": Network("lite0", _SHORT, 32, 16, 8, pretrained=False),
    "lite0, short, 96/32/16": Network("lite0", _SHORT, 96, 32, 16, pretrained=False),
    "lite0, shorter, 48/24/16": Network("lite0", (1, 2, 1, 1, 1, 2, 0), 48, 24, 16, pretrained=False),
    "lite0, whole, 48/24/16": Network("lite0", FULL_DEPTHS, 48, 24, 16, pretrained=False),
    "MobileNetV2, 48/24/16": Network("mobilenet-v2", FULL_DEPTHS, 48, 24, 16),
    "tiny, 32/16/8": Network("tiny", FULL_DEPTHS, 32, 16, 8),
    "MODNet as published": Network("modnet"),
    "MODNet of the paper": Network("modnet-paper"),
}
"""Semantic / detail / fine channels after the backbone."""


def main() -> None:
    """Time all variants, print a table and write the results."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        rows, sessions = _opened(Path(folder), options)
        _time(rows, sessions, options.repeats)
    result = {"machine": _machine(options), "rows": rows}
    options.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table(rows)))
    if options.accuracy and options.plot:
        ious = mean_ious(options.accuracy)
        timed = {name: row["ms"].get(str(row["side"] or options.plot_side)) for name, row in rows.items()}
        points = {name: (ms[1], ious[name]) for name, ms in timed.items() if ms is not None and name in ious}
        options.plot.write_text(plot(points), encoding="utf-8")


def table(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Markdown: one line a network."""
    heads = " | ".join(f"{side} px, ms (goal {TARGETS[side]})" for side in SIDES)
    lines = [f"| network | M weights | GMACs at 384 | {heads} |", "|---" * (3 + len(SIDES)) + "|"]
    for name, row in rows.items():
        cells = [f"{row['weights']:.2f}" if row["weights"] else "", f"{row['gmacs']:.2f}" if row["gmacs"] else ""]
        for side in SIDES:
            times = row["ms"].get(str(side))
            cells.append(f"{times[0]:.1f} (median {times[1]:.1f})" if times else "")
        if row["side"] not in (None, *SIDES):
            cells[-1] = f"at {row['side']} px: {row['ms'][str(row['side'])][1]:.1f}"
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def mean_ious(path: Path) -> dict[str, float]:
    """Mean IoU of each method over all pictures with people of a stills evaluation."""
    found: dict[str, list[float]] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["set"] != "nobody":
                found.setdefault(row["method"], []).append(float(row["iou"]))
    return {name: statistics.fmean(values) for name, values in found.items()}


def plot(points: Mapping[str, tuple[float, float]]) -> str:
    """SVG of mean IoU over milliseconds, the times on a logarithmic axis."""
    width, height, rim = 640, 400, 60
    times = [point[0] for point in points.values()]
    low, high = np.log10(min(times) / 1.6), np.log10(max(times) * 2.2)
    ious = [point[1] for point in points.values()]
    least, most = min(ious) - 0.03, min(1.0, max(ious) + 0.03)

    def at(ms: float, iou: float) -> tuple[float, float]:
        x = rim + (np.log10(ms) - low) / (high - low) * (width - 2 * rim)
        return float(x), float(height - rim - (iou - least) / (most - least) * (height - 2 * rim))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">']
    parts.append(f'<rect width="{width}" height="{height}" fill="white"/>')
    frame = f'x="{rim}" y="{rim}" width="{width - 2 * rim}" height="{height - 2 * rim}"'
    parts.append(f'<rect {frame} fill="none" stroke="#999"/>')
    for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000):
        if low <= np.log10(tick) <= high:
            x, y = at(tick, least)
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{rim}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" font-size="11" text-anchor="middle">{tick}</text>')
    for mark in np.arange(np.ceil(least * 20) / 20, most, 0.05):
        x, y = at(10**low, float(mark))
        parts.append(f'<line x1="{x:.1f}" x2="{width - rim}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" font-size="11" text-anchor="end">{mark:.2f}</text>')
    places = [at(*point) for point in points.values()]
    for (name, _), (x, y) in zip(points.items(), places, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1a5fb4"/>')
        side = 'text-anchor="end" ' if x > 0.7 * width else ""
        crowded = any(abs(x - other) < 160 and y < below < y + 16 for other, below in places)
        label, row = html.escape(name), y - 16 if crowded else y - 6
        parts.append(f'<text {side}x="{x - 8 if side else x + 8:.1f}" y="{row:.1f}" font-size="12">{label}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 16}" font-size="12" text-anchor="middle">network, ms</text>')
    parts.append(f'<text x="{rim}" y="{rim - 12}" font-size="12">mean IoU, pictures with people</text></svg>')
    return "\n".join(parts) + "\n"


def _opened(folder: Path, options: argparse.Namespace) -> tuple[dict[str, dict[str, Any]], dict[str, Session]]:
    rows: dict[str, dict[str, Any]] = {}
    sessions: dict[str, Session] = {}
    for number, (name, settings) in enumerate(VARIANTS.items()):
        if options.only and not any(part in name for part in options.only):
            continue
        network = build(settings).eval()
        described = exported_matte(network, previous=False)
        weights = sum(weight.numel() for weight in described.module.parameters()) / 1e6
        rows[name] = {"weights": weights, "gmacs": _gmacs(described.module, 384), "side": None, "ms": {}}
        report = export(described, folder / f"{number}.onnx", storage="float16")
        sessions[name] = start(report.path, device="cpu", threads=options.threads)
    for text in options.other:
        name, _, graph = text.partition("=")
        file, _, side = graph.partition("@")
        rows[name] = {"weights": None, "gmacs": None, "side": int(side) if side else None, "ms": {}}
        sessions[name] = start(Path(file), device="cpu", threads=options.threads)
    return rows, sessions


def _time(rows: Mapping[str, dict[str, Any]], sessions: Mapping[str, Session], repeats: int) -> None:
    for side in sorted({*SIDES, *(row["side"] for row in rows.values() if row["side"])}):
        asked = [name for name, row in rows.items() if row["side"] == side or (row["side"] is None and side in SIDES)]
        feeds = {name: feed for name in asked if (feed := _feed(sessions[name], side)) is not None}
        times: dict[str, list[float]] = {name: [] for name in feeds}
        for turn in range(repeats + 2):
            for name, feed in feeds.items():
                before = time.perf_counter()
                sessions[name].run(feed)
                if turn >= 2:
                    times[name].append(1000 * (time.perf_counter() - before))
        for name, values in times.items():
            rows[name]["ms"][str(side)] = [min(values), statistics.median(values)]


def _feed(session: Session, side: int) -> dict[str, NDArray[np.float32]] | None:
    """Random inputs of a side; None where the graph takes only another size."""
    feed = {}
    random = np.random.default_rng(0)
    for tensor in session.inputs:
        given = [size if isinstance(size, int) and size > 0 else None for size in tensor.shape]
        channels_last = given[-1] in (1, 3)
        wanted = [1, side, side, given[-1] or 3] if channels_last else [1, given[1] or 3, side, side]
        if any(have is not None and have != want for have, want in zip(given, wanted, strict=True)):
            return None
        feed[tensor.name] = random.random(wanted, np.float32)
    return feed


def _gmacs(module: nn.Module, side: int) -> float:
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        module(torch.rand(1, 3, side, side))
    return float(counted.get_total_flops()) / 2e9


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": options.threads,
        "load at the end": load,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matting_networks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of variants")
    parser.add_argument("--other", action="append", default=[], metavar="NAME=FILE[@SIDE]")
    parser.add_argument("--accuracy", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--plot-side", default="384", choices=[str(side) for side in SIDES])
    parser.add_argument("--output", type=Path, default=HERE / "results" / "matting_networks.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
