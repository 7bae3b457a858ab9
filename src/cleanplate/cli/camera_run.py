"""Live pictures to a page and a virtual camera, until the camera ends or Ctrl-C is pressed."""

from __future__ import annotations

import webbrowser
from contextlib import ExitStack, closing

import typer

from cleanplate.cli.live_page import live_page
from cleanplate.errors import ArgumentError
from cleanplate.tasks.camera import CameraOptions, LiveReport, Shown, live


def run(options: CameraOptions, *, virtual: bool, port: int, browser: bool) -> None:
    """Show live pictures and say at the end what was shown."""
    report = LiveReport("", "")
    with ExitStack() as stack:
        viewers = []
        if virtual:
            from cleanplate.cli.virtual_camera import VirtualCamera

            viewers.append(stack.enter_context(closing(VirtualCamera())).show)
        page = stack.enter_context(live_page(port))
        viewers.append(page.show)
        typer.echo(f"live at {page.address} (Ctrl-C ends it)", err=True)
        told = not browser

        def show(shown: Shown) -> None:
            nonlocal told
            if not told:  # only once pictures come, so that no browser opens for a camera that is not there
                told = True
                webbrowser.open(page.address)
            for viewer in viewers:
                viewer(shown)

        try:
            live(options, show, report=report)
        except KeyboardInterrupt:
            if not report.frames:
                raise
    typer.echo(sentence(report))
    for note in report.notes:
        typer.echo(f"  note: {note}")


def sentence(report: LiveReport) -> str:
    """One line about what was shown."""
    rate = report.frames / report.seconds if report.seconds > 0 else 0.0
    width, height = report.size
    return (
        f"{report.frames} pictures of {width} x {height} shown, {report.dropped} dropped, {rate:.1f} frames/s; "
        f"network {report.network_ms:.1f} ms, total {report.total_ms:.1f} ms ({report.network} on {report.device})"
    )


def resolution_of(text: str | None) -> tuple[int | None, int | None]:
    """Width and height from ``1280x720``.

    Raises:
        ArgumentError: it is something else.
    """
    if text is None:
        return None, None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ArgumentError(f"'{text}' is no size", subject="--resolution", fix="write it like 1280x720")
    return int(width), int(height)
