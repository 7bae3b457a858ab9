"""``cleanplate batch``: many pictures from and to any store, on this machine or on a Ray cluster.

The options of each operation are those of its command for single pictures, so that both understand the same words.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cleanplate.errors import ArgumentError, PartialFailureError

if TYPE_CHECKING:
    from cleanplate.scale.metrics import Metrics
    from cleanplate.scale.progress import Progress
    from cleanplate.scale.summary import Summary

COMMANDS = {
    "erase": ("cleanplate.cli.erase", "Remove what is selected from every picture."),
    "cutout": ("cleanplate.cli.cutout", "Cut people out of every picture."),
    "background": ("cleanplate.cli.background", "Put another background behind the people of every picture."),
    "restore": ("cleanplate.cli.restore", "Find and fill scratches, tears and dust in every scan, and colour it."),
    "colorize": ("cleanplate.cli.colorize", "Colour every grey picture."),
}
"""Operation -> (module of the command for single pictures, one line of help)."""

SCALE = "Many pictures"
EPILOG = """SOURCE is a folder, a pattern ('photos/**/*.jpg'), a list (.txt, one a line; .csv or .jsonl with a column
'source' and options in the others), or an address that fsspec knows (s3://, gs://, az://, sftp://). Results have the
same paths below TARGET; beside them lies the manifest, cleanplate.manifest/*.parquet, with one row a picture.

Exit codes: 0 all done, 2 wrong option, 3 input, 5 output, 6 engine or cluster, 7 some failed, 130 interrupted."""


@dataclass(frozen=True)
class Run:
    """The options that are about many pictures."""

    source: str
    output: str
    options_from: str | None
    root: str | None
    ray: str | None
    workers: int | None
    cpus_per_worker: int
    gpus_per_worker: float
    time_limit: float
    memory_limit: float | None
    overwrite: bool
    check_outputs: bool
    metrics_port: int | None
    metrics_host: str
    json_report: bool


def _about_many(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Folder, pattern, list file, or address.")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="TARGET", help="Folder or address for the results.")],
    options_from: Annotated[
        str | None,
        typer.Option(
            "--options-from",
            metavar="FILE",
            help="CSV or JSON lines: a column 'source' with the picture's path, others with its options.",
            rich_help_panel=SCALE,
        ),
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(
            "--root",
            metavar="PLACE",
            help="What names in a list start from. Default: its folder.",
            rich_help_panel=SCALE,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="auto|ADDRESS",
            help="Work on this Ray cluster instead of local processes.",
            rich_help_panel=SCALE,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Pictures at a time. Default: one a core.", rich_help_panel=SCALE),
    ] = None,
    cpus_per_worker: Annotated[
        int, typer.Option("--cpus-per-worker", min=1, help="Cores of each.", rich_help_panel=SCALE)
    ] = 1,
    gpus_per_worker: Annotated[
        float,
        typer.Option(
            "--gpus-per-worker",
            min=0.0,
            metavar="F",
            help="GPUs of each (Ray); 0.25 shares one.",
            rich_help_panel=SCALE,
        ),
    ] = 0.0,
    time_limit: Annotated[
        float,
        typer.Option(
            "--time-limit", min=0.1, metavar="SECONDS", help="A picture that takes longer fails.", rich_help_panel=SCALE
        ),
    ] = 300.0,
    memory_limit: Annotated[
        float | None,
        typer.Option(
            "--memory-limit",
            min=100,
            metavar="MB",
            help="A picture that needs more fails (Linux). Default: a worker's share of 80 % of this machine's.",
            rich_help_panel=SCALE,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Do again what is done; replace results.", rich_help_panel=SCALE)
    ] = False,
    check_outputs: Annotated[
        bool,
        typer.Option(
            "--check-outputs",
            help="Ask remote stores whether results that the manifest knows are still there.",
            rich_help_panel=SCALE,
        ),
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port", min=1, max=65535, help="Serve Prometheus metrics while it runs.", rich_help_panel=SCALE
        ),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", help="Address that they are served on.", rich_help_panel=SCALE)
    ] = "127.0.0.1",
    json_report: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON.", rich_help_panel=SCALE)
    ] = False,
) -> None:
    """The signature that every operation begins with."""


class Operations(typer.core.TyperGroup):
    """Builds the command of an operation when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all operations."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of one operation; None if there is no such."""
        if cmd_name not in COMMANDS:
            return None
        return _command(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the operations without building them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


app = typer.Typer(
    cls=Operations,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def batch() -> None:
    """Work on very many pictures, from and to any store, here or on a Ray cluster; stops and goes on without loss."""


def _command(name: str) -> Any:
    """The command of one operation: the options about many pictures, and its own."""
    from cleanplate.scale.operations import operation_named

    module, summary = COMMANDS[name]
    operation = operation_named(name)
    [callback] = [command.callback for command in import_module(module).app.registered_commands]
    assert callback is not None
    signature = inspect.signature(callback, eval_str=True)
    aliases = {"behind": "with"}
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in signature.parameters.values()
        if aliases.get(parameter.name, parameter.name) in operation.options or parameter.name == "commercial_only"
    ]
    about_many = list(inspect.signature(_about_many, eval_str=True).parameters.values())
    taken = {parameter.name for parameter in about_many}
    # A list may bring what a single picture must have.
    own = [_optional(parameter) for parameter in own if parameter.name not in taken]

    def run(**given: Any) -> None:
        about = Run(**{key: given.pop(key) for key in list(given) if key in taken})
        if given.pop("commercial_only", False):
            from cleanplate.weights.terms import VARIABLE

            os.environ[VARIABLE] = "1"  # worker processes inherit it
        _run(name, about, {aliases.get(key, key): _plain(value) for key, value in given.items()})

    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in about_many), *own]
    )
    run.__doc__ = summary
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*about_many, *own)}
    single = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    single.command(name, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})(run)
    command = typer.main.get_command(single)
    command.name = name
    return command


def _optional(parameter: inspect.Parameter) -> inspect.Parameter:
    if parameter.default is not inspect.Parameter.empty:
        return parameter
    kind, details = parameter.annotation.__origin__, parameter.annotation.__metadata__
    return parameter.replace(default=None, annotation=Annotated[(kind | None, *details)])


def _plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def _run(name: str, about: Run, given: Mapping[str, Any]) -> None:
    from cleanplate.scale import store
    from cleanplate.scale.operations import operation_named
    from cleanplate.scale.options import read_options
    from cleanplate.scale.plan import Wish, resolved
    from cleanplate.scale.run import Watch, run

    operation = operation_named(name)
    options = read_options(
        {key: value for key, value in given.items() if value is not False}, operation.options, where=""
    )
    wish = Wish(
        operation=name,
        source=about.source,
        target=store.address(about.output),
        options=resolved(options, operation, str(Path.cwd())),
        table=about.options_from,
        root=about.root,
        overwrite=about.overwrite,
        check_outputs=about.check_outputs,
    )
    with (
        redirect_stdout(sys.stderr),  # Ray prints what it thinks of lost machines; the summary stays alone
        _metrics(name, about) as metrics,
        _progress(metrics, quiet=about.json_report) as progress,
        closing(_workers(about)) as workers,
    ):
        watch = Watch(progress.planned, progress.ended)
        summary = run(wish, workers, threads=about.cpus_per_worker, watch=watch)
    _tell(summary, wish.target, as_json=about.json_report)


def _workers(about: Run) -> Any:
    from cleanplate.runtime.cpu_limits import usable_cores
    from cleanplate.scale.fence import Bounds
    from cleanplate.scale.local import LocalWorkers
    from cleanplate.scale.on_ray import RayWorkers, memory_share

    if about.ray is None:
        if about.gpus_per_worker:
            fix = "add --ray auto; local workers choose with --device"
            raise ArgumentError("shares the GPUs of a cluster", subject="--gpus-per-worker", fix=fix)
        cores = usable_cores()
        workers = about.workers or max(1, cores // about.cpus_per_worker)
        return LocalWorkers(workers, Bounds(about.time_limit, about.memory_limit or memory_share(workers)))
    here = max(1, math.ceil(usable_cores() / about.cpus_per_worker))
    bounds = Bounds(about.time_limit, about.memory_limit or memory_share(here))
    return RayWorkers(about.ray, bounds, workers=about.workers, cpus=about.cpus_per_worker, gpus=about.gpus_per_worker)


@contextmanager
def _metrics(name: str, about: Run) -> Iterator[Metrics | None]:
    if about.metrics_port is None:
        yield None
        return
    from cleanplate.scale.metrics import Metrics

    with closing(Metrics(name, port=about.metrics_port, host=about.metrics_host)) as metrics:
        yield metrics


@contextmanager
def _progress(metrics: Metrics | None, *, quiet: bool) -> Iterator[Progress]:
    """A line that moves where there is a terminal, one every half minute elsewhere; on stderr."""
    from cleanplate.scale.progress import Progress

    def say(line: str) -> None:
        typer.echo(line, err=True)

    if quiet or not sys.stderr.isatty():
        yield Progress(_nothing if quiet else say, metrics=metrics)
        return
    from rich.console import Console
    from rich.status import Status

    console = Console(stderr=True)
    with Status("listing the pictures", console=console) as status:

        def above(line: str) -> None:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield Progress(above, refresh=status.update, metrics=metrics)


def _nothing(line: str) -> None:
    """Say nothing."""


def _tell(summary: Summary, target: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary.to_json(), indent=2, ensure_ascii=False))
    else:
        for line in summary.lines(target):
            typer.echo(line)
    if summary.failures:
        total = sum(summary.manifest.values())
        raise PartialFailureError(
            f"{summary.failures} of {total} failed", fix="run the same command again to retry only those"
        )
