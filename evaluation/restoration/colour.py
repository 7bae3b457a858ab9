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

from cleanplate.colour.joining import joined
from cleanplate.colour.network import ColourNetwork, open_network
from cleanplate.colour.prediction import predicted
from evaluation.metrics.colourfulness import colourfulness
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
    parser.add_argument("--size", type=int, help="networks see as many pixels as a square of this side")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--sheet", type=Path, help="PNG to show the first pictures in")
    options = parser.parse_args(arguments)
    sheet = Sheet(options.sheet)
    networks = {path.stem: open_network(path, device="cpu") for path in options.networks}
    rows = [row for folder in options.pictures for row in _of_set(folder, networks, options, sheet)]
    sheet.write()
    header = [
        "| set (photographs) | network | MSE of Cb and Cr | below no colour | colourfulness, of the truth's |",
        "|---|---|---|---|---|",
    ]
    text = "\n".join(["# Colouring", "", *_facts(options, networks), "", *header, *rows, ""])
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    print(text)


def _of_set(folder: Path, networks: dict[str, ColourNetwork], options: argparse.Namespace, sheet: Sheet) -> list[str]:
    """Return the rows of one folder, and show its first three pictures."""
    nothing: list[float] = []
    errors: dict[str, list[float]] = {name: [] for name in networks}
    ratios: dict[str, list[float]] = {name: [] for name in networks}
    for _, picture in photographs([folder], long_side=512, limit=options.limit):
        truth = colourfulness(picture)
        if truth < _LEAST:
            continue
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[..., None].repeat(3, axis=2)
        nothing.append(chroma_error(grey, picture))
        shown = {"photograph": picture, "seen": grey}
        for name, network in networks.items():
            size = options.size or network.working_size
            shown[name] = np.asarray(joined(picture, predicted(picture, network, working_size=size)), np.uint8)
            errors[name].append(chroma_error(shown[name], picture))
            ratios[name].append(colourfulness(shown[name]) / truth)
        if len(nothing) <= _SHOWN:
            sheet.add(shown)
    if not nothing:
        return [f"| {folder.name} (0) | no photograph with colours | | | |"]
    worst = float(np.mean(nothing))
    rows = [f"| {folder.name} ({len(nothing)}) | no colour | {worst:.1f} | | 0.00 |"]
    for name in networks:
        error = float(np.mean(errors[name]))
        saving = 100 * (1 - error / worst)
        rows.append(f"| {folder.name} | {name} | {error:.1f} | {saving:.0f} % | {np.mean(ratios[name]):.2f} |")
    return rows


def chroma_error(coloured: Picture, truth: Picture) -> float:
    """Return the mean squared error of Cb and Cr of a picture on the scale 0..255."""
    ours, theirs = (cv2.cvtColor(each, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(np.float64) for each in (coloured, truth))
    return float(np.square(ours - theirs).mean())


def _facts(options: argparse.Namespace, networks: dict[str, ColourNetwork]) -> list[str]:
    words = ["python", "-m", "evaluation.restoration.colour", *(path.name for path in options.networks), "--pictures"]
    words += [*(folder.name for folder in options.pictures), "--limit", str(options.limit)]
    words += ["--size", str(options.size)] if options.size else []
    digests = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}..." for path in options.networks]
    return [
        "Test photographs (512 px) without their colours, without hints, coloured as `cleanplate colorize` does.",
        "Cb and Cr of BT.601 on the scale 0..255; photographs of a colourfulness (Hasler and Suesstrunk) below",
        f"{_LEAST:g} are left out. Networks see as many pixels as squares of these sides have: "
        + ", ".join(f"{name} {options.size or each.working_size} px" for name, each in networks.items())
        + ".",
        "",
        f"Command: `{shlex.join(words)}`  ",
        f"Networks (sha256): {', '.join(digests)}  ",
    ]


if __name__ == "__main__":
    main()
