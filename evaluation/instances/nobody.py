"""How often somebody is found in pictures in which nobody is.

python -m evaluation.instances.nobody --weights people-lite0 --tiny-coco FOLDER --coco128 FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cleanplate.detect.instances import MIN_SCORE
from evaluation.instances.cases import coco128, tiny_coco
from evaluation.instances.detectors import DETECTORS

_SETS = {"tiny-coco": tiny_coco, "coco128": coco128}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each set, detector and score."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.instances.nobody", description=__doc__)
    parser.add_argument("--weights", required=True, help="an ONNX file, or the name of a record")
    parser.add_argument("--tiny-coco", type=Path, help="folder of lizhogn/tiny_coco_dataset")
    parser.add_argument("--coco128", type=Path, help="folder of lightly-ai/coco128_yolo")
    parser.add_argument("--detector", nargs="+", choices=sorted(DETECTORS), default=["segment"])
    parser.add_argument("--score", type=float, nargs="+", default=[MIN_SCORE], help="how sure finds must be")
    options = parser.parse_args(arguments)
    print("| set | detector, score | pictures with nobody | of these somebody is found in | finds a picture |")
    print("|---" * 5 + "|")
    for name, opened in _SETS.items():
        folder: Path | None = getattr(options, name.replace("-", "_"))
        if folder is None:
            continue
        pictures = [case.picture for case in opened(folder, nobody=True)]
        for kind in options.detector:
            find = DETECTORS[kind](options.weights)
            found = [find(picture).scores for picture in pictures]
            for least in options.score:
                counts = [0 if scores is None else int((scores >= least).sum()) for scores in found]
                wrong, mean = sum(count > 0 for count in counts), sum(counts) / max(1, len(counts))
                print(f"| {name} | {kind}, {least:g} | {len(counts)} | {wrong} | {mean:.2f} |", flush=True)


if __name__ == "__main__":
    main()
