"""The commands of ``python -m cleanplate_training``: parse, call one function, say what came out."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cleanplate.errors import INTERRUPTED_EXIT_CODE, ArgumentError, CleanplateError

if TYPE_CHECKING:
    from cleanplate_training.vote.preferences import Vote

TERMINATED_EXIT_CODE = 143
"""Exit status after SIGTERM, as shells expect it."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Prepare data, train, evaluate and export the networks of cleanplate.",
)


class Stored(enum.Enum):
    """How weights can be stored."""

    float32 = "float32"
    float16 = "float16"
    int8 = "int8"


Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Trained = Annotated[Path, typer.Argument(help="A run's folder (its best checkpoint) or a checkpoint.")]


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of one that ships.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run's folder.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: --set train.batch=4.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the folder's last checkpoint if it has one.")] = False,
    resume_from: Annotated[
        Path | None,
        typer.Option(help="Go on from this checkpoint, packed or not, where the folder has none.", metavar="FILE"),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="MINUTES", help="Stop cleanly with a checkpoint after this time.")
    ] = None,
    device: Device = "auto",
    tensorboard: Annotated[bool, typer.Option(help="Write TensorBoard events into the run's folder.")] = True,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show neither progress nor figures.")] = False,
) -> None:
    """Train a recipe. Ctrl-C stops after the step with a checkpoint; --resume goes on.

    Several GPUs: torchrun --nproc-per-node=N -m cleanplate_training train ...
    """
    from cleanplate_training import loop
    from cleanplate_training.recipe import find, read

    outcome = loop.train(
        read(find(recipe), overrides=override or ()),
        output,
        resume=resume,
        resume_from=resume_from,
        minutes=time_limit,
        device=device,
        tensorboard=tensorboard,
        quiet=quiet,
    )
    if not quiet:
        typer.echo(f"{outcome.reason} after step {outcome.step} ({outcome.samples} samples): {output}", err=True)
    codes = {"interrupted": INTERRUPTED_EXIT_CODE, "terminated": TERMINATED_EXIT_CODE}
    raise typer.Exit(codes.get(outcome.reason, 0))


@app.command()
def evaluate(
    trained: Trained,
    device: Device = "auto",
    workers: Annotated[int, typer.Option(help="Processes that prepare data.")] = 0,
) -> None:
    """Compute the figures of a checkpoint on its validation data and print them as JSON."""
    from cleanplate_training.trained import evaluate as figures_of
    from cleanplate_training.trained import open_trained

    opened = open_trained(trained)
    facts = {
        "checkpoint": str(opened.path),
        "recipe": opened.recipe.name,
        "recipe_hash": opened.recipe.hash,
        "commit": opened.commit,
        "step": opened.step,
        "samples": opened.samples,
    }
    typer.echo(json.dumps({**facts, "figures": figures_of(opened, device=device, workers=workers)}, indent=2))


@app.command()
def export(
    trained: Trained,
    output: Annotated[Path, typer.Option("-o", "--output", help="The ONNX file to write.")],
    storage: Annotated[Stored | None, typer.Option(help="How weights are stored; default: as the recipe says.")] = None,
    static_shape: Annotated[
        str | None, typer.Option(metavar="HxW", help="One fixed size, for compilers that need it (Ascend ATC).")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Catalog record to write, NAME.toml; needs [card] in the recipe.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Model card to write, NAME.md; needs [card] in the recipe.")] = None,
    measured: Annotated[
        list[Path] | None,
        typer.Option(help="Further figures for the record, a JSON list."),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the ONNX file.")] = False,
) -> None:
    """Write a checkpoint's network as ONNX, if it passes the parity and fidelity gates."""
    from cleanplate_training import model_card
    from cleanplate_training.export import export as write
    from cleanplate_training.trained import open_trained

    opened = open_trained(trained)
    settings = opened.recipe.export
    exported = opened.task.exported(opened.networks)
    report = write(
        exported,
        output,
        storage=settings.storage if storage is None else storage.value,
        static_shape=settings.static_shape if static_shape is None else _sides(static_shape),
        overwrite=overwrite,
    )
    typer.echo(f"{report.path}: {report.size} bytes, opset {report.opset}, {report.storage}", err=True)
    typer.echo(f"PyTorch against ONNX: {report.parity}; stored against float32: {report.fidelity}", err=True)
    if record is None and card is None:
        return
    further = [figure for path in measured or () for figure in model_card.read_measured(path)]
    described = model_card.record_of(opened, exported, report, name=output.stem, measured=further)
    if record is not None:
        model_card.write_record(described, record)
    if card is not None:
        model_card.write_card(described, card)


@app.command()
def pack(
    run: Annotated[Path, typer.Argument(help="A run's folder (its last checkpoint) or a checkpoint.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .safetensors file to write.")],
    overwrite: Annotated[bool, typer.Option(help="Replace the file.")] = False,
) -> None:
    """Write all weights of a checkpoint in float16, small enough to keep; train --resume-from goes on from it."""
    from cleanplate_training import checkpoint, packed

    if output.suffix != packed.SUFFIX:
        raise ArgumentError(f"must end in {packed.SUFFIX}", subject=output)
    last = run / checkpoint.LAST
    content = checkpoint.load(last if last.is_file() else checkpoint.find(run))
    size = packed.pack(content, output, overwrite=overwrite)
    typer.echo(f"{output}: {size} bytes, step {content['step']}, {content['samples']} samples", err=True)


@app.command()
def prepare(
    recipe: Annotated[str, typer.Argument(help="A preparation recipe, or the name of one that ships.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the shards; must be empty.")],
    root: Annotated[list[str], typer.Option(metavar="NAME=FOLDER", help="Where each source of the recipe lies.")],
    limit: Annotated[int | None, typer.Option(help="Read this many pictures of each source at most.")] = None,
    extra_classes: Annotated[
        str, typer.Option(metavar="A,B", help="COCO classes that join the person they touch (recipes of selfies).")
    ] = "",
    extra_apart: Annotated[bool, typer.Option(help="Keep those classes as instances of their own instead.")] = False,
) -> None:
    """Make shards at training size from folders, COCO or YOLO files, or mattes."""
    from cleanplate_training.data.prepare.recipe import read_prepare, with_extra_classes
    from cleanplate_training.data.prepare.run import prepare as run

    roots = {}
    for entry in root:
        name, equals, folder = entry.partition("=")
        if not equals:
            raise ArgumentError("must look like NAME=FOLDER", subject=f"--root {entry}")
        roots[name] = Path(folder)
    wanted = read_prepare(recipe)
    if names := [name.strip() for name in extra_classes.split(",") if name.strip()]:
        wanted = with_extra_classes(wanted, names, joined=not extra_apart)
    run(wanted, roots, output, limit=limit, report=lambda line: typer.echo(line, err=True))


@app.command()
def mask_boxes(
    shards: Annotated[list[Path], typer.Argument(help="Prepared shards with boxes, such as train-000000.tar.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the new shards; empty, but for --resume.")],
    encoder: Annotated[Path, typer.Option(help="ONNX file of the encoder of Segment Anything or MobileSAM.")],
    decoder: Annotated[Path, typer.Option(help="ONNX file of its mask decoder.")],
    detector: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_FILE", help="Check boxes by this network for people, such as people-lite0."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Write this many samples at most.")] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on after the whole shards that a stopped run left, with the same options.")
    ] = False,
) -> None:
    """Give the boxes of prepared shards masks, by a network that cuts out what a box shows.

    Ctrl-C keeps the shards that are whole; --resume goes on after them.
    """
    from cleanplate.detect.network import open_network
    from cleanplate_training.data.prepare.masked import mask_boxes as run
    from cleanplate_training.data.promptable import PromptableNetwork

    weights = Path(detector) if detector and detector.endswith(".onnx") else detector
    tally = run(
        shards,
        output,
        PromptableNetwork(encoder, decoder),
        detector=None if weights is None else open_network(weights, device="cpu"),
        limit=limit,
        resume=resume,
        report=lambda line: typer.echo(line, err=True),
    )
    for line in tally.lines():
        typer.echo(line, err=True)


@app.command()
def preview(
    shards: Annotated[list[Path], typer.Argument(help="Shards to look at.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the sheets.")],
    count: Annotated[int, typer.Option(help="Samples shown.")] = 48,
    seed: Annotated[int, typer.Option(help="Of the choice.")] = 0,
) -> None:
    """Write sheets of prepared samples that a person can check."""
    from cleanplate_training.data.preview import preview as run

    for path in run(shards, output, count=count, seed=seed):
        typer.echo(path)


@app.command()
def vote(
    folders: Annotated[list[Path], typer.Argument(help="One folder of pictures a candidate, equally named.")],
    votes: Annotated[Path, typer.Option(help="File of votes; votes there are kept and not asked for again.")] = Path(
        "votes.jsonl"
    ),
    reference: Annotated[Path | None, typer.Option(help="Folder of the pictures before, shown beside.")] = None,
    at_once: Annotated[int | None, typer.Option(help="Candidates shown at once; default all.")] = None,
    voter: Annotated[str, typer.Option(help="Who votes.")] = "",
    seed: Annotated[int, typer.Option(help="Of the order.")] = 0,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    report: Annotated[bool, typer.Option(help="Only report the votes that are there.")] = False,
) -> None:
    """Vote blindly between results on a page of this machine, then report who is preferred."""
    from cleanplate_training.vote.ballots import VoteFile, make_ballots
    from cleanplate_training.vote.server import serve

    file = VoteFile(votes)
    ballots = make_ballots(folders, at_once=at_once, reference=reference, seed=seed)
    left = [] if report else file.open_ballots(ballots, voter)
    if left:
        serve(left, file, voter=voter, port=port, tell=lambda line: typer.echo(line, err=True))
    _report(file.read())


def _report(cast: Sequence[Vote]) -> None:
    from cleanplate_training.vote.preferences import preferences

    if not cast:
        typer.echo("no votes yet")
        return
    found = preferences(cast)
    typer.echo(f"{found.votes} votes, {found.undecided} without a choice")
    for name in found.candidates:
        typer.echo(f"{name}: chosen among all {found.strength[name]}")
    for (one, other), share in found.wins.items():
        if found.candidates.index(one) < found.candidates.index(other):
            typer.echo(f"{one} over {other}: {share}")


def _sides(text: str) -> tuple[int, int]:
    height, cross, width = text.partition("x")
    if not cross or not height.isdigit() or not width.isdigit():
        raise ArgumentError("must look like 512x384 (height x width)", subject=f"--static-shape {text}")
    return int(height), int(width)


def main() -> None:
    """Run a command; an error the user can mend is one line and an exit code."""
    try:
        app()
    except CleanplateError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
