"""Measures the three networks of restoration: a report and a contact sheet each.

python -m evaluation.restoration --defects D.onnx --record D.toml --fill F.onnx... --colour C.onnx...
--pictures FOLDER... --stamps FOLDER --scans FOLDER -o FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cleanplate.weights.record import read_record
from evaluation.restoration import colour, defects, fill


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was given, each as its own command would."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.restoration", description=__doc__)
    parser.add_argument("--defects", type=Path, help="network that finds damage")
    parser.add_argument("--record", type=Path, help="its record, which says the threshold; 0.5 without one")
    parser.add_argument("--fill", type=Path, nargs="+", default=[], help="networks that fill it")
    parser.add_argument("--colour", type=Path, nargs="+", default=[], help="networks that predict colours, to compare")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders of test photographs")
    parser.add_argument("--stamps", type=Path, help="folder of KIND/*.png, for --defects")
    parser.add_argument("--scans", type=Path, help="folder with the scans of scan_labels.json, for --defects")
    parser.add_argument("--limit", type=int, default=10, help="photographs of each folder")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of reports and sheets")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)

    def common(name: str) -> list[str]:
        words = ["--pictures", *map(str, options.pictures), "--limit", str(options.limit)]
        report, sheet = (str(options.output / f"restoration-{name}{ending}") for ending in (".md", ".png"))
        return [*words, "--report", report, "--sheet", sheet]

    if options.defects:
        words = [str(options.defects), *common("defects"), "--threshold", str(_threshold(options.record))]
        words += ["--sensitivity", "0.5"]
        words += ["--stamps", str(options.stamps)] if options.stamps else []
        words += ["--scans", str(options.scans)] if options.scans else []
        defects.main(words)
    if options.fill:
        fill.main([*map(str, options.fill), *common("fill")])
    if options.colour:
        colour.main([*map(str, options.colour), *common("colour")])


def _threshold(record: Path | None) -> float:
    figures = () if record is None else read_record(record).measured
    return next((each.value for each in figures if each.figure == "best_threshold"), 0.5)


if __name__ == "__main__":
    main()
