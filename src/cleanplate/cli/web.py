"""``cleanplate web build``: the page as a static site that works without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def web() -> None:
    """The page without a server."""


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(help="New or empty folder, or a site that this command wrote before.")],
) -> None:
    """Write a static site: page, runtime, networks, and a manifest with their licences.

    Any plain file server can serve it (https, or localhost). Photos and camera stay in the visitor's browser.
    """
    from cleanplate.server.site import build_site

    site = build_site(folder, lambda line: typer.echo(line, err=True))
    for weights in site.weights:
        typer.echo(f"{weights.feature:8} {weights.name} ({weights.licence})", err=True)
    for feature in site.missing:
        typer.echo(f"{feature:8} no network is bundled; visitors are asked for an ONNX file", err=True)
    typer.echo(str(site.folder))
