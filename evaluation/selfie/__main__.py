"""Command line of the selfie comparison.

    python -m evaluation.selfie compare --method NAME=FAMILY:FILE[@SIDE] ... --test SHARD ... --out OUT
    python -m evaluation.selfie edges --network FILE --test SHARD ... --out OUT

``compare`` writes a table (Markdown), figures (CSV), data (JSON) and ``selfie.html``, the page of all pictures.
"""

from __future__ import annotations

import argparse
import csv
import platform
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cleanplate.matting.network import open_network
from cleanplate_training.data.matting.scenes import Sources
from cleanplate_training.data.picked import Picked
from cleanplate_training.data.shards import ShardSet
from evaluation.matting.__main__ import NOTES
from evaluation.matting.cases import Case, composites
from evaluation.matting.methods import opened
from evaluation.selfie import edges, figures
from evaluation.selfie.cases import Selfie, coco_people, in_source, studio
from evaluation.selfie.costs import cost
from evaluation.selfie.page import curve_of, page


def main(arguments: list[str] | None = None) -> None:
    """Compare networks, or ways to their edges."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    command = f"python -m evaluation.selfie {shlex.join(arguments if arguments is not None else sys.argv[1:])}"
    (_compare if options.protocol == "compare" else _edges)(options, command)


def _compare(options: argparse.Namespace, command: str) -> None:
    methods = [opened(text, threads=options.threads) for text in options.method]
    kept = options.out / "alphas"
    rows = figures.measured(methods, lambda: _selfies(options), kept)
    costs = {method.name: cost(method, runs=options.runs) for method in methods}
    runs = dict(text.split("=", 1) for text in options.run)
    curves = {name: curve_of(Path(folder) / "metrics.jsonl") for name, folder in runs.items()}
    text = page(methods, lambda: _selfies(options), rows, costs, curves, kept)
    (options.out / "selfie.html").write_text(text, encoding="utf-8")
    names = [method.name for method in methods]
    body = [*figures.table(rows, names, costs), "", *figures.failure_table(rows, names)]
    _write(options, "Selfie networks", body, rows, command)


def _edges(options: argparse.Namespace, command: str) -> None:
    network = open_network(options.network, threads=options.threads)
    rows = edges.measured(network, _edge_cases(options), options.out / "edges.png")
    _write(options, "Edges of selfies", edges.table(rows), rows, command)


def _selfies(options: argparse.Namespace) -> Iterator[Selfie]:
    limit = options.limit
    if options.test:
        yield from in_source(options.test, limit)
    for listed, pictures in zip(options.coco[::2], options.coco[1::2], strict=True):
        yield from coco_people(listed, pictures, limit=limit, share=tuple(options.share))
    if options.fasseg:
        yield from studio(options.fasseg, limit)


def _edge_cases(options: argparse.Namespace) -> Iterator[Case]:
    if options.cutouts and options.photos:
        sources = Sources([], ShardSet(options.cutouts), _without_people(ShardSet(options.photos)))
        for kind in ("composite", "hair"):
            yield from composites(sources, options.limit, kind=kind)
    if options.test:
        yield from (selfie.case for selfie in in_source(options.test, options.limit))


def _without_people(photos: ShardSet) -> Picked:
    """Street photographs of clothing-co-parsing show people besides those that are put in."""
    return Picked(photos, [place for place, key in enumerate(photos.keys()) if not key.startswith("ccp-photos_")])


def _write(
    options: argparse.Namespace, title: str, body: Sequence[str], rows: Sequence[dict[str, Any]], command: str
) -> None:
    report: Path = options.report or options.out / "report.md"
    with report.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    head = [f"# {title}", "", f"Machine: {platform.machine()}, {options.threads} threads. Command:", ""]
    text = "\n".join([*head, f"    {command}", "", *body, "", NOTES, ""])
    if report.is_file() and NOTES in report.read_text(encoding="utf-8"):
        text = text.split(NOTES)[0] + NOTES + report.read_text(encoding="utf-8").split(NOTES, 1)[1]
    report.write_text(text, encoding="utf-8")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.selfie", description=__doc__)
    parts = parser.add_subparsers(dest="protocol", required=True)
    compare = parts.add_parser("compare", help="networks side by side")
    compare.add_argument("--method", action="append", required=True, help="NAME=FAMILY:FILE[@SIDE], several times")
    compare.add_argument("--run", action="append", default=[], metavar="NAME=FOLDER", help="training run, for curves")
    compare.add_argument(
        "--coco", type=Path, nargs="*", default=[], metavar="PATH", help="annotation file and folder of pictures, pairs"
    )
    compare.add_argument("--share", type=float, nargs=2, default=[0.1, 0.9], help="area of people in COCO pictures")
    compare.add_argument("--fasseg", type=Path, help="folder of massimomauro/FASSEG-repository")
    compare.add_argument("--runs", type=int, default=12, help="runs of each network that are timed")
    ways = parts.add_parser("edges", help="what to do with the edges of a segmentation")
    ways.add_argument("--network", type=Path, required=True, help="a file, or a name from cleanplate models")
    ways.add_argument("--cutouts", type=Path, nargs="+", help="shards of cut-outs held out of training")
    ways.add_argument("--photos", type=Path, nargs="+", help="shards of photographs held out of training")
    for part in (compare, ways):
        part.add_argument("--test", type=Path, nargs="*", default=[], help="test shards of the recipe selfies")
        part.add_argument("--limit", type=int, default=1000, help="most pictures of a set")
        part.add_argument("--threads", type=int, default=2)
        part.add_argument(
            "--out", type=Path, required=True, help="folder for alphas, page, and the report without --report"
        )
        part.add_argument("--report", type=Path, help="Markdown file; the CSV goes beside it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
