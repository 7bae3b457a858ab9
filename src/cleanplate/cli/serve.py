"""``cleanplate serve``: the HTTP server and its web page."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from cleanplate.errors import MissingExtraError, OutputError

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes any free one.")] = 8117,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="CLEANPLATE_TOKEN",
            help="What clients must send as 'Authorization: Bearer'; needed on any address but loopback.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Name under which clients reach the server. Repeatable.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    max_megapixels: Annotated[float, typer.Option("--max-megapixels", min=0.01, help="Largest picture.")] = 120.0,
    max_megabytes: Annotated[float, typer.Option("--max-megabytes", min=0.01, help="Largest upload.")] = 256.0,
    max_seconds: Annotated[float, typer.Option("--max-seconds", min=0.1, help="Longest work on one picture.")] = 120.0,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Pictures worked on side by side.")] = 1,
    queue: Annotated[int, typer.Option("--queue", min=0, help="Pictures that may wait; more are refused.")] = 16,
    clip_megabytes: Annotated[float, typer.Option("--clip-megabytes", min=0.01, help="Largest clip.")] = 2000.0,
    clip_seconds: Annotated[float, typer.Option("--clip-seconds", min=0.1, help="Longest work on one clip.")] = 3600.0,
    clip_queue: Annotated[int, typer.Option("--clip-queue", min=0, help="Clips that may wait.")] = 4,
    keep_minutes: Annotated[float, typer.Option("--keep-minutes", min=0.1, help="How long results are kept.")] = 30.0,
    idle_minutes: Annotated[
        float, typer.Option("--idle-minutes", min=0, help="Let go of a network that was not used for so long; 0 never.")
    ] = 0.0,
    engine: Annotated[str, typer.Option("--engine", help="Default engine for filling holes.")] = "auto",
    device: Annotated[str, typer.Option("--device", help="Device of all networks.")] = "auto",
    people_weights: Annotated[
        Path | None, typer.Option("--people-weights", help="Network that finds people: a file, or a name of 'models'.")
    ] = None,
    matte_weights: Annotated[
        Path | None, typer.Option("--matte-weights", help="Network that cuts people out, likewise.")
    ] = None,
    video_weights: Annotated[
        Path | None, typer.Option("--video-weights", help="Network that cuts people out of clips, likewise.")
    ] = None,
    defects_weights: Annotated[
        Path | None, typer.Option("--defects-weights", help="Network that finds damage, likewise.")
    ] = None,
    fill_weights: Annotated[
        Path | None, typer.Option("--fill-weights", help="Network that fills damage, likewise.")
    ] = None,
    colour_weights: Annotated[
        Path | None, typer.Option("--colour-weights", help="Network that predicts colours, likewise.")
    ] = None,
) -> None:
    """Serve the API and the web page on this machine.

    Only programs on this machine can reach it, unless --host says otherwise; then a token is needed.
    """
    from cleanplate.decode.limits import Limits

    try:
        import uvicorn

        from cleanplate.server.app import create_app
        from cleanplate.server.page import built_page
        from cleanplate.server.settings import ServerSettings
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"needs the package {error.name}", subject="serve", fix="pip install 'cleanplate[server]'"
        ) from None
    settings = ServerSettings(
        host=host,
        port=port,
        token=token,
        hosts=tuple(allow_host or ()),
        limits=Limits(max_pixels=round(max_megapixels * 1e6), max_bytes=round(max_megabytes * 1e6)),
        max_seconds=max_seconds,
        workers=workers,
        waiting=queue,
        clip_limits=Limits(max_pixels=34_000_000, max_bytes=round(clip_megabytes * 1e6)),
        clip_seconds=clip_seconds,
        clips_waiting=clip_queue,
        keep_minutes=keep_minutes,
        idle_minutes=idle_minutes,
        engine=engine,
        device=device,
        people_weights=people_weights,
        matte_weights=matte_weights,
        video_weights=video_weights,
        defects_weights=defects_weights,
        fill_weights=fill_weights,
        colour_weights=colour_weights,
        page=built_page(lambda line: typer.echo(line, err=True)),
    )
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    typer.echo(f"cleanplate serves {address} (Ctrl-C stops it)", err=True)
    if settings.page is None:
        typer.echo(f"no web page is built; the API is under {address}api/v1", err=True)
    elif open_page:
        import webbrowser

        webbrowser.open(address)
    config = uvicorn.Config(create_app(settings), log_level="warning", server_header=False, timeout_keep_alive=5)
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """Open the port before anything is said, so that a taken one is an error and port 0 is known."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # From here on connections wait in line, so that the address can be used as soon as it is said.
        listening.listen(128)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise OutputError(f"cannot listen ({reason})", subject=f"{host}:{port}", fix="choose another --port") from None
    return listening
