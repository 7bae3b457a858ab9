"""``cleanplate restore``: options in, one call of the library, one line out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.cli import matte_arguments as arguments
from cleanplate.cli import panels
from cleanplate.cli import print_arguments as shared
from cleanplate.errors import ArgumentError

if TYPE_CHECKING:
    from cleanplate.batch.restoring import Restoring
    from cleanplate.tasks.restore_options import Kind

_FIND = "Finding damage"
_FILL = "Filling it"

_EPILOG = """Writes NAME_restored, NAME_restored_colour, NAME_colour and NAME_defects.png, so that a wrong step can be
undone: edit the mask and give it back with --mask. Exit codes: 0 all done (also if nothing was found), 2 wrong option,
3 input, 4 mask or hints do not fit, 5 output, 6 network or device, 7 some of several failed, 130 interrupted."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog=_EPILOG)
def restore(
    sources: arguments.Sources,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder for the results, made if it is not there; a file with --only; - for standard output. "
            "Default: beside the picture.",
        ),
    ] = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(
            "--mask",
            metavar="FILE",
            help="The damage, white on black, instead of looking for it; once a page, or a folder of NAME_defects.png.",
            rich_help_panel=_FIND,
        ),
    ] = None,
    sensitivity: Annotated[
        float,
        typer.Option(
            "--sensitivity",
            min=0.0,
            max=1.0,
            metavar="0..1",
            help="0 marks only what is certain, 1 everything suspicious.",
            rich_help_panel=_FIND,
        ),
    ] = 0.5,
    fine: Annotated[
        bool,
        typer.Option(
            "--fine",
            help="Look at native size instead of a long side of 2048, for hairlines of large scans (slow).",
            rich_help_panel=_FIND,
        ),
    ] = False,
    flips: Annotated[
        bool,
        typer.Option("--flips", help="Look at mirror images too: steadier, four times as long.", rich_help_panel=_FIND),
    ] = False,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="NAME",
            help="auto: the fill network, and the eraser's engine for larger holes. partial: that network for all. "
            "Others: that engine for all.",
            rich_help_panel=_FILL,
        ),
    ] = "auto",
    seed: Annotated[
        int,
        typer.Option("--seed", help="Chooses among equally good fills of the eraser's engines.", rich_help_panel=_FILL),
    ] = 0,
    no_colour: Annotated[
        bool,
        typer.Option(
            "--no-colour", "--no-color", help="Leave out the coloured pictures.", rich_help_panel=shared.COLOUR
        ),
    ] = False,
    hints: shared.Hints = None,
    fading: Annotated[
        bool, typer.Option("--fading", help="Stretch the tones of a faded print.", rich_help_panel=shared.COLOUR)
    ] = False,
    crop: Annotated[
        bool, typer.Option("--crop", help="Cut off the even border around the picture.", rich_help_panel=shared.COLOUR)
    ] = False,
    weights_defects: Annotated[
        Path | None,
        typer.Option(
            "--weights-defects",
            metavar="FILE",
            help="Network that finds damage: a file, or a name from models.",
            rich_help_panel=shared.NETWORKS,
        ),
    ] = None,
    weights_fill: Annotated[
        Path | None,
        typer.Option(
            "--weights-fill",
            metavar="FILE",
            help="Network that fills damage, likewise.",
            rich_help_panel=shared.NETWORKS,
        ),
    ] = None,
    weights_colour: Annotated[
        Path | None,
        typer.Option(
            "--weights-colour",
            "--weights-color",
            metavar="FILE",
            help="Network that predicts colours, likewise.",
            rich_help_panel=shared.NETWORKS,
        ),
    ] = None,
    commercial_only: shared.CommercialOnly = False,
    device: shared.DeviceName = "auto",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="WHAT",
            help="Write only this: restored, restored_colour, colour or defects; -o may then name a file. "
            "Several: with commas, or once each.",
            rich_help_panel=panels.OUT,
        ),
    ] = None,
    format: arguments.Format = None,
    json_report: arguments.Json = False,
    overwrite: arguments.Overwrite = False,
    quality: arguments.Quality = None,
    strip_gps: arguments.StripGps = False,
    mark_ai: arguments.MarkAi = False,
    max_pixels: arguments.MaxPixels = None,
    recursive: arguments.Recursive = False,
    jobs: arguments.Jobs = 1,
    watch: arguments.Watch = False,
) -> None:
    """Restore old photos: find scratches, cracks and holes, fill them, colour the picture."""
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.batch.restoring import Restoring
    from cleanplate.cli.wishes import Wishes, carry_out
    from cleanplate.decode.limits import Limits
    from cleanplate.encode.options import EncodeOptions
    from cleanplate.tasks.restore_options import RestoreOptions
    from cleanplate.weights.terms import VARIABLE

    if commercial_only:
        os.environ[VARIABLE] = "1"  # worker processes inherit it
    wanted = _kinds(only)
    alone = wanted[0] if len(wanted) == 1 else None
    options = RestoreOptions(
        masks=tuple(mask or ()),
        only=() if alone else wanted,
        sensitivity=sensitivity,
        fine=fine,
        flips=flips,
        colour=not no_colour,
        hints=hints,
        fading=fading,
        crop=crop,
        weights_defects=weights_defects,
        weights_fill=weights_fill,
        weights_colour=weights_colour,
        engine=engine,
        seed=seed,
        device=device,
        overwrite=overwrite,
        make_folders=True,
        encode=EncodeOptions(arguments.format_named(format), quality, strip_gps, mark_ai),
        limits=Limits() if max_pixels is None else Limits(max_pixels=max_pixels),
    )
    assignment = Restoring(options, alone)
    carry_out(
        Wishes(
            sources=tuple(sources),
            output=_place(sources, output, assignment),
            assignment=assignment,
            tell=shared.told,
            limits=options.limits,
            json=json_report,
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            verb="restore",
        )
    )


def _kinds(only: list[str] | None) -> tuple[Kind, ...]:
    """The outputs that ``--only`` names, in the order in which they are written; all are wanted if it names none."""
    from cleanplate.tasks.restore_options import KINDS

    named = [name.strip().replace("-", "_") for each in only or () for name in each.split(",")]
    for name in named:
        if name not in KINDS:
            raise ArgumentError(f"cannot be '{name}'", subject="--only", fix=f"use {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in named)


def _place(sources: list[Path], output: Path | None, assignment: Restoring) -> Path | None:
    """Where the results of one picture go: several of them need a folder, in which names follow the picture's."""
    from cleanplate.cli.wishes import STREAM
    from cleanplate.encode.options import SUFFIXES

    several = len(sources) > 1 or sources[0].is_dir()
    if output is None or output == STREAM or several or output.is_dir():
        return output
    if assignment.only is not None and output.suffix:
        return output
    if output.suffix.lower() in SUFFIXES:
        fix = f"name a folder, or add --only restored to write {output.name} alone"
        raise ArgumentError("is the name of one file, but there are several results", subject=f"-o {output}", fix=fix)
    if sources[0] == STREAM:
        raise ArgumentError(
            "is a folder, and standard input has no name", subject=f"-o {output}", fix="name a file, with --only"
        )
    if output.exists():
        raise ArgumentError("is a file", subject=f"-o {output}", fix="name a folder")
    return output / assignment.named(Path(sources[0].name))
