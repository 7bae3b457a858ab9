"""Recipes: what to train and how, as a small TOML file.

A recipe is read into frozen dataclasses. Every key must be a field of one of them and every value must have that
field's type; anything else is an error that names the valid keys. ``base = "other.toml"`` starts from another
recipe (path beside this one), and ``table.key=value`` overrides from the command line come last.

The tables ``[train]``, ``[optim.NAME]``, ``[export]`` and ``[card]`` mean the same for every network and are described
here; all other tables belong to the task and are described by its ``Options`` dataclass.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cleanplate.errors import ArgumentError, MissingInputError
from cleanplate.weights.record import Task as CatalogTask
from cleanplate.weights.record import TrainingData

RECIPES = Path(__file__).parent / "recipes"
"""Folder of the recipes that ship with the package; they can be named without path and ending."""


@dataclass(frozen=True)
class Train:
    """How the loop runs; the same for every network.

    Attributes:
        steps: Optimiser steps of the whole run (a step runs every phase of the task once).
        batch: Examples a process takes at once.
        accumulate: Batches whose gradients are added up before an optimiser step.
        workers: Processes that prepare data beside each training process; 0 prepares it in the loop.
        precision: ``bf16-mixed`` computes forward passes in bfloat16 where that is safe; weights stay float32. ``auto``
            does so where the device has instructions for it: on a processor without, it is ten to a hundred times
            slower than float32.
        channels_last: Keep pictures and filters with the channels innermost, which most hardware prefers.
        sync_batch_norm: Share batch-norm statistics between processes (GPUs only).
        unused_parameters: Some weights get no gradient in some steps; only then needed with many processes.
        ema: Decay of the moving average of the weights, 0 to keep none.
        start_from: Checkpoint whose weights (the averaged ones where it has them) are the first weights.
        log_every: Steps between two lines of figures.
        sheet_every: Steps between two picture sheets, 0 for none.
        validate_every: Steps between two validations, 0 for none.
        checkpoint_every: Steps between two writes of ``last.pt``.
        keep_best: How many of the checkpoints with the best validation figure stay on disk.
    """

    steps: int
    batch: int = 8
    accumulate: int = 1
    workers: int = 0
    precision: Literal["auto", "32-true", "bf16-mixed"] = "32-true"
    channels_last: bool = True
    sync_batch_norm: bool = False
    unused_parameters: bool = False
    ema: float = 0.999
    start_from: str | None = None
    log_every: int = 50
    sheet_every: int = 500
    validate_every: int = 500
    checkpoint_every: int = 500
    keep_best: int = 1


@dataclass(frozen=True)
class Optim:
    """One optimiser and its learning-rate schedule.

    Attributes:
        kind: Which optimiser.
        lr: Learning rate at the height of the schedule.
        betas: Decay of the gradient's mean and square (Adam and AdamW).
        momentum: Momentum (SGD and RMSProp).
        weight_decay: Added to the gradient, or decoupled for AdamW.
        eps: Added to the denominator.
        clip_norm: Gradients are scaled down to this length where they are longer, 0 for no limit.
        warmup: Steps in which the learning rate rises linearly from zero.
        schedule: ``constant``, ``cosine`` or ``linear`` down to ``floor``, or ``steps``: times ``gamma`` at each of
            ``milestones``.
        floor: Share of ``lr`` that is left at the end of ``cosine`` and ``linear``.
        milestones: Steps at which ``steps`` lowers the learning rate.
        gamma: Factor of each milestone.
    """

    lr: float
    kind: Literal["adam", "adamw", "sgd", "rmsprop"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    weight_decay: float = 0.0
    eps: float = 1e-8
    clip_norm: float = 0.0
    warmup: int = 0
    schedule: Literal["constant", "cosine", "linear", "steps"] = "constant"
    floor: float = 0.0
    milestones: tuple[int, ...] = ()
    gamma: float = 0.5


@dataclass(frozen=True)
class Export:
    """How the trained network becomes a file for the runtime.

    Attributes:
        storage: How weights are stored; computation stays in float32.
        static_shape: ``(height, width)`` for a graph of one fixed size, for compilers that need it.
        working_size: Side of the square with as many pixels as the network should see at once; None leaves that to the
            stage that uses it.
    """

    storage: Literal["float32", "float16", "int8"] = "float16"
    static_shape: tuple[int, int] | None = None
    working_size: int | None = None


@dataclass(frozen=True)
class Card:
    """What the catalog says about the trained weights beyond what can be measured.

    Attributes:
        title: One line for people.
        task: What the weights are for.
        network: The architecture.
        paper: Where it is published.
        licence: Of the weights.
        commercial_reason: Why commercial use is as ``commercial_use`` says.
        run_with: The command that uses them.
        notes: Limits, and what else a user should know.
        training_data: Every set that the network learnt from (ImageNet too, where the encoder began with it).
        sources: Where these facts come from.
        commercial_use: Clear only where the terms of all training data allow it.
        bundled: They ship with cleanplate.
        urls: Where they can be fetched otherwise.
    """

    title: str
    task: CatalogTask
    network: str
    paper: str
    licence: str
    commercial_reason: str
    run_with: str
    notes: str
    training_data: tuple[TrainingData, ...]
    sources: tuple[str, ...]
    commercial_use: Literal["clear", "unclear", "no"] = "clear"
    bundled: bool = True
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A whole recipe.

    Attributes:
        name: What the run and the exported weights are called.
        task: Name in the registry of tasks.
        train: Settings of the loop.
        optim: Optimisers by the names that the task gives them.
        options: The task's own settings (an instance of its ``Options``).
        export: Settings of the exported file.
        card: What the catalog says about the weights; only needed for an export with a record.
        seed: All randomness follows from it.
        source: The merged tables as they were read, for the record.
    """

    name: str
    task: str
    train: Train
    optim: Mapping[str, Optim]
    options: Any
    export: Export = field(default_factory=Export)
    card: Card | None = None
    seed: int = 0
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """First 16 hexadecimal digits of the hash of the merged tables: equal recipes have equal hashes."""
        canonical = json.dumps(self.source, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


_COMMON = ("name", "task", "seed", "train", "optim", "export", "card")


def find(name: str | Path) -> Path:
    """Return the file of a recipe: a path, or the name of one that ships with the package.

    Raises:
        MissingInputError: there is no such file; the text lists the recipes that ship.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = RECIPES / f"{name}.toml"
    if shipped.is_file():
        return shipped
    known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
    raise MissingInputError("there is no such recipe", subject=name, fix=f"give a .toml file or one of {known}")


def read(path: Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, its bases and the ``table.key=value`` overrides.

    Raises:
        MissingInputError: the recipe or one of its bases is not there.
        ArgumentError: not TOML, an unknown key, a wrong type, an unknown task, or bases in a circle.
    """
    tables = _merged(path, ())
    for override in overrides:
        _override(tables, override)
    return parse(tables, subject=str(path))


def parse(tables: Mapping[str, Any], *, subject: str = "recipe") -> Recipe:
    """Turn the tables of a recipe (after merging) into a :class:`Recipe`.

    Raises:
        ArgumentError: an unknown key, a wrong type or an unknown task.
    """
    from cleanplate_training.tasks import task_class

    for key in ("name", "task", "train", "optim"):
        if key not in tables:
            raise ArgumentError(f"lacks {key!r}", subject=subject)
    options_type = task_class(str(tables["task"])).Options
    own = {key: value for key, value in tables.items() if key not in _COMMON}
    return Recipe(
        name=_value(tables["name"], str, f"{subject}: name"),
        task=_value(tables["task"], str, f"{subject}: task"),
        seed=_value(tables.get("seed", 0), int, f"{subject}: seed"),
        train=build(Train, tables["train"], subject=f"{subject}: [train]"),
        optim=_value(tables["optim"], dict[str, Optim], f"{subject}: [optim]"),
        export=build(Export, tables.get("export", {}), subject=f"{subject}: [export]"),
        card=build(Card, tables["card"], subject=f"{subject}: [card]") if "card" in tables else None,
        options=build(options_type, own, subject=subject, also=_COMMON),
        source=dict(tables),
    )


def build(kind: type[Any], table: Any, *, subject: str, also: Sequence[str] = ()) -> Any:
    """Fill the dataclass ``kind`` from a TOML table, checking every key and every type.

    Args:
        kind: A dataclass; fields without default are required.
        table: The table that was read.
        subject: What to call the table in errors.
        also: Further keys that are valid at this place, named in errors.

    Raises:
        ArgumentError: an unknown or missing key (the text names the valid ones), or a value of another type.
    """
    if not isinstance(table, Mapping):
        raise ArgumentError(f"must be a table, not {_named(table)}", subject=subject)
    fields = {item.name: item for item in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in fields:
            raise ArgumentError(f"unknown key {key!r}", subject=subject, fix=_suggestion(key, [*fields, *also]))
    values = {key: _value(value, hints[key], f"{subject} {key}") for key, value in table.items()}
    for key, item in fields.items():
        optional = item.default is not dataclasses.MISSING or item.default_factory is not dataclasses.MISSING
        if key not in values and not optional:
            raise ArgumentError(f"lacks {key!r} ({_type_name(hints[key])})", subject=subject)
    return kind(**values)


def _value(value: Any, kind: Any, subject: str) -> Any:
    """Check ``value`` against a type hint; tables become dataclasses and lists become tuples."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    wrong = ArgumentError(f"must be {_type_name(kind)}, not {_named(value)}", subject=subject)
    if kind is Any:
        return value
    if origin is Literal:
        if value in arguments:
            return value
        choices = [str(choice) for choice in arguments]
        raise ArgumentError(f"unknown value {value!r}", subject=subject, fix=_suggestion(str(value), choices))
    if origin in (typing.Union, types.UnionType):
        return _first_fitting(value, arguments, subject, wrong)
    if origin in (tuple, list):
        return _sequence(value, origin, arguments, subject, wrong)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise wrong
        return {str(key): _value(item, arguments[1], f"{subject}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        return build(typing.cast("type[Any]", kind), value, subject=subject)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise wrong
    return value


def _first_fitting(value: Any, kinds: Sequence[Any], subject: str, wrong: ArgumentError) -> Any:
    if value is None and type(None) in kinds:
        return None
    candidates = [kind for kind in kinds if kind is not type(None)]
    for kind in candidates:
        try:
            return _value(value, kind, subject)
        except ArgumentError as error:
            if len(candidates) == 1:
                raise error from None
    raise wrong


def _sequence(value: Any, origin: type[Any], kinds: Sequence[Any], subject: str, wrong: ArgumentError) -> Any:
    if not isinstance(value, list | tuple):
        raise wrong
    if origin is list or kinds[-1] is Ellipsis:
        return origin(_value(item, kinds[0], f"{subject}[{place}]") for place, item in enumerate(value))
    if len(value) != len(kinds):
        raise ArgumentError(f"must have {len(kinds)} entries, not {len(value)}", subject=subject)
    pairs = enumerate(zip(value, kinds, strict=True))
    return tuple(_value(item, kind, f"{subject}[{place}]") for place, (item, kind) in pairs)


def _merged(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Read one file on top of its base."""
    if path.resolve() in above:
        raise ArgumentError("is its own base", subject=path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingInputError("there is no such recipe", subject=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentError(f"is not TOML: {error}", subject=path) from None
    base = tables.pop("base", None)
    if base is None:
        return tables
    return _laid_over(_merged(path.parent / str(base), (*above, path.resolve())), tables)


def _laid_over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _override(tables: dict[str, Any], text: str) -> None:
    """Set one ``table.key=value`` in place; the value is TOML, or a plain word."""
    name, equals, written = text.partition("=")
    if not equals or not name.strip():
        raise ArgumentError("must look like train.lr=1e-4", subject=f"--set {text}")
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        value = written.strip()
    *parents, last = name.strip().split(".")
    for parent in parents:
        inner = tables.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ArgumentError(f"{parent!r} is not a table", subject=f"--set {text}")
        tables = inner
    tables[last] = value


def _suggestion(key: str, valid: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, valid, n=1)
    listed = f"valid: {', '.join(sorted(valid))}"
    return f"did you mean {close[0]!r}? {listed}" if close else listed


def _named(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def _type_name(kind: Any) -> str:
    if isinstance(kind, type) and not typing.get_args(kind):
        return "a table" if dataclasses.is_dataclass(kind) else kind.__name__
    return str(kind).replace("typing.", "")
