"""``cleanplate colorize``: options in, one call of the library, one line out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.cli import matte_arguments as arguments

if TYPE_CHECKING:
    from cleanplate.tasks.restore_report import RestoreReport

_COLOUR = "Colours"

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
    hints: Annotated[
        Path | None,
        typer.Option(
            "--hints",
            metavar="FILE",
            help='Points with the colour they should get: [{"x": 120, "y": 80, "colour": "#8a5a3c"}].',
            rich_help_panel=_COLOUR,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            "--weights-colour",
            metavar="FILE",
            help="Colour network: a file, or a name from models.",
            rich_help_panel=_COLOUR,
        ),
    ] = None,
    commercial_only: Annotated[
        bool,
        typer.Option(
            "--commercial-only", help="Refuse networks whose commercial use is not clear.", rich_help_panel=_COLOUR
        ),
    ] = False,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="Device that networks run on.", rich_help_panel=_COLOUR)
    ] = "auto",
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
            tell=_told,
            limits=options.limits,
            json=json_report,
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            verb="colorize",
        )
    )


def _told(report: RestoreReport) -> list[str]:
    """The lines about one picture."""
    where = " + ".join(report.outputs) or "standard output"
    pages = f"{report.pages} pages, " if report.pages > 1 else ""
    what = f"coloured {pages}{report.size[0] * report.size[1] / 1e6:.1f} megapixels"
    how = f"in {report.timings['total']:.1f} s ({report.engine} on {report.device})"
    return [f"{report.source} -> {where}: {what} {how}", *(f"  note: {note}" for note in report.notes)]
