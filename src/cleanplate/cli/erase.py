"""``cleanplate erase``: options in, one call of the library, one line out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.cli import panels
from cleanplate.errors import ArgumentError

if TYPE_CHECKING:
    from cleanplate.tasks.selection import Selection

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

MASK_HELP = (
    "Erase what a mask file selects: its alpha if that varies, else what is bright. For several pictures also a folder "
    "of masks with their names. Repeatable."
)
EPILOG = """Numbers of a selection are pixels of the upright picture (as viewers show it), or percent.

Exit codes: 0 all done, 2 wrong option, 3 input, 4 selection, 5 output, 6 engine or device, 7 some of several failed,
130 interrupted."""


@app.command(epilog=EPILOG)
def erase(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE", help="Picture, several pictures, a folder, or - for standard input."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Result: a file, a folder for several, or - (standard output). Default: NAME-clean beside the input.",
        ),
    ] = None,
    passersby: Annotated[
        bool,
        typer.Option("--passersby", help="Erase all people but the main subject(s).", rich_help_panel=panels.WHOM),
    ] = False,
    people: Annotated[bool, typer.Option("--people", help="Erase all people.", rich_help_panel=panels.WHOM)] = False,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            min=0,
            metavar="N",
            help="Erase all people but the N most important.",
            rich_help_panel=panels.WHOM,
        ),
    ] = None,
    click: Annotated[
        list[str] | None,
        typer.Option(
            "--click",
            metavar="X,Y",
            help="Erase the person (or thing) under a point. Repeatable.",
            rich_help_panel=panels.WHOM,
        ),
    ] = None,
    instance: Annotated[
        list[int] | None,
        typer.Option(
            "--instance",
            metavar="ID",
            help="Erase by number, as 'cleanplate segment' shows it. Repeatable.",
            rich_help_panel=panels.WHOM,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="NAME",
            help="Erase everything of a kind that the network knows, such as dog. Repeatable.",
            rich_help_panel=panels.WHOM,
        ),
    ] = None,
    min_score: Annotated[
        float,
        typer.Option(
            "--min-score",
            min=0.0,
            max=1.0,
            help="How sure the network must be of a person or thing.",
            rich_help_panel=panels.WHOM,
        ),
    ] = 0.6,
    look: Annotated[
        str,
        typer.Option(
            "--look",
            metavar="HOW",
            help="For small people in large photos: once, closer or everywhere (slow).",
            rich_help_panel=panels.WHOM,
        ),
    ] = "closer",
    people_weights: Annotated[
        Path | None,
        typer.Option(
            "--people-weights",
            metavar="FILE",
            help="Network that finds people: a file, or a name from models.",
            rich_help_panel=panels.WHOM,
        ),
    ] = None,
    box: Annotated[
        list[str] | None,
        typer.Option(
            "--box",
            metavar="L,T,R,B",
            help="Erase a box: left,top,right,bottom, end exclusive. Repeatable.",
            rich_help_panel=panels.WHAT,
        ),
    ] = None,
    spot: Annotated[
        list[str] | None,
        typer.Option(
            "--spot",
            metavar="X,Y,RADIUS",
            help="Erase a disc: a blemish, a bird, dust. Repeatable.",
            rich_help_panel=panels.WHAT,
        ),
    ] = None,
    polygon: Annotated[
        list[str] | None,
        typer.Option(
            "--polygon", metavar='"X,Y X,Y X,Y..."', help="Erase a polygon. Repeatable.", rich_help_panel=panels.WHAT
        ),
    ] = None,
    strokes: Annotated[
        list[Path] | None,
        typer.Option(
            "--strokes",
            metavar="FILE",
            help="Erase brush strokes, a JSON file. Repeatable.",
            rich_help_panel=panels.WHAT,
        ),
    ] = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(
            "--mask",
            metavar="PATH",
            help=MASK_HELP,
            rich_help_panel=panels.WHAT,
        ),
    ] = None,
    invert_mask: Annotated[
        bool, typer.Option("--invert-mask", help="Mask files show what to keep.", rich_help_panel=panels.WHAT)
    ] = False,
    snap: Annotated[
        bool, typer.Option("--snap", help="Tighten each box to the object inside it.", rich_help_panel=panels.WHAT)
    ] = False,
    grow: Annotated[
        int | None,
        typer.Option(
            "--grow",
            metavar="PX",
            help="Grow the selection by so many pixels; negative shrinks. Default: 1 % of its extent, 2 to 12.",
            rich_help_panel=panels.WHAT,
        ),
    ] = None,
    keep_islands: Annotated[
        bool,
        typer.Option(
            "--keep-islands", help="Leave small gaps inside the selection as they are.", rich_help_panel=panels.WHAT
        ),
    ] = False,
    avoid: Annotated[
        list[Path] | None,
        typer.Option(
            "--avoid",
            metavar="PATH",
            help="Mask of areas never to copy from (other people, say). Repeatable.",
            rich_help_panel=panels.HOW,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine", metavar="NAME", help="auto, patchmatch, cra, hybrid, telea or onnx.", rich_help_panel=panels.HOW
        ),
    ] = "auto",
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            metavar="FILE",
            help="Network for --engine cra, hybrid or onnx: a file, or a name from models.",
            rich_help_panel=panels.HOW,
        ),
    ] = None,
    commercial_only: Annotated[
        bool,
        typer.Option(
            "--commercial-only", help="Refuse networks whose commercial use is not clear.", rich_help_panel=panels.HOW
        ),
    ] = False,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="Device that networks run on.", rich_help_panel=panels.HOW)
    ] = "auto",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Chooses among equally good fills.", rich_help_panel=panels.HOW)
    ] = 0,
    candidates: Annotated[
        int,
        typer.Option(
            "--candidates",
            min=1,
            max=20,
            help="Make so many alternatives: NAME, NAME-2, NAME-3...",
            rich_help_panel=panels.HOW,
        ),
    ] = 1,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only show what is selected, as NAME.overlay.jpg.", rich_help_panel=panels.OUT),
    ] = False,
    side_by_side: Annotated[
        Path | None,
        typer.Option(
            "--side-by-side",
            metavar="PATH",
            help="Also write input | hole | result (a folder for several).",
            rich_help_panel=panels.OUT,
        ),
    ] = None,
    save_mask: Annotated[
        Path | None,
        typer.Option(
            "--save-mask",
            metavar="PATH",
            help="Also write the selection as a PNG for --mask (a folder for several).",
            rich_help_panel=panels.OUT,
        ),
    ] = None,
    json_report: Annotated[
        bool, typer.Option("--json", help="Print a report as JSON instead of a line.", rich_help_panel=panels.OUT)
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that exist.", rich_help_panel=panels.OUT)
    ] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace the input by the result.", rich_help_panel=panels.OUT)
    ] = False,
    quality: Annotated[
        int | None,
        typer.Option("--quality", min=1, max=100, help="Default: as the input for JPEG.", rich_help_panel=panels.OUT),
    ] = None,
    strip_gps: Annotated[
        bool, typer.Option("--strip-gps", help="Leave the place out of the metadata.", rich_help_panel=panels.OUT)
    ] = False,
    mark_ai: Annotated[
        bool,
        typer.Option(
            "--mark-ai",
            help="Mark the result as edited by an algorithm (IPTC DigitalSourceType).",
            rich_help_panel=panels.OUT,
        ),
    ] = False,
    max_pixels: Annotated[
        int | None,
        typer.Option(
            "--max-pixels",
            min=1,
            metavar="N",
            help="Refuse larger inputs. Default: 400 million.",
            rich_help_panel=panels.OUT,
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", help="Look into sub-folders.", rich_help_panel=panels.MANY)
    ] = False,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", min=1, help="Pictures worked on at a time.", rich_help_panel=panels.MANY)
    ] = 1,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Stay, and work on pictures as they arrive in the folder.", rich_help_panel=panels.MANY
        ),
    ] = False,
) -> None:
    """Remove what is selected from photos and continue their surroundings.

    Only the selected pixels, and a thin rim around them, change.
    """
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.batch.erase import Erasing
    from cleanplate.cli.wishes import Wishes, carry_out
    from cleanplate.cli.wording import erased
    from cleanplate.decode.limits import Limits
    from cleanplate.detect.tiles import look_of
    from cleanplate.encode.image import EncodeOptions
    from cleanplate.tasks.erase_options import EraseOptions
    from cleanplate.tasks.people import People
    from cleanplate.tasks.selection import Selection
    from cleanplate.weights.terms import VARIABLE

    if commercial_only:
        os.environ[VARIABLE] = "1"  # worker processes inherit it
    selection = Selection(
        boxes=tuple(box or ()),
        spots=tuple(spot or ()),
        polygons=tuple(polygon or ()),
        strokes=tuple(strokes or ()),
        masks=tuple(mask or ()),
        invert_masks=invert_mask,
        snap=snap,
        avoid=tuple(avoid or ()),
        people=People(
            everyone=people,
            passersby=passersby,
            keep=keep,
            clicks=tuple(click or ()),
            instances=tuple(instance or ()),
            labels=tuple(label or ()),
            min_score=min_score,
            look=look_of(look),
            weights=people_weights,
        ),
    )
    options = EraseOptions(
        engine=engine,
        device=device,
        weights=weights,
        seed=seed,
        candidates=candidates,
        grow=grow,
        close_islands=not keep_islands,
        dry_run=dry_run,
        overwrite=overwrite,
        in_place=in_place,
        encode=EncodeOptions(quality=quality, strip_gps=strip_gps, mark_ai=mark_ai),
        limits=Limits() if max_pixels is None else Limits(max_pixels=max_pixels),
    )
    _check(selection)
    carry_out(
        Wishes(
            sources=tuple(sources),
            output=output,
            assignment=Erasing(selection, options, sheets=side_by_side, saved_masks=save_mask),
            tell=erased,
            limits=options.limits,
            json=json_report,
            recursive=recursive,
            jobs=jobs,
            watch=watch,
            verb="erase",
        )
    )


def _check(selection: Selection) -> None:
    """Refuse, before anything is read, a selection that makes no sense."""
    from cleanplate.tasks.people import check_wanted

    if selection.is_empty:
        raise ArgumentError(
            "nothing says what to erase",
            fix="add --passersby, --people, --click, --box, --spot, --polygon, --strokes or --mask (see erase --help)",
        )
    check_wanted(selection.people)
    if selection.snap and not selection.boxes:
        raise ArgumentError("tightens boxes, and there is none", subject="--snap", fix="add --box")
    if selection.invert_masks and not selection.masks:
        raise ArgumentError("needs a mask to invert", subject="--invert-mask", fix="add --mask")
