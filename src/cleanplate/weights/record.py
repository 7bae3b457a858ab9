"""What is known of one weight, and the strict reading of the TOML file that says it.

Facts of other people's weights that nobody has established are written as ``"unknown"``, never left out. Weights
that ship with cleanplate have no unknowns.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cleanplate.errors import WeightsError
from cleanplate.runtime.contract import InputContract
from cleanplate.weights.schema import build

UNKNOWN = "unknown"
Unknown = Literal["unknown"]
Task = Literal["inpaint", "matting", "instances", "segmentation", "saliency", "defects", "colorize", "features"]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGITS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True)
class Port:
    """An input or output of the graph.

    Attributes:
        name: its name in the graph.
        way: into the network or out of it.
        dtype: of its elements.
        shape: its dimensions in words, such as ``1 x 3 x H x W``.
        meaning: what it holds.
    """

    name: str
    way: Literal["input", "output"]
    dtype: Literal["float32", "float16", "uint8", "int64", "unknown"]
    shape: str
    meaning: str


@dataclass(frozen=True)
class OutputContract:
    """How to read what the network returns.

    Attributes:
        meaning: what a number of the output says.
        channels: what the channels are, in order.
        lowest: smallest value that is meant.
        highest: largest value that is meant.
        activation: what must still be applied: nothing, or a sigmoid to logits.
        size: how the output's height and width follow from the input's, in words.
    """

    meaning: str
    channels: str
    lowest: float | Unknown
    highest: float | Unknown
    activation: Literal["none", "sigmoid", "unknown"]
    size: str


@dataclass(frozen=True)
class TrainingData:
    """A set that the network learned from.

    Attributes:
        name: of the set.
        terms: under which it may be used.
        url: where it is described.
    """

    name: str
    terms: str
    url: str


@dataclass(frozen=True)
class Measured:
    """A figure that somebody measured.

    Attributes:
        figure: what was measured, such as ``IoU``.
        value: the number.
        unit: its unit, or ``none``.
        on: the pictures or machine it was measured on.
        command: the command that measures it again; for figures of a publisher, where he says so.
    """

    figure: str
    value: float
    unit: str
    on: str
    command: str


@dataclass(frozen=True)
class Record:
    """One weight.

    Attributes:
        name: how it is called on the command line.
        title: one line for people.
        task: what it does.
        network: its architecture.
        paper: where that is published.
        file: name of its file; the same in every folder.
        format: of the file. Only ONNX runs without PyTorch.
        sha256: of the file.
        md5: of the file, where the publisher gives it.
        bytes: size of the file.
        python_package: Python package that holds the file, or ``none``.
        urls: where the file can be fetched; tried in order.
        licence: of the weights.
        commercial_use: ``clear`` only where the weights' own terms allow it.
        commercial_reason: why.
        bundled: ships with cleanplate.
        runnable: cleanplate can run it.
        run_with: the command for that; for others what is missing.
        opset: version of the ONNX operators; ``none`` for other formats.
        precision: in which weights are stored.
        ports: inputs and outputs of the graph.
        input: how a picture is prepared for it.
        output: how its answer is read.
        training_data: what it learned from.
        recipe: how it was trained.
        commit: of this repository or the publisher's, that the recipe belongs to.
        measured: figures.
        notes: what else a user should know.
        sources: where the facts of this record come from.
    """

    name: str
    title: str
    task: Task
    network: str
    paper: str
    file: str
    format: Literal["onnx", "pytorch", "torchscript", "tensorflow"]
    sha256: str
    md5: str
    bytes: int | Unknown
    python_package: str
    urls: tuple[str, ...]
    licence: str
    commercial_use: Literal["clear", "unclear", "no"]
    commercial_reason: str
    bundled: bool
    runnable: bool
    run_with: str
    opset: int | Literal["none", "unknown"]
    precision: Literal["float32", "float16", "int8", "unknown"]
    recipe: str
    commit: str
    notes: str
    sources: tuple[str, ...]
    ports: tuple[Port, ...]
    input: InputContract | Unknown
    output: OutputContract | Unknown
    training_data: tuple[TrainingData, ...]
    measured: tuple[Measured, ...]


def read_record(path: Path) -> Record:
    """Read and check a record.

    Args:
        path: a TOML file called like the weight.

    Raises:
        WeightsError: not TOML, a key unknown or missing, a wrong type, or contents that contradict each other.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"cannot be read: {error}", subject=path) from None
    record = build(Record, tables, subject=str(path))
    problem = next(_problems(record, path), None)
    if problem:
        raise WeightsError(problem, subject=path)
    return record


def _problems(record: Record, path: Path) -> Iterator[str]:
    """What is wrong with a record although its types are right."""
    if record.name != path.stem or not _NAME.fullmatch(record.name):
        yield f"name '{record.name}' must be that of the file: small letters, digits and single hyphens"
    if not _FILE.fullmatch(record.file):
        yield f"file '{record.file}' must be a plain file name"
    for algorithm, digits in _DIGITS.items():
        digest = getattr(record, algorithm)
        if digest != UNKNOWN and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", digest):
            yield f"{algorithm} '{digest}' must be {digits} small hexadecimal digits or unknown"
    if isinstance(record.bytes, int) and record.bytes <= 0:
        yield f"bytes is {record.bytes}"
    if any(not url.startswith("https://") for url in record.urls):
        yield "every URL must begin with https://"
    if (record.format == "onnx") == (record.opset == "none"):
        yield f"opset is '{record.opset}' for format {record.format}"
    if record.runnable and record.format != "onnx":
        yield f"runnable, but format is {record.format}"
    if empty := [where for where, text in texts(record) if not text.strip()]:
        yield f"{empty[0]} is empty"
    if record.bundled:
        yield from _gaps(record)


def _gaps(record: Record) -> Iterator[str]:
    """What a weight that ships must say and this one does not."""
    for where, text in texts(record):
        if text == UNKNOWN:
            yield f"ships with cleanplate, but {where} is unknown"
    if not record.training_data or not record.measured or not record.ports:
        yield "ships with cleanplate, but lacks training_data, measured or ports"
    if record.commercial_use != "clear":
        yield "ships with cleanplate, but its commercial use is not clear"


def texts(record: Record) -> Iterator[tuple[str, str]]:
    """All texts of a record, each with the place where it stands; "unknown" values are texts too."""
    yield from _texts(dataclasses.asdict(record), "")


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, f"{where}.{key}" if where else key)
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from _texts(part, f"{where}[{place}]")


def as_toml(record: Record) -> str:
    """The text of the file that :func:`read_record` reads this record from."""
    simple, tables = [], []
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if dataclasses.is_dataclass(value):
            tables += ["", f"[{field.name}]", *_lines(value)]
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            for one in value:
                tables += ["", f"[[{field.name}]]", *_lines(one)]
        else:
            simple.append(f"{field.name} = {_toml(value)}")
    return "\n".join([*simple, *tables]) + "\n"


def _lines(table: Any) -> list[str]:
    pairs = ((field.name, getattr(table, field.name)) for field in dataclasses.fields(table))
    return [f"{name} = {_toml(value)}" for name, value in pairs if value is not None]


def _toml(value: Any) -> str:
    """A value in TOML; its basic strings take the escapes of JSON."""
    if isinstance(value, tuple | list):
        if len(value) > 1 and all(isinstance(one, str) for one in value):
            return "[\n" + "".join(f"    {_toml(one)},\n" for one in value) + "]"
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
