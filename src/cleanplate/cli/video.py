"""``cleanplate video``: options in, one call of the library a clip, one line out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WHAT = "What becomes of the background"
HOW = "How"
OUT = "What is written"
EPILOG = """Sound is copied where the file type takes it. Time stamps, turning, colour tags and bits are kept.

Exit codes: 0 all done, 2 wrong option, 3 input, 5 output, 6 network or device, 7 some of several failed,
130 interrupted. What is interrupted leaves no half file."""


@app.command(epilog=EPILOG)
def video(
    sources: Annotated[list[Path], typer.Argument(metavar="CLIP", help="Video, several, or a folder of them.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Result (.mp4, .mov, .mkv, .webm), or a folder for several. Default: NAME-background beside it.",
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="WHAT",
            help="A picture, a clip (looped), a colour such as '#00b140', or blur:12.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    alpha: Annotated[
        str | None,
        typer.Option(
            "--alpha",
            metavar="KIND",
            help="Alpha channel instead: prores (.mov), vp9 (.webm) or png (a folder of pictures).",
            rich_help_panel=WHAT,
        ),
    ] = None,
    fit: Annotated[
        str,
        typer.Option("--fit", help="Picture of other proportions: cover or contain.", rich_help_panel=WHAT),
    ] = "cover",
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="TIME", help="Begin here: 75.5 or 1:15.5.", rich_help_panel=HOW),
    ] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="TIME", help="End here.", rich_help_panel=HOW)] = None,
    preset: Annotated[str, typer.Option("--preset", help="fast, balanced or best.", rich_help_panel=HOW)] = "balanced",
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            min=64,
            max=2048,
            metavar="PX",
            help="Side of the square whose pixels the network gets. Default: 256, 384 or 512 by preset.",
            rich_help_panel=HOW,
        ),
    ] = None,
    smooth: Annotated[
        str | None,
        typer.Option(
            "--smooth", metavar="ofd", help="Correct frames that flicker (one-frame delay).", rich_help_panel=HOW
        ),
    ] = None,
    raw_edges: Annotated[
        bool,
        typer.Option("--raw-edges", help="Leave colours of the old background in the edge.", rich_help_panel=HOW),
    ] = False,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Network: a file, or a name from models.", rich_help_panel=HOW),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="Device that the network runs on.", rich_help_panel=HOW)
    ] = "auto",
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec", help="h264, hevc, vp9, av1 or prores. Default: by file type and bits.", rich_help_panel=OUT
        ),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(
            "--crf", min=0, max=63, help="Quality: lower is better. Default: 20 for h264.", rich_help_panel=OUT
        ),
    ] = None,
    no_sound: Annotated[bool, typer.Option("--no-sound", help="Leave the sound out.", rich_help_panel=OUT)] = False,
    side_by_side: Annotated[
        Path | None,
        typer.Option(
            "--side-by-side", metavar="PATH", help="Also write a video with input | result.", rich_help_panel=OUT
        ),
    ] = None,
    json_report: Annotated[
        bool, typer.Option("--json", help="Print a report as JSON instead of a line.", rich_help_panel=OUT)
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that exist.", rich_help_panel=OUT)
    ] = False,
) -> None:
    """Put another background behind the people of a video, or cut them out of it."""
    # Heavy parts are imported here, so that the help comes at once.
    from cleanplate.cli.video_run import VideoWishes, choice, run
    from cleanplate.clip import parse_time
    from cleanplate.tasks.video_options import VideoOptions

    run(
        VideoWishes(
            sources=tuple(sources),
            output=output,
            json=json_report,
            options=VideoOptions(
                background=background,
                alpha=choice(alpha, ("prores", "vp9", "png"), "--alpha"),
                fit=choice(fit, ("cover", "contain"), "--fit") or "cover",
                start=0.0 if start is None else parse_time(start, name="--start"),
                end=None if end is None else parse_time(end, name="--end"),
                preset=choice(preset, ("fast", "balanced", "best"), "--preset") or "balanced",
                size=size,
                smooth=choice(smooth, ("ofd",), "--smooth") is not None,
                clean=not raw_edges,
                codec=codec,
                crf=crf,
                sound=not no_sound,
                weights=weights,
                device=device,
                side_by_side=side_by_side,
                overwrite=overwrite,
            ),
        )
    )
