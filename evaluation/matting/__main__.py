"""Command line of the matting protocols."""

from __future__ import annotations

import argparse
import csv
import itertools
import platform
import shlex
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cleanplate_training.data.matting.scenes import Sources
from cleanplate_training.data.shards import ShardSet
from evaluation.matting import stills, video
from evaluation.matting.cases import Case, coco_panoptic, composites, fasseg, held_mattes, penn_fudan, shrunk, tiny_coco
from evaluation.matting.clips import Clip, composited, davis
from evaluation.matting.methods import Method, opened
from evaluation.matting.sheets import sheet

NOTES = "<!-- below this line: written by hand, kept when the figures are renewed -->"


def main(arguments: list[str] | None = None) -> None:
    """Measure stills or video; write CSV, sheet and report."""
    options = _options(arguments)
    methods = [opened(text, threads=options.threads) for text in options.method]
    command = f"python -m evaluation.matting {shlex.join(arguments if arguments is not None else sys.argv[1:])}"
    (_stills if options.protocol == "stills" else _video)(options, methods, command)


def _stills(options: argparse.Namespace, methods: Sequence[Method], command: str) -> None:
    rows: list[stills.Row] = []
    for method in methods:
        rows += stills.measured(method, _cases(options), options.out / "alphas")
        sys.stdout.write(f"{method.name}: done\n")
    options.out.mkdir(parents=True, exist_ok=True)
    sheet(options.out / "sheet.png", methods, _cases(options), options.out / "alphas", rows)
    megabytes = {method.name: method.file.stat().st_size / 1e6 for method in methods}
    body = [*stills.speeds(methods, megabytes), *stills.table(rows, methods)]
    _write(options, "Mattes of people in stills", body, rows, command)


def _video(options: argparse.Namespace, methods: Sequence[Method], command: str) -> None:
    rows: list[video.Row] = []
    lines: list[str] = []
    for method in methods:
        for clip in _clips(options):
            for remember in (False, True) if method.remembers else (False,):
                rows.append(video.measured(method, clip, remember=remember))
        if method.remembers:
            cut = list(_clips(options))[-4:]
            frames = [video.recovery(method, one, two) for one, two in itertools.pairwise(cut)]
            lines.append(f"* {method.name}: frames until right again after a cut: {', '.join(map(str, frames))}")
        sys.stdout.write(f"{method.name}: done\n")
    _write(options, "Mattes of people in video", [*video.table(rows), "", *lines], rows, command)


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    limit, least = options.limit, options.least_share
    if options.penn_fudan:
        yield from penn_fudan(options.penn_fudan, limit)
    if options.fasseg:
        yield from fasseg(options.fasseg, limit)
    for each, opener in ((options.tiny_coco, tiny_coco), (options.coco_panoptic, coco_panoptic)):
        if each:
            yield from (shrunk(case, 640) for case in opener(each, limit, least))
    if options.mattes:
        yield from held_mattes(options.mattes, limit)
    if options.cutouts and options.photos:
        sources = _sources(options)
        for kind in ("composite", "hair", "empty"):
            yield from composites(sources, min(limit, options.composites), kind=kind)


def _clips(options: argparse.Namespace) -> Iterator[Clip]:
    if options.davis:
        yield from davis(options.davis, height=options.height, limit=options.limit)
    if options.cutouts and options.photos:
        sources = _sources(options)
        yield from composited(
            sources.cutouts, sources.photos, count=options.clips, frames=options.frames, side=options.height
        )


def _sources(options: argparse.Namespace) -> Sources:
    photos = ShardSet(options.photos)
    kept = [place for place, key in enumerate(photos.keys()) if not key.startswith(tuple(options.without))]
    return Sources([], ShardSet(options.cutouts), _Chosen(photos, kept))


class _Chosen(Sequence[Any]):
    """Some samples of a set."""

    def __init__(self, samples: ShardSet, places: Sequence[int]) -> None:
        self.samples, self.places = samples, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        return self.samples[self.places[index]]


def _write(
    options: argparse.Namespace, title: str, body: Sequence[str], rows: Sequence[dict[str, Any]], command: str
) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    table = options.report.with_suffix(".csv") if options.report else options.out / "figures.csv"
    names = list(dict.fromkeys(name for row in rows for name in row))
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    head = [f"# {title}", "", f"Machine: {platform.machine()}, {options.threads} threads. Command:", ""]
    text = "\n".join([*head, f"    {command}", "", *body, "", NOTES, ""])
    report: Path = options.report or options.out / "report.md"
    if report.is_file() and NOTES in report.read_text(encoding="utf-8"):
        text = text.split(NOTES)[0] + NOTES + report.read_text(encoding="utf-8").split(NOTES, 1)[1]
    report.write_text(text, encoding="utf-8")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.matting", description=__doc__)
    parts = parser.add_subparsers(dest="protocol", required=True)
    for name, text in (("stills", "pictures with known masks or mattes"), ("video", "clips, steady or not")):
        part = parts.add_parser(name, help=text)
        add = partial(part.add_argument, type=Path)
        part.add_argument("--method", action="append", required=True, help="NAME=FAMILY:FILE[@SIDE], several times")
        add("--out", required=True, help="folder for alphas, sheet and, without --report, the report")
        add("--report", help="Markdown file; the CSV goes beside it")
        add("--cutouts", nargs="+", help="shards of cut-outs held out of training")
        add("--photos", nargs="+", help="shards of photographs held out of training")
        part.add_argument(
            "--without", nargs="*", default=["ccp-photos_"], help="photographs that do show people, by key"
        )
        part.add_argument("--limit", type=int, default=1000, help="most pictures of a set, frames of a sequence")
        part.add_argument("--threads", type=int, default=2)
        if name == "stills":
            add("--penn-fudan", help="folder of gmguarino/PennFudan")
            add("--fasseg", help="folder of massimomauro/FASSEG-repository")
            add("--tiny-coco", help="folder of lizhogn/tiny_coco_dataset")
            add("--coco-panoptic", help="folder of lightly-ai/coco128_yolo")
            add("--mattes", nargs="+", help="shards of mattes held out of training")
            part.add_argument("--composites", type=int, default=40, help="composites of each kind")
            part.add_argument("--least-share", type=float, default=0.05, help="least area of people in COCO pictures")
        else:
            add("--davis", help="folder of DAVIS with JPEGImages/480p and Annotations/480p")
            part.add_argument("--height", type=int, default=384)
            part.add_argument("--clips", type=int, default=8, help="composited clips")
            part.add_argument("--frames", type=int, default=24, help="frames of each of them")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
