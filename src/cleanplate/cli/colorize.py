"""``cleanplate colorize``: options in, one call of the library, one line out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cleanplate.cli import matte_arguments as arguments
from cleanplate.cli import print_arguments as shared

_EPILOG = """Light is never changed, only colours are added. Exit codes: 0 all done, 2 wrong option, 3 input, 4 hints do
not fit, 5 output, 6 network or device, 7 some of several failed, 130 interrupted."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog=_EPILOG)
def colorize(
    sources: arguments.Sources,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Result: a file, a folder for several, or - (standard output). Default: NAME-colour beside it.",
        ),
    ] = None,
    hints: shared.Hints = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            "--weights-colour",
            metavar="FILE",
            help="Colour network: a file, or a name from models.",
            rich_help_panel=shared.NETWORKS,
        ),
    ] = None,
    commercial_only: shared.CommercialOnly = False,
    device: shared.DeviceName = "auto",
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
    """Colour grey and sepia photos; their light and sharpness stay as they are."""
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.batch.restoring import Colorizing
    from cleanplate.cli.wishes import Wishes, carry_out
    from cleanplate.decode.limits import Limits
    from cleanplate.encode.options import EncodeOptions
    from cleanplate.tasks.restore_options import ColorizeOptions
    from cleanplate.weights.terms import VARIABLE

    if commercial_only:
        os.environ[VARIABLE] = "1"  # worker processes inherit it
    options = ColorizeOptions(
        hints=hints,
        weights=weights,
        device=device,
        overwrite=overwrite,
        in_place=in_place,
        encode=EncodeOptions(arguments.format_named(format), quality, strip_gps, mark_ai),
        limits=Limits() if max_pixels is None else Limits(max_pixels=max_pixels),
    )
    carry_out(
        Wishes(
            sources=tuple(sources),
            output=output,
            assignment=Colorizing(options),
            tell=shared.told,
            limits=options.limits,
            json=json_report,
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            verb="colorize",
        )
    )
