"""``cleanplate models``: what weights there are, which are here, and getting, checking and converting them."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    subcommand_metavar="[COMMAND]",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CommercialOnly = Annotated[bool, typer.Option("--commercial-only", help="Only weights whose commercial use is clear.")]


@app.callback()
def models(context: typer.Context, json: Json = False, commercial_only: CommercialOnly = False) -> None:
    """Weights of networks: list them, show one, fetch, verify, convert.

    Without a command: a table of all weights that cleanplate knows. Only 'models fetch' ever fetches anything.
    """
    if context.invoked_subcommand is not None:
        return
    from cleanplate.cli.models_view import as_data, print_table
    from cleanplate.weights.catalog import shipped
    from cleanplate.weights.terms import commercial_only as asked_for

    only = asked_for(commercial_only)
    records = [record for record in shipped().records if record.commercial_use == "clear" or not only]
    if json:
        typer.echo(json_text.dumps([as_data(record) for record in records], indent=2, ensure_ascii=False))
    else:
        print_table(records)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Weights, as the list calls them.")], json: Json = False
) -> None:
    """Show all that is known of one weight: terms, contract, training data, figures, sources."""
    from cleanplate.cli.models_view import as_data, details
    from cleanplate.weights.catalog import shipped

    record = shipped().named(name)
    if json:
        typer.echo(json_text.dumps(as_data(record), indent=2, ensure_ascii=False))
    else:
        typer.echo(details(record))


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Weights, as the list calls them.")],
    mirror: Annotated[
        str | None,
        typer.Option(
            "--mirror",
            metavar="URL",
            help="Address or folder that holds the file instead. Default: the variable CLEANPLATE_MIRROR.",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder for the file. Default: your data folder.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file of that name that is damaged or another one.")
    ] = False,
    commercial_only: CommercialOnly = False,
) -> None:
    """Fetch weights over the network and verify them. An interrupted download goes on where it ended."""
    from cleanplate.cli.models_view import meter
    from cleanplate.weights.catalog import shipped
    from cleanplate.weights.fetch import fetch as fetch_file

    record = shipped().named(name)
    with meter(record.file) as progress:
        path = fetch_file(
            record,
            folder=to,
            mirror=mirror,
            commercial_only=commercial_only,
            overwrite=overwrite,
            progress=progress,
        )
    typer.echo(f"{record.name}: {path} (verified)")


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Weights; all that are on this machine by default.")
    ] = None,
) -> None:
    """Read files again and compare them with their records. Ends with an error if one is not what it should be."""
    from cleanplate.errors import WeightsError
    from cleanplate.weights.catalog import shipped
    from cleanplate.weights.checksum import verify as verify_file
    from cleanplate.weights.store import missing, whereabouts

    records = [shipped().named(name) for name in names] if names else shipped().records
    wrong: list[str] = []
    found = 0
    for record in records:
        path = whereabouts(record)
        try:
            if path is None:
                if names:
                    raise missing(record)
                continue
            found += 1
            verify_file(path, record, cache=None)
        except WeightsError as error:
            wrong.append(record.name)
            typer.echo(f"{record.name}: {error}", err=True)
        else:
            typer.echo(f"{record.name}: {path}: as recorded")
    if wrong:
        raise WeightsError(f"{len(wrong)} of {len(records) if names else found} not as recorded: {', '.join(wrong)}")
    if not found:
        typer.echo("no weights on this machine")


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="FILE", help="Checkpoint of PyTorch (.pth).")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Which network it is.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The ONNX file to write.")],
) -> None:
    """Turn a public checkpoint into an ONNX file. Needs the training part: pip install 'cleanplate\\[train]'."""
    from importlib import import_module

    from cleanplate.errors import MissingExtraError

    try:
        converter = import_module("cleanplate_training.convert")
    except ImportError as error:
        raise MissingExtraError(
            f"converting needs the training part ({error})", fix="install it with: pip install 'cleanplate[train]'"
        ) from None
    report = converter.convert(checkpoint, name, output)
    typer.echo(
        f"{report.path}: {report.size} bytes, opset {report.opset}, {report.storage} weights; "
        f"PyTorch against ONNX: {report.parity}"
    )
