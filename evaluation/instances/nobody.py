"""How often somebody is found in pictures in which nobody is: what users get, at the score that they get.

python -m evaluation.instances.nobody --weights people-lite0 --tiny-coco FOLDER --coco128 FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cleanplate.detect.instances import MIN_SCORE
from evaluation.instances.cases import coco128, tiny_coco
from evaluation.instances.detectors import as_users_get_it

_SETS = {"tiny-coco": tiny_coco, "coco128": coco128}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each set."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.instances.nobody", description=__doc__)
    parser.add_argument("--weights", required=True, help="an ONNX file, or the name of a record")
    parser.add_argument("--tiny-coco", type=Path, help="folder of lizhogn/tiny_coco_dataset")
    parser.add_argument("--coco128", type=Path, help="folder of lightly-ai/coco128_yolo")
    options = parser.parse_args(arguments)
    find = as_users_get_it(options.weights)
    print("| set | pictures with nobody | of these somebody is found in | finds a picture |\n|---|---|---|---|")
    for name, opened in _SETS.items():
        folder: Path | None = getattr(options, name.replace("-", "_"))
        if folder is None:
            continue
        found = []
        for case in opened(folder, nobody=True):
            scores = find(case.picture).scores
            found.append(0 if scores is None else int((scores >= MIN_SCORE).sum()))
        wrong = sum(count > 0 for count in found)
        print(f"| {name} | {len(found)} | {wrong} | {sum(found) / max(1, len(found)):.2f} |", flush=True)


if __name__ == "__main__":
    main()
