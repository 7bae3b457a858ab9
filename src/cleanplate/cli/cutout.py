"""``cleanplate cutout``: options in, one call of the library, one line out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import matte_arguments as arguments
from cleanplate.cli import panels

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog=arguments.EPILOG)
def cutout(
    sources: arguments.Sources,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Result: a file, a folder for several, or - (standard output). Default: NAME-cutout.png beside it.",
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
    matte_only: Annotated[
        bool,
        typer.Option("--matte-only", help="Write the matte (grey, white = person).", rich_help_panel=panels.OUT),
    ] = False,
    trim: Annotated[
        bool, typer.Option("--trim", help="Cut the picture down to the people.", rich_help_panel=panels.OUT)
    ] = False,
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
    """Cut people out of photos: transparent background, clean edges, full resolution."""
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.batch.mattes import Mattes
    from cleanplate.cli.wishes import Wishes, carry_out
    from cleanplate.decode.limits import Limits
    from cleanplate.encode.options import EncodeOptions
    from cleanplate.tasks.matte_options import CutoutOptions, MatteOptions
    from cleanplate.weights.terms import VARIABLE

    if commercial_only:
        os.environ[VARIABLE] = "1"  # worker processes inherit it
    encode = EncodeOptions(arguments.format_named(format), quality, strip_gps, mark_ai)
    options = CutoutOptions(
        matte=MatteOptions(
            weights, device, person, feather, shift_edge, not keep_colours, edges=edges.value, confirm=confirm
        ),
        matte_only=matte_only,
        trim=trim,
        overwrite=overwrite,
        in_place=in_place,
        encode=encode,
        limits=Limits() if max_pixels is None else Limits(max_pixels=max_pixels),
    )
    carry_out(
        Wishes(
            sources=tuple(sources),
            output=output,
            assignment=Mattes(options, suffix="matte" if matte_only else "cutout", keeps_type=False),
            tell=arguments.told,
            limits=options.limits,
            json=json_report,
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            verb="cut out",
        )
    )
