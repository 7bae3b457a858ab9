"""How well holes are filled: PSNR in the hole, seam and sharpness by kind and size of the hole, against other methods.

python -m evaluation.restoration.fill [NETWORK.onnx...] --pictures FOLDER... --report FILE

``restore`` is what users get with the weights that are installed; networks that are named are shown the whole picture.
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import cleanplate
from cleanplate.errors import ArrayError
from cleanplate.inpaint.partial import OUTPUTS
from cleanplate_training.data.holes.generator import HoleGenerator
from evaluation.erase.methods import opencv_telea, pypatchmatch
from evaluation.erase.sheets import holed
from evaluation.restoration.graphs import Graph, as_picture, as_planes
from evaluation.restoration.labels import labelled_crops
from evaluation.restoration.pictures import Mask, Picture, hairlines, photographs, scan_shapes, sepia
from evaluation.restoration.sheets import Sheet, middle_of
from evaluation.seam import seam
from evaluation.sharpness import sharpness

BINS = ((0.0, 0.02), (0.02, 0.08), (0.08, 0.2))
"""Shares of the picture that a hole takes: small, middle, large."""
_TARGETS = (0.01, 0.05, 0.14)
WIDTHS = (2, 5, 9)
"""Of lines, in pixels."""
Method = Callable[[Picture, Mask], Picture]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print or write the report."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.restoration.fill", description=__doc__)
    parser.add_argument("networks", type=Path, nargs="*", help="fill networks, or generators of engine cra")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of test photographs")
    parser.add_argument("--limit", type=int, default=12, help="photographs of each folder")
    parser.add_argument("--long-side", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--sheet", type=Path, help="PNG to show the first pictures in")
    options = parser.parse_args(arguments)
    sheet = Sheet(options.sheet)
    methods: dict[str, Method] = {path.stem: _method(path) for path in options.networks}
    methods |= {"restore": restored, "restore --engine partial": partial(restored, engine="partial")}
    methods |= {"OpenCV Telea": opencv_telea, "PyPatchMatch": pypatchmatch}
    found: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    rng, line_rng = np.random.default_rng(options.seed), np.random.default_rng([options.seed, 1])
    for _, photograph in photographs(options.pictures, long_side=options.long_side, limit=options.limit):
        picture = np.asarray(np.rint(255 * sepia(photograph, rng)), np.uint8)
        lines = {
            f"lines of {width} px": hairlines(line_rng, picture.shape[0], picture.shape[1], width) for width in WIDTHS
        }
        sizes = [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in BINS]
        drawn = dict(zip(sizes, holes(rng, *picture.shape[:2]), strict=True))
        for kind, hole in {**lines, **drawn}.items():
            shown = {"hole": holed(picture, hole)}
            for name, method in {"photograph": lambda whole, _: whole, **methods}.items():
                shown[name] = method(picture.copy(), hole)
                found[kind, name].append(figures(shown[name], picture, hole))
            sheet.add(shown, around=middle_of(hole))
    sheet.write()
    text = "\n".join(["# Filling holes", "", *_facts(options), "", *_table(found), ""])
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    print(text)


def _method(path: Path) -> Method:
    return partial(completed, Graph(path, wanted=OUTPUTS))


def restored(picture: Picture, hole: Mask, *, engine: str = "auto") -> Picture:
    """Return what ``cleanplate restore --mask`` makes of it."""
    return np.asarray(cleanplate.restore(picture, hole, colour=False, engine=engine).restored, np.uint8)


def completed(graph: Graph, picture: Picture, hole: Mask) -> Picture:
    """Return what the network makes of a picture, its known pixels bit for bit."""
    answer = as_picture(graph(image=as_planes(picture), mask=hole[np.newaxis].astype(np.float32)))
    return np.asarray(np.where(hole[..., np.newaxis], answer, picture), np.uint8)


def holes(rng: np.random.Generator, height: int, width: int) -> list[Mask]:
    """Return a small hole, shaped like damage on a real scan where that is small enough, a middle and a large one."""
    drawn = [HoleGenerator((height, width), area=(0.8 * share, 1.2 * share)).draw(rng) for share in _TARGETS]
    shape = scan_shapes(labelled_crops(), rng, height, width)
    if 0.001 < shape.mean() < BINS[0][1]:
        drawn[0] = shape
    return drawn


def figures(filled: Picture, truth: Picture, hole: Mask) -> list[float]:
    """Return PSNR in the hole, PSNR of the whole picture (dB), seam and sharpness (NaN where they are not defined)."""
    squared = np.square(filled.astype(np.float64) - truth)
    psnrs = [10 * np.log10(255**2 / max(float(each.mean()), 1e-4)) for each in (squared[hole], squared)]
    ratios: list[float] = []
    for measure in (seam, sharpness):
        try:
            ratios.append(measure(filled, hole))
        except ArrayError:
            ratios.append(float("nan"))
    return [*psnrs, *ratios]


def _table(found: dict[tuple[str, str], list[list[float]]]) -> list[str]:
    lines = [
        "| hole | method | holes | PSNR in the hole, dB | PSNR of all, dB | seam | sharpness |",
        "|---|---|---|---|---|---|---|",
    ]
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    for (kind, name), rows in sorted(found.items(), key=lambda each: kinds.index(each[0][0])):
        values: NDArray[np.float64] = np.array(rows)
        psnr, whole = values[:, :2].mean(axis=0)
        seams, sharp = (_geometric_mean(values[:, place_of]) for place_of in (2, 3))
        shown = ["", ""] if name == "photograph" else [f"{psnr:.2f}", f"{whole:.2f}"]
        lines.append(f"| {kind} | {name} | {len(rows)} | {shown[0]} | {shown[1]} | {seams} | {sharp} |")
    return lines


def _geometric_mean(values: NDArray[np.float64]) -> str:
    known = values[~np.isnan(values)]
    return f"{np.exp(np.log(np.maximum(known, 1e-6)).mean()):.2f}" if known.size else ""


def _facts(options: argparse.Namespace) -> list[str]:
    words = ["python", "-m", "evaluation.restoration.fill", *(path.name for path in options.networks), "--pictures"]
    words += [*(folder.name for folder in options.pictures), "--limit", str(options.limit)]
    words += ["--long-side", str(options.long_side), "--seed", str(options.seed)]
    digests = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in options.networks]
    return [
        "Test photographs turned grey or brown. `restore` is what users get, with its windows and residual; networks",
        "that are named were shown the whole picture. The row of the photograph itself says which seam and sharpness",
        "to aim at; seam and sharpness are geometric means.",
        "",
        f"Command: `{shlex.join(words)}`  ",
        *(f"Network: {name}, sha256 {digest[:16]}...  " for name, digest in digests),
    ]


if __name__ == "__main__":
    main()
