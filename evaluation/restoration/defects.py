"""How well damage is found: IoU, Dice, recall of hairlines by width, false alarms, and real scans marked by hand.

python -m evaluation.restoration.defects NETWORK.onnx --pictures FOLDER... --stamps FOLDER --scans FOLDER --report FILE
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.prints.damage import damage_probability
from cleanplate.prints.marks import marks, threshold_for
from cleanplate.prints.network import open_network
from cleanplate_training.data.pixels import decode_rgb, file_bytes
from evaluation.restoration.graphs import Graph, as_planes
from evaluation.restoration.labels import labelled_crops
from evaluation.restoration.pictures import (
    Mask,
    Picture,
    hairlines,
    painted,
    photographs,
    scan_shapes,
    sepia,
    unseen_stamps,
)
from evaluation.restoration.sheets import Sheet, middle_of, tinted

_NEAR = 2
"""Marks made by hand are off by about so many pixels: tolerant figures look this far."""
_WIDTHS = (1, 2, 3)
_UNTOUCHED = 1e-4
"""A clean photograph counts as untouched when at most this share of its pixels is marked."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print or write the report."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.restoration.defects", description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of test photographs")
    parser.add_argument("--stamps", type=Path, help="folder of KIND/*.png; only those kept from training are used")
    parser.add_argument("--scans", type=Path, help="folder that holds the scans of scan_labels.json")
    parser.add_argument("--limit", type=int, default=20, help="photographs of each folder")
    parser.add_argument("--long-side", type=int, default=512)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument(
        "--sensitivity", type=float, help="mark as `cleanplate restore` does, with hysteresis and rim, at native size"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--sheet", type=Path, help="PNG to show the first pictures in, found damage green, missed red")
    options = parser.parse_args(arguments)
    sheet = Sheet(options.sheet)
    find: Callable[[Picture], Mask] = Finder(Graph(options.network), options.threshold)
    if options.sensitivity is not None:
        find = AsUsed(options.network, options.threshold, options.sensitivity)
    rows = _scans(find, options.scans, sheet) if options.scans else []
    rows += _synthetic(find, options, sheet)
    sheet.write()
    text = "\n".join(["# Finding damage", "", *_facts(options), "", "| figure | value |", "|---|---|", *rows, ""])
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    print(text)


class Finder:
    """Marks pixels above a threshold."""

    def __init__(self, graph: Graph, threshold: float) -> None:
        self.graph, self.threshold = graph, threshold

    def __call__(self, picture: Picture) -> Mask:
        """Return what is marked, bool H x W."""
        return np.asarray(self.graph(image=as_planes(picture))[0] > self.threshold)


class AsUsed:
    """Marks what ``cleanplate restore --fine`` marks."""

    def __init__(self, network: Path, threshold: float, sensitivity: float) -> None:
        self.network = open_network(network)
        self.neutral, self.threshold = threshold, threshold_for(sensitivity, threshold)

    def __call__(self, picture: Picture) -> Mask:
        """Return what is marked, bool H x W."""
        probability = damage_probability(picture, self.network, long_side=None)
        height, width = picture.shape[:2]
        return marks(probability, self.threshold, height=height, width=width, neutral=self.neutral, seen=picture)


def overlap(found: Mask, truth: Mask) -> tuple[int, int, int]:
    """Return pixels in both, in ``found``, and in ``truth``."""
    return int((found & truth).sum()), int(found.sum()), int(truth.sum())


def near(mask: Mask, reach: int = _NEAR) -> Mask:
    """Return the mask grown by ``reach`` pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _synthetic(find: Callable[[Picture], Mask], options: argparse.Namespace, sheet: Sheet) -> list[str]:
    rng = np.random.default_rng(options.seed)
    crops, stamps = labelled_crops(), unseen_stamps(options.stamps) if options.stamps else None
    counts: dict[str, list[tuple[int, int, int]]] = {"shapes of scans": [], "unseen stamps": []}
    lines: dict[int, list[tuple[int, int]]] = {width: [] for width in _WIDTHS}
    marked: dict[str, list[float]] = {"clean colour photographs": [], "clean grey and sepia photographs": []}
    for _, picture in photographs(options.pictures, long_side=options.long_side, limit=options.limit):
        height, width = picture.shape[:2]
        old = sepia(picture, rng)
        marked["clean colour photographs"].append(float(find(picture).mean()))
        marked["clean grey and sepia photographs"].append(float(find(_eight(old)).mean()))
        shape = scan_shapes(crops, rng, height, width)
        counts["shapes of scans"].append(_compared(find, old, shape.astype(np.float32), rng, sheet))
        if stamps is not None:
            mark = stamps.draw(rng, height, width)
            counts["unseen stamps"].append(_compared(find, old, mark.opacity, rng, sheet))
        for thickness in _WIDTHS:
            truth = hairlines(rng, height, width, thickness)
            found = find(_eight(painted(old, truth.astype(np.float32), _level(rng))))
            lines[thickness].append((int((near(found, 1) & truth).sum()), int(truth.sum())))
    rows = [row for name, each in counts.items() if each for row in _agreement(name, np.array(each).sum(axis=0))]
    for thickness, pairs in lines.items():
        seen, true = np.array(pairs).sum(axis=0)
        rows.append(f"| hairlines of {thickness} px: recall (within 1 px) | {seen / max(1, true):.3f} |")
    for name, shares in marked.items():
        untouched = np.mean(np.array(shares) <= _UNTOUCHED)
        rows.append(f"| {name} ({len(shares)}): pixels marked | {100 * np.mean(shares):.3f} % |")
        rows.append(f"| {name}: untouched | {100 * untouched:.0f} % |")
    return rows


def _compared(
    find: Callable[[Picture], Mask],
    old: NDArray[np.float32],
    opacity: NDArray[np.float32],
    rng: np.random.Generator,
    sheet: Sheet,
) -> tuple[int, int, int]:
    damaged = painted(old, opacity, _level(rng))
    truth = (opacity > 0.25) & (np.abs(damaged - old).max(axis=2) > 0.03)
    picture = _eight(damaged)
    found = find(picture)
    sheet.add({"damaged": picture, "found": tinted(picture, found, truth)}, around=middle_of(truth))
    return overlap(found, truth)


def _scans(find: Callable[[Picture], Mask], folder: Path, sheet: Sheet) -> list[str]:
    strict, tolerant, thin = np.zeros(3), np.zeros(4), np.zeros(2)
    searched: dict[str, tuple[Picture, Mask]] = {}
    for crop in labelled_crops():
        if crop.picture not in searched:
            path = folder / crop.picture
            whole = decode_rgb(file_bytes(path), name=str(path))
            # The whole scan is searched, as in use: a crop would lack its surroundings.
            searched[crop.picture] = whole, find(whole)
        left, top, right, bottom = crop.crop
        whole, marked = searched[crop.picture]
        scan, found = whole[top:bottom, left:right], marked[top:bottom, left:right]
        sheet.add({"scan": scan, "found": tinted(scan, found, crop.damage)})
        strict += overlap(found, crop.damage)
        hit, right_ones = near(found) & crop.damage, found & near(crop.damage)
        tolerant += [hit.sum(), crop.damage.sum(), right_ones.sum(), found.sum()]
        thin += [(near(found) & crop.thin).sum(), crop.thin.sum()]
    recall, precision = tolerant[0] / tolerant[1], tolerant[2] / max(1, tolerant[3])
    return [
        *_agreement(f"real scans, {len(labelled_crops())} crops", strict),
        f"| real scans: recall within {_NEAR} px | {recall:.3f} |",
        f"| real scans: precision within {_NEAR} px | {precision:.3f} |",
        f"| real scans: recall of lines up to 3 px, within {_NEAR} px | {thin[0] / thin[1]:.3f} |",
    ]


def _agreement(name: str, counts: NDArray[np.float64]) -> list[str]:
    both, found, true = (float(each) for each in counts)
    return [
        f"| {name}: IoU | {both / max(1, found + true - both):.3f} |",
        f"| {name}: Dice | {2 * both / max(1, found + true):.3f} |",
        f"| {name}: recall | {both / max(1, true):.3f} |",
    ]


def _level(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.85, 1.0) if rng.random() < 0.8 else rng.uniform(0, 0.15))


def _eight(picture: NDArray[np.float32]) -> Picture:
    return np.asarray(np.rint(255 * picture), np.uint8)


def _facts(options: argparse.Namespace) -> list[str]:
    words = ["python", "-m", "evaluation.restoration.defects", options.network.name, "--pictures"]
    words += [folder.name for folder in options.pictures]
    words += ["--stamps", options.stamps.name] if options.stamps else []
    words += ["--scans", "SCANS"] if options.scans else []
    words += ["--limit", str(options.limit), "--long-side", str(options.long_side)]
    words += ["--threshold", f"{options.threshold:g}", "--seed", str(options.seed)]
    words += [] if options.sensitivity is None else ["--sensitivity", f"{options.sensitivity:g}"]
    digest = hashlib.sha256(options.network.read_bytes()).hexdigest()
    return [
        "Test photographs turned grey or brown, with damage of other making than in training: shapes that were marked",
        "by hand on real scans, stamps of files kept from training, and bent lines of 1 to 3 px. Sums over all pixels.",
        "Marks made by hand are some pixels off, hence the tolerant figures.",
        "",
        f"Command: `{shlex.join(words)}`  ",
        f"Network: {options.network.name}, sha256 {digest[:16]}...  ",
    ]


if __name__ == "__main__":
    main()
