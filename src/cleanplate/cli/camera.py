"""``cleanplate camera``: live, in the browser or as a virtual camera."""

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


@app.command(epilog="The live picture is a page of this machine that opens in the browser. Ctrl-C ends it.")
def camera(
    background: Annotated[
        str,
        typer.Option("--with", metavar="WHAT", help="blur, blur:12, a colour ('#00b140'), a picture or a clip."),
    ] = "blur",
    device: Annotated[
        str, typer.Option("--device", metavar="N", help="Number or path of the camera, or a video file.")
    ] = "0",
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Feed a virtual camera for other programs (extra cleanplate\\[camera]).")
    ] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="Left and right as in a mirror.")] = False,
    square: Annotated[bool, typer.Option("--square", help="Only the middle square.")] = False,
    stats: Annotated[bool, typer.Option("--stats", help="Show the times of network and whole in the picture.")] = False,
    size: Annotated[
        int,
        typer.Option(
            "--size", min=64, max=1024, metavar="PX", help="Side of the square whose pixels the network gets."
        ),
    ] = 256,
    resolution: Annotated[
        str | None, typer.Option("--resolution", metavar="WxH", help="Ask the camera for this size, such as 1280x720.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="Network: a file, or a name from models.")
    ] = None,
    network_device: Annotated[
        str, typer.Option("--network-device", metavar="NAME", help="Device that the network runs on.")
    ] = "auto",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Of the page; 0 takes a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address of the page.")] = False,
) -> None:
    """Put another background behind you, live."""
    from cleanplate.cli.camera_run import resolution_of, run
    from cleanplate.tasks.camera import CameraOptions

    width, height = resolution_of(resolution)
    options = CameraOptions(
        device=device,
        background=background,
        mirror=mirror,
        square=square,
        stats=stats,
        size=size,
        width=width,
        height=height,
        weights=weights,
        network_device=network_device,
    )
    run(options, virtual=virtual, port=port, browser=not no_browser)
