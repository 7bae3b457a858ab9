"""Compare the rule for passers-by with what a person decided.

    python -m evaluation.passersby --pictures FOLDER [--report evaluation/reports/passersby.md]

FOLDER holds the data sets: ``tiny_coco``, ``coco128``, ``pennfudan`` and ``human-dataset``, each as published.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from cleanplate.detect.instance import Instance
from cleanplate.detect.passersby import judge
from cleanplate.types import Image
from evaluation.passersby.table import Labelled, instances, read_table

Rule = Callable[[Sequence[Instance], Image], set[int]]
"""Numbers of the people that a rule keeps."""


def ours(people: Sequence[Instance], image: Image) -> set[int]:
    """The rule of the program."""
    return {verdict.id for verdict in judge(people, image) if verdict.main}


def largest(people: Sequence[Instance], image: Image) -> set[int]:
    """Only the tallest person."""
    return {max(people, key=lambda person: person.apparent_height).id}


def tall(people: Sequence[Instance], image: Image) -> set[int]:
    """Everyone at least half as tall as the tallest."""
    limit = 0.5 * max(person.apparent_height for person in people)
    return {person.id for person in people if person.apparent_height >= limit}


def everyone(people: Sequence[Instance], image: Image) -> set[int]:
    """All of them."""
    return {person.id for person in people}


RULES: dict[str, Rule] = {
    "the rule": ours,
    "tallest person only": largest,
    "half as tall as the tallest": tall,
    "keep everyone": everyone,
}


def read_picture(folder: Path, labelled: Labelled) -> Image:
    """The pixels of a line's picture."""
    path = folder / labelled.source / labelled.picture
    stored = cv2.imread(str(path))
    if stored is None:
        raise FileNotFoundError(path)
    return np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), np.uint8)


def figures(kept: Sequence[set[int]], lines: Sequence[Labelled]) -> tuple[float, float, float, float]:
    """Shares: people judged right, pictures right as a whole, main subjects kept, passers-by erased."""
    right = whole = mains = mains_kept = others = others_gone = people = 0
    for decided, line in zip(kept, lines, strict=True):
        numbers = set(range(1, len(line.boxes) + 1))
        right += len(numbers - (decided ^ line.main))
        people += len(numbers)
        whole += decided == line.main
        mains, mains_kept = mains + len(line.main), mains_kept + len(line.main & decided)
        others, others_gone = others + len(numbers - line.main), others_gone + len(numbers - line.main - decided)
    return right / people, whole / len(lines), mains_kept / max(mains, 1), others_gone / max(others, 1)


def report(folder: Path) -> list[str]:
    """The report's lines."""
    lines = read_table()
    pictures = [(instances(line), read_picture(folder, line)) for line in lines]
    decided = {name: [rule(*picture) for picture in pictures] for name, rule in RULES.items()}
    people = sum(len(line.boxes) for line in lines)
    shown = [
        f"{len(lines)} pictures with {people} people, {sum(len(line.main) for line in lines)} of them main subjects.",
        "",
        "| rule | pictures | people judged right | pictures all right | main subjects kept | passers-by erased |",
        "|---|---|---|---|---|---|",
    ]
    groups = {"all": lines, **{split: [line for line in lines if line.split == split] for split in ("test", "train")}}
    for name, kept in decided.items():
        for group, chosen in groups.items():
            if name != "the rule" and group != "all":
                continue
            mine = [each for each, line in zip(kept, lines, strict=True) if line in chosen]
            shares = " | ".join(f"{100 * value:.0f} %" for value in figures(mine, chosen))
            shown.append(f"| {name} | {len(chosen)} ({group}) | {shares} |")
    shown += ["", "Pictures in which the rule and the eye differ (kept by the rule / main subjects by eye):", ""]
    for chosen_by_rule, line in zip(decided["the rule"], lines, strict=True):
        if chosen_by_rule != line.main:
            shown.append(f"- {line.source} `{line.picture}`: {_listed(chosen_by_rule)} / {_listed(line.main)}")
    return shown


def _listed(numbers: set[int] | frozenset[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "nobody"


def main() -> None:
    """Print the report, and write it if asked."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.passersby", description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    lines = report(options.pictures)
    print("\n".join(lines))
    if options.report:
        head = ["# Main subjects and passers-by", "", "`python -m evaluation.passersby --pictures FOLDER`", ""]
        options.report.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
