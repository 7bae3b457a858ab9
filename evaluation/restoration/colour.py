"""How well pictures are coloured: error of chroma and colourfulness by set, against no colour and other networks.

python -m evaluation.restoration.colour NETWORK.onnx... --pictures FOLDER... --report FILE
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.colourfulness import colourfulness
from evaluation.restoration.graphs import Graph
from evaluation.restoration.pictures import Picture, photographs
from evaluation.restoration.sheets import Sheet

_SHOWN = 4
_LEAST = 8.0
"""Photographs of lower colourfulness are grey themselves and say nothing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print or write the report."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.restoration.colour", description=__doc__)
    parser.add_argument("networks", type=Path, nargs="+", help="stages to compare")
    parser.add_argument(
        "--pictures", type=Path, nargs="+", required=True, help="folders of test photographs, a set each"
    )
    parser.add_argument("--limit", type=int, default=30, help="photographs of each folder")
    parser.add_argument("--size", type=int, default=256, help="long side at which the network sees the picture")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--sheet", type=Path, help="PNG to show the first pictures in")
    options = parser.parse_args(arguments)
    sheet = Sheet(options.sheet)
    graphs = {path.stem: Graph(path) for path in options.networks}
    rows = [row for folder in options.pictures for row in _of_set(folder, graphs, options, sheet)]
    sheet.write()
    header = [
        "| set (photographs) | network | MSE of Cb and Cr | below no colour | colourfulness, of the truth's |",
        "|---|---|---|---|---|",
    ]
    text = "\n".join(["# Colouring", "", *_facts(options), "", *header, *rows, ""])
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    print(text)


def _of_set(folder: Path, graphs: dict[str, Graph], options: argparse.Namespace, sheet: Sheet) -> list[str]:
    """Return the rows of one folder, and show its first three pictures."""
    nothing: list[float] = []
    errors: dict[str, list[float]] = {name: [] for name in graphs}
    ratios: dict[str, list[float]] = {name: [] for name in graphs}
    for _, picture in photographs([folder], long_side=512, limit=options.limit):
        truth = colourfulness(picture)
        if truth < _LEAST:
            continue
        grey = np.zeros((*picture.shape[:2], 2), np.float32)
        nothing.append(chroma_error(grey, picture))
        shown = {"photograph": picture, "seen": joined(picture, grey)}
        for name, graph in graphs.items():
            chroma = predicted(graph, picture, options.size)
            shown[name] = joined(picture, chroma)
            errors[name].append(chroma_error(chroma, picture))
            ratios[name].append(colourfulness(shown[name]) / truth)
        if len(nothing) <= _SHOWN:
            sheet.add(shown)
    if not nothing:
        return [f"| {folder.name} (0) | no photograph with colours | | | |"]
    worst = float(np.mean(nothing))
    rows = [f"| {folder.name} ({len(nothing)}) | no colour | {worst:.1f} | | 0.00 |"]
    for name in graphs:
        error = float(np.mean(errors[name]))
        saving = 100 * (1 - error / worst)
        rows.append(f"| {folder.name} | {name} | {error:.1f} | {saving:.0f} % | {np.mean(ratios[name]):.2f} |")
    return rows


def predicted(graph: Graph, picture: Picture, size: int) -> NDArray[np.float32]:
    """Return chroma H x W x 2 (Cb, Cr offsets) predicted at a long side of ``size`` and enlarged linearly."""
    height, width = picture.shape[:2]
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., 0]
    zoom = size / max(height, width)
    small = cv2.resize(luma, (round(width * zoom), round(height * zoom)), interpolation=cv2.INTER_AREA)
    plane = small[np.newaxis].astype(np.float32) / np.float32(255)
    chroma = graph(luma=plane, hints=np.zeros((3, *small.shape), np.float32))
    return np.asarray(cv2.resize(chroma.transpose(1, 2, 0), (width, height), interpolation=cv2.INTER_LINEAR))


def chroma_error(chroma: NDArray[np.float32], truth: Picture) -> float:
    """Return the mean squared error of Cb and Cr on the scale 0..255."""
    true = cv2.cvtColor(truth, cv2.COLOR_RGB2YCrCb)[..., [2, 1]].astype(np.float64) - 128
    return float(np.square(255 * chroma - true).mean())


def joined(picture: Picture, chroma: NDArray[np.float32]) -> Picture:
    """Return the light of a picture in predicted colours, uint8 H x W x 3."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., :1]
    other = np.rint(np.clip(128 + 255 * chroma[..., ::-1], 0, 255)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(np.concatenate([luma, other], axis=2), cv2.COLOR_YCrCb2RGB))


def _facts(options: argparse.Namespace) -> list[str]:
    words = ["python", "-m", "evaluation.restoration.colour", *(path.name for path in options.networks), "--pictures"]
    words += [*(folder.name for folder in options.pictures), "--limit", str(options.limit), "--size", str(options.size)]
    digests = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}..." for path in options.networks]
    return [
        "Test photographs without their colours, without hints. Cb and Cr of BT.601 on the scale 0..255; photographs",
        f"of a colourfulness (Hasler and Suesstrunk) below {_LEAST:g} are left out.",
        "",
        f"Command: `{shlex.join(words)}`  ",
        f"Networks (sha256): {', '.join(digests)}  ",
    ]


if __name__ == "__main__":
    main()
