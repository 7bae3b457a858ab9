"""``cleanplate adapt``: a matting network learns one clip, without any truth. Needs the training part."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog="Then: cleanplate video CLIP --with WHAT --weights FILE")
def adapt(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="Video to adapt to.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The ONNX file to write.")],
    trained: Annotated[
        Path,
        typer.Option("--from", metavar="RUN", help="Run of task matting to start from: its folder or a checkpoint."),
    ],
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of the optimiser.")] = 100,
    size: Annotated[
        int, typer.Option("--size", min=64, metavar="PX", help="Side of the square whose pixels the network gets.")
    ] = 384,
    frames: Annotated[int, typer.Option("--frames", min=1, help="Frames of the clip to learn from.")] = 60,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
) -> None:
    """Adapt a matting network to one clip. Needs the training part: pip install 'cleanplate\\[train]'."""
    from importlib import import_module

    from cleanplate.errors import MissingExtraError, OutputError

    try:
        training = import_module("cleanplate_training.adapt")
    except ImportError as error:
        raise MissingExtraError(
            f"adapting needs the training part ({error})", fix="install it with: pip install 'cleanplate[train]'"
        ) from None
    if output.exists() and not overwrite:
        raise OutputError("exists already", subject=output, fix="write elsewhere with -o, or add --overwrite")

    def tell(done: int, total: int, loss: float) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\rstep {done} of {total}, loss {loss:.4f} ", err=True, nl=done == total)

    options = training.AdaptOptions(steps=steps, size=size, frames=frames)
    report = training.adapt(clip, trained, output, options, overwrite=overwrite, progress=tell)
    typer.echo(
        f"{output}: adapted to {report.frames} frames of {clip.name} in {steps} steps; the predictions' disagreement "
        f"went from {report.before:.4f} to {report.after:.4f}"
    )
