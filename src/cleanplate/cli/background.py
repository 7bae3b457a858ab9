"""``cleanplate background``: options in, one call of the library, one line out."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import matte_arguments as arguments

BEHIND = "What comes behind"

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Fit(StrEnum):
    """How a picture of other proportions is brought to the photograph's."""

    cover = "cover"
    contain = "contain"


@app.command(epilog=arguments.EPILOG)
def background(
    sources: arguments.Sources,
    behind: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="WHAT",
            help="A picture, a colour ('#00b140', white), blur, blur:12 (stronger: more) or transparent.",
            rich_help_panel=BEHIND,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Result: a file, a folder for several, or - (standard output). Default: NAME-background beside it.",
        ),
    ] = None,
    fit: Annotated[
        Fit,
        typer.Option("--fit", help="cover fills the frame, contain shows the whole picture.", rich_help_panel=BEHIND),
    ] = Fit.cover,
    backdrop_position: Annotated[
        str,
        typer.Option(
            "--backdrop-position",
            metavar="WHERE",
            help="Which part of the picture stays: left, 'top right', '30%,100%'...",
            rich_help_panel=BEHIND,
        ),
    ] = "center",
    subject_scale: Annotated[
        float,
        typer.Option(
            "--subject-scale", min=0.05, max=4.0, help="Size of the people; 1 = unchanged.", rich_help_panel=BEHIND
        ),
    ] = 1.0,
    position: Annotated[
        str | None,
        typer.Option(
            "--position",
            metavar="WHERE",
            help="Where the people go: left, 'bottom right', '30%,100%'... Default: where they are.",
            rich_help_panel=BEHIND,
        ),
    ] = None,
    person: arguments.Person = None,
    weights: arguments.Weights = None,
    commercial_only: arguments.CommercialOnly = False,
    device: arguments.DeviceName = "auto",
    feather: arguments.Feather = 0.0,
    shift_edge: arguments.ShiftEdge = 0.0,
    keep_colours: arguments.KeepColours = False,
    edges: arguments.Edges = arguments.EdgeWay.guided,
    confirm: arguments.Confirm = None,
    format: arguments.Format = None,
    json_report: arguments.Json = False,
    overwrite: arguments.Overwrite = False,
    in_place: arguments.InPlace = False,
    quality: arguments.Quality = None,
    strip_gps: arguments.StripGps = False,
    mark_ai: arguments.MarkAi = False,
    max_pixels: arguments.MaxPixels = None,
    recursive: arguments.Recursive = False,
    jobs: arguments.Jobs = 1,
    watch: arguments.Watch = False,
) -> None:
    """Put the people of photos before another background: a picture, a colour, or their own out of focus."""
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.batch.mattes import Mattes
    from cleanplate.cli.wishes import Wishes, carry_out
    from cleanplate.decode.limits import Limits
    from cleanplate.encode.options import EncodeOptions
    from cleanplate.tasks.cutout_file import TRANSPARENT, parse_behind
    from cleanplate.tasks.matte_options import BackgroundOptions, Behind, MatteOptions
    from cleanplate.tasks.places import parse_place
    from cleanplate.weights.terms import VARIABLE

    if commercial_only:
        os.environ[VARIABLE] = "1"  # worker processes inherit it
    wanted = Behind(behind, fit.value, backdrop_position, subject_scale, position)
    # What cannot be understood fails once, before any picture is read.
    transparent = parse_behind(wanted) == TRANSPARENT
    parse_place(backdrop_position, option="--backdrop-position")
    if position is not None:
        parse_place(position)
    options = BackgroundOptions(
        wanted,
        matte=MatteOptions(
            weights, device, person, feather, shift_edge, not keep_colours, edges=edges.value, confirm=confirm
        ),
        overwrite=overwrite,
        in_place=in_place,
        encode=EncodeOptions(arguments.format_named(format), quality, strip_gps, mark_ai),
        limits=Limits() if max_pixels is None else Limits(max_pixels=max_pixels),
    )
    carry_out(
        Wishes(
            sources=tuple(sources),
            output=output,
            assignment=Mattes(options, suffix="background", keeps_type=not transparent),
            tell=arguments.told,
            limits=options.limits,
            json=json_report,
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            verb="background",
        )
    )
