"""What ``cutout`` and ``background`` share on the command line: types of their options, and how they are gathered."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.cli import panels
from cleanplate.errors import ArgumentError

if TYPE_CHECKING:
    from cleanplate.tasks.matte_report import MatteReport

PERSON = "Which people"
EDGE = "Their edge"

EPILOG = """Exit codes: 0 all done (also if nobody was found: see the note), 2 wrong option, 3 input, 4 no such person,
5 output, 6 network or device, 7 some of several failed, 130 interrupted."""

Sources = Annotated[
    list[Path],
    typer.Argument(metavar="SOURCE", help="Picture, several pictures, a folder, or - for standard input."),
]
Person = Annotated[
    int | None,
    typer.Option(
        "--person",
        min=1,
        metavar="N",
        help="Keep only one of those who stand apart: 1 the largest, 2 the next.",
        rich_help_panel=PERSON,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        "--network",
        metavar="FILE",
        help="Matting network: a file, or a name from models.",
        rich_help_panel=PERSON,
    ),
]
CommercialOnly = Annotated[
    bool,
    typer.Option(
        "--commercial-only", help="Refuse networks whose commercial use is not clear.", rich_help_panel=PERSON
    ),
]
DeviceName = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Device that networks run on.", rich_help_panel=PERSON)
]
Feather = Annotated[
    float,
    typer.Option(
        "--feather", min=0.0, max=200.0, metavar="PX", help="Soften the edge by so many pixels.", rich_help_panel=EDGE
    ),
]
ShiftEdge = Annotated[
    float,
    typer.Option(
        "--shift-edge",
        min=-200.0,
        max=200.0,
        metavar="PX",
        help="Move the edge outwards, or inwards if negative.",
        rich_help_panel=EDGE,
    ),
]
KeepColours = Annotated[
    bool,
    typer.Option(
        "--keep-colours", help="Leave the old background's colours in the edge (quicker).", rich_help_panel=EDGE
    ),
]


class EdgeWay(StrEnum):
    """How edges are found."""

    guided = "guided"
    closed_form = "closed-form"
    knn = "knn"


Edges = Annotated[
    EdgeWay,
    typer.Option(
        "--edges",
        help="How edges are found; closed-form and knn solve for them (extra trimap).",
        rich_help_panel=EDGE,
    ),
]
Confirm = Annotated[
    bool | None,
    typer.Option(
        "--confirm/--no-confirm",
        show_default=False,
        help="Keep only whom the people network finds too. Default: yes, if the matting network is for people.",
        rich_help_panel=EDGE,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print a report as JSON instead of a line.", rich_help_panel=panels.OUT)
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.", rich_help_panel=panels.OUT)]
InPlace = Annotated[
    bool, typer.Option("--in-place", help="Replace the input by the result.", rich_help_panel=panels.OUT)
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="TYPE",
        help="Type of results that get no name: png, webp, tiff, jpeg, avif or heif.",
        rich_help_panel=panels.OUT,
    ),
]
Quality = Annotated[
    int | None,
    typer.Option("--quality", min=1, max=100, help="Default: as the input for JPEG.", rich_help_panel=panels.OUT),
]
StripGps = Annotated[
    bool, typer.Option("--strip-gps", help="Leave the place out of the metadata.", rich_help_panel=panels.OUT)
]
MarkAi = Annotated[
    bool,
    typer.Option(
        "--mark-ai",
        help="Mark the result as edited by an algorithm (IPTC DigitalSourceType).",
        rich_help_panel=panels.OUT,
    ),
]
MaxPixels = Annotated[
    int | None,
    typer.Option(
        "--max-pixels",
        min=1,
        metavar="N",
        help="Refuse larger inputs. Default: 400 million.",
        rich_help_panel=panels.OUT,
    ),
]
Recursive = Annotated[
    bool, typer.Option("-r", "--recursive", help="Look into sub-folders.", rich_help_panel=panels.MANY)
]
Jobs = Annotated[
    int, typer.Option("-j", "--jobs", min=1, help="Pictures worked on at a time.", rich_help_panel=panels.MANY)
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", help="Stay, and work on pictures as they arrive in the folder.", rich_help_panel=panels.MANY
    ),
]


def format_named(name: str | None) -> str | None:
    """The type that ``--format`` asks for.

    Raises:
        ArgumentError: there is none of that name.
    """
    from cleanplate.encode.options import SUFFIXES

    if name is None:
        return None
    kind = SUFFIXES.get(f".{name.lower().lstrip('.')}")
    if kind is None:
        raise ArgumentError(f"cannot be '{name}'", subject="--format", fix="use png, webp, tiff, jpeg, avif or heif")
    return kind


def told(report: MatteReport) -> list[str]:
    """The lines about one picture."""
    where = " + ".join(report.outputs) or "standard output"
    start = f"{report.source} -> {where}: "
    notes = [f"  note: {note}" for note in report.notes]
    if report.status == "empty":
        return [start + "nobody was found, so everything is transparent", *notes]
    if report.status == "copied":
        return [start + "nobody was found, so the picture was left as it is", *notes]
    people = f"{len(report.people)} people" if len(report.people) > 1 else "1 person"
    what = f"{people}, {report.covered:.0%} of {report.size[0] * report.size[1] / 1e6:.1f} megapixels"
    how = f"in {report.timings['total']:.1f} s ({report.engine} on {report.device})"
    return [f"{start}{report.status}: {what} {how}", *notes]
