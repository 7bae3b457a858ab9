"""What is said about exported weights: their catalog record, and the same for people as a model card."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cleanplate.errors import ArgumentError, InputError, OutputError
from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import UNKNOWN, Measured, Port, Record, as_toml, read_record
from cleanplate_training.export import ExportReport
from cleanplate_training.onnx_graph import example_of
from cleanplate_training.recipe import build
from cleanplate_training.task import Exported
from cleanplate_training.task import Port as TaskPort
from cleanplate_training.trained import Trained


def record_of(
    trained: Trained, exported: Exported, report: ExportReport, *, name: str, measured: Sequence[Measured] = ()
) -> Record:
    """Put together the record of weights that were just exported.

    Args:
        trained: The checkpoint they come from; its recipe has a ``[card]``.
        exported: How the network was described for the export.
        report: What the export wrote and measured.
        name: Name of the weights.
        measured: Further figures; those of the export's gates and of the run's last validation are there anyway.

    Raises:
        ArgumentError: the recipe has no ``[card]``.
    """
    recipe, card = trained.recipe, trained.recipe.card
    if card is None:
        raise ArgumentError(
            "lacks the table [card], which says what the weights are", subject=f"recipe {recipe.name!r}"
        )
    content = report.path.read_bytes()
    size = report.static_shape
    return Record(
        name=name,
        title=card.title,
        task=card.task,
        network=card.network,
        paper=card.paper,
        file=report.path.name,
        format="onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        bytes=len(content),
        python_package="none",
        urls=card.urls,
        licence=card.licence,
        commercial_use=card.commercial_use,
        commercial_reason=card.commercial_reason,
        bundled=card.bundled,
        runnable=True,
        run_with=card.run_with,
        opset=report.opset,
        precision=report.storage,
        recipe=f"{recipe.name} ({recipe.hash}): {trained.step} steps, {trained.samples} samples",
        commit=trained.commit or UNKNOWN,
        notes=card.notes,
        sources=card.sources,
        ports=(
            *(_port(port, "input", report) for port in exported.inputs),
            *(_port(port, "output", report) for port in exported.outputs),
        ),
        input=_input(exported, size, recipe.export.working_size),
        output=exported.output,
        training_data=card.training_data,
        measured=(*_own_figures(trained, report), *measured),
    )


def _input(exported: Exported, size: tuple[int, int] | None, working_size: int | None) -> InputContract:
    if size is not None:
        return exported.input_of_size(size)
    return replace(exported.input, working_size=working_size)


def write_record(record: Record, path: Path) -> None:
    """Write a record as TOML, after reading it back as the catalog will.

    Raises:
        WeightsError: the catalog would refuse it (the text says why).
        OutputError: it cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_text(as_toml(record), encoding="utf-8")
        read_record(trial)
    _replace(path, as_toml(record))


def write_card(record: Record, path: Path) -> None:
    """Write the model card as Markdown.

    Raises:
        OutputError: it cannot be written.
    """
    _replace(path, card_of(record))


def card_of(record: Record) -> str:
    """Return the model card of a record."""
    lines = [f"# {record.name}", "", record.title + ".", ""]
    lines += [f"- Network: {record.network} ({record.paper})", f"- Use: `{record.run_with}`"]
    lines += [f"- File: `{record.file}`, {record.bytes} bytes, ONNX opset {record.opset}, {record.precision} weights"]
    lines += [f"- SHA-256: `{record.sha256}`", f"- Recipe: {record.recipe}, commit {record.commit}"]
    lines += [f"- Licence: {record.licence}. Commercial use: {record.commercial_use} ({record.commercial_reason})"]
    lines += ["", "## Inputs and outputs", "", "| name | way | type | shape | meaning |", "|---|---|---|---|---|"]
    lines += [f"| {p.name} | {p.way} | {p.dtype} | {p.shape} | {p.meaning} |" for p in record.ports]
    taken = record.input
    if isinstance(taken, InputContract):
        lines += ["", f"Pictures are {taken.channels}, times {taken.scale:.6g}, minus {_numbers(taken.mean)}, "]
        lines[-1] += f"divided by {_numbers(taken.std)}; sides are multiples of {taken.multiple_of}."
        if taken.working_size is not None:
            lines[-1] += f" The network should see about {taken.working_size} x {taken.working_size} pixels at once."
    lines += ["", "## Training data", "", "| set | terms | where |", "|---|---|---|"]
    lines += [f"| {data.name} | {data.terms} | {data.url} |" for data in record.training_data]
    lines += ["", "## Measured", "", "| figure | value | on | command |", "|---|---|---|---|"]
    for each in record.measured:
        unit = "" if each.unit == "none" else f" {each.unit}"
        lines.append(f"| {each.figure} | {each.value:.4g}{unit} | {each.on} | `{each.command}` |")
    lines += ["", "## Notes", "", record.notes, ""]
    return "\n".join(lines)


def read_measured(path: Path) -> tuple[Measured, ...]:
    """Read further figures: a JSON list of objects with ``figure``, ``value``, ``unit``, ``on`` and ``command``.

    Raises:
        InputError: it is not there or not such a list.
        ArgumentError: a key is unknown or missing, or a value of another type.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"is not readable JSON: {error}", subject=path) from error
    return build(_Figures, {"measured": entries}, subject=str(path)).measured  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Figures:
    measured: tuple[Measured, ...]


def _own_figures(trained: Trained, report: ExportReport) -> list[Measured]:
    command = f"python -m cleanplate_training evaluate RUN  # recipe {trained.recipe.name}"
    found = [
        Measured(name, float(value), "none", "validation data of the recipe", command)
        for name, value in trained.figures.items()
    ]
    again = "python -m cleanplate_training export RUN -o FILE.onnx"
    on = "inputs of three sizes"
    found.append(Measured("largest difference to PyTorch", report.parity.largest, "none", on, again))
    if report.storage != "float32":
        found.append(Measured("PSNR of stored to float32 weights' output", report.fidelity.psnr, "dB", on, again))
    return found


def _port(port: TaskPort, way: str, report: ExportReport) -> Port:
    return Port(
        name=port.name,
        way="input" if way == "input" else "output",
        dtype=port.dtype,
        shape=_shape(port, report),
        meaning=port.meaning,
    )


def _shape(port: TaskPort, report: ExportReport) -> str:
    letters = {"batch": "N", "height": "H", "width": "W", "half_height": "H/2", "half_width": "W/2"}
    if report.static_shape is not None:
        height, width = report.static_shape
        letters = {"batch": "1", "height": str(height), "width": str(width)}
        letters |= {"half_height": str(height // 2), "half_width": str(width // 2)}
    rank = example_of(port).dim() if port.example is not None else 1 + max(port.dynamic, default=3)
    fixed = port.example.shape if port.example is not None else port.fixed
    named = [port.dynamic.get(place) for place in range(rank)]
    sides = [str(fixed[place]) if name is None else letters.get(name, name) for place, name in enumerate(named)]
    return " x ".join(sides)


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error}", subject=path) from error
    finally:
        beside.unlink(missing_ok=True)
