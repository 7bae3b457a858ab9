"""What ``restore`` and ``colorize`` share on the command line: types of their options, and the line about a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cleanplate.tasks.restore_report import RestoreReport

COLOUR = "Colours and tones"
NETWORKS = "Networks"

Hints = Annotated[
    Path | None,
    typer.Option(
        "--hints",
        metavar="FILE",
        help='Points with the colour they should get: [{"x": 120, "y": 80, "colour": "#8a5a3c"}].',
        rich_help_panel=COLOUR,
    ),
]
CommercialOnly = Annotated[
    bool,
    typer.Option(
        "--commercial-only", help="Refuse networks whose commercial use is not clear.", rich_help_panel=NETWORKS
    ),
]
DeviceName = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Device that networks run on.", rich_help_panel=NETWORKS)
]


def told(report: RestoreReport) -> list[str]:
    """The lines about one picture."""
    where = " + ".join(report.outputs) or "standard output"
    pages = f"{report.pages} pages, " if report.pages > 1 else ""
    size = f"{pages}{report.size[0] * report.size[1] / 1e6:.1f} megapixels"
    what = {
        "coloured": f"coloured {size}",
        "undamaged": f"no damage in {size}",
        "restored": f"{100 * report.defect_share:.2g} % of {size} filled",
    }[report.status]
    how = f"in {report.timings['total']:.1f} s ({report.engine or 'no network'} on {report.device})"
    return [f"{report.source} -> {where}: {what} {how}", *(f"  note: {note}" for note in report.notes)]
