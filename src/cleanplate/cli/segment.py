"""``cleanplate segment``: who and what is in a picture, numbered."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.errors import ArgumentError

if TYPE_CHECKING:
    from cleanplate.tasks.segment_file import SegmentReport

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_STREAM = Path("-")
EPILOG = """The numbers are those of 'cleanplate erase --instance'. Boxes and masks count in the upright picture, as
viewers show it; masks are COCO run lengths.

Exit codes: 0 all done (also if nothing was found), 2 wrong option, 3 input, 4 unknown label, 5 output, 6 network or
device, 130 interrupted."""


@app.command(epilog=EPILOG)
def segment(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Picture, or - for standard input.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Picture with numbered outlines, JPEG or PNG.")
    ] = None,
    listing: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="List with boxes, scores and masks; - for standard output."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME", help="Only this kind, such as person. Repeatable. Default: all known."),
    ] = None,
    min_score: Annotated[
        float, typer.Option("--min-score", min=0.0, max=1.0, help="How sure the network must be.")
    ] = 0.6,
    look: Annotated[
        str,
        typer.Option(
            "--look", metavar="HOW", help="For small people in large photos: once, closer or everywhere (slow)."
        ),
    ] = "closer",
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="Network: a file, or a name from models.")
    ] = None,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="Device that the network runs on.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")] = False,
    max_pixels: Annotated[
        int | None,
        typer.Option("--max-pixels", min=1, metavar="N", help="Refuse larger inputs. Default: 400 million."),
    ] = None,
) -> None:
    """Find people (and what else the network knows) in a photo, and number them from left to right."""
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.decode.limits import Limits
    from cleanplate.detect.tiles import look_of
    from cleanplate.tasks.segment_file import SegmentOptions, segment_file

    if output == _STREAM:
        raise ArgumentError("is for the list: --json -", subject="-o -", fix="name a file for the picture")
    limits = Limits() if max_pixels is None else Limits(max_pixels=max_pixels)
    piped = source == _STREAM
    report = segment_file(
        sys.stdin.buffer.read(limits.max_bytes + 1) if piped else source,
        picture=output,
        listing=None if listing == _STREAM else listing,
        options=SegmentOptions(
            labels=tuple(label or ()),
            min_score=min_score,
            look=look_of(look),
            device=device,
            weights=weights,
            overwrite=overwrite,
            limits=limits,
        ),
        name="standard input" if piped else None,
    )
    if listing == _STREAM:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
        return
    for line in lines(report):
        typer.echo(line)


def lines(report: SegmentReport) -> list[str]:
    """What was found, one line a thing."""
    where = f" -> {' + '.join(report.outputs)}" if report.outputs else ""
    found = report.instances
    counts: dict[str, int] = {}
    for each in found:
        counts[each.label] = counts.get(each.label, 0) + 1
    said = ", ".join(f"{count} x {label}" for label, count in counts.items()) or "nothing was found"
    shown = [f"{report.source}{where}: {said} in {report.seconds:.1f} s ({report.weights} on {report.device})"]
    pixels = report.size[0] * report.size[1]
    shown += [
        f"  {each.id}: {each.label} {each.score:.0%}, box {','.join(map(str, each.box))}, "
        f"{100 * each.area / pixels:.2g} % of the picture, {_rank(each.distance_rank)}"
        for each in found
    ]
    return [*shown, *(f"  note: {note}" for note in report.notes)]


def _rank(rank: int) -> str:
    return "nearest" if rank == 1 else f"no. {rank} in distance"
