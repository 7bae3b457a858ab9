"""Which network of a task is used where a user names none: the one that ships, else the only one installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cleanplate.errors import EngineError, WeightsError
from cleanplate.weights.catalog import shipped
from cleanplate.weights.record import Record, Task
from cleanplate.weights.store import Installed, resolve, whereabouts

_NOT_ONNX = {".pth", ".pt", ".ckpt", ".safetensors", ".pb", ".tflite"}


@dataclass(frozen=True)
class Wanted:
    """What a network must be.

    Attributes:
        task: of its record.
        does: completes "a network that ..." in messages.
        name: of the record that is meant to ship.
        option: of the command line, that a user gives another one by.
        fits: whether a record is of this kind.
        otherwise: what a user can do without any, to follow "give one by ...".
        subject: who needs it, in messages.
    """

    task: Task
    does: str
    name: str
    option: str
    fits: Callable[[Record], bool]
    otherwise: str = ""
    subject: str = "restoration"

    def records(self) -> list[Record]:
        """The records of this kind, those that ship first, of these the one that is meant to."""
        found = [each for each in shipped().for_task(self.task) if each.runnable and self.fits(each)]
        return sorted(found, key=lambda record: (not record.bundled, record.name != self.name, record.name))


def chosen(wanted: Wanted, weights: str | Path | None) -> Installed:
    """The network that was given, else the one to use.

    Raises:
        EngineError: it is for something else.
        WeightsError: there is none, or what was given is missing, damaged or refused by its terms.
    """
    return default(wanted) if weights is None else _checked(resolve(weights), wanted)


def default(wanted: Wanted) -> Installed:
    """The network that is used if nobody names one.

    Raises:
        WeightsError: none is installed.
    """
    record = available(wanted)
    if record is not None:
        return resolve(record.name)
    raise WeightsError(
        f"needs a network that {wanted.does} ('{wanted.name}'), and none is installed",
        subject=wanted.subject,
        fix=f"give one by {wanted.option} FILE{wanted.otherwise}",
    )


def available(wanted: Wanted) -> Record | None:
    """The record of the network that is used if nobody names one; None if none is installed."""
    here = [record for record in wanted.records() if whereabouts(record) is not None]
    return here[0] if here else None


def _checked(installed: Installed, wanted: Wanted) -> Installed:
    record = installed.record
    if record is None:
        if installed.path.suffix.lower() in _NOT_ONNX:
            raise WeightsError("is no ONNX file", subject=installed.path, fix="see 'cleanplate models convert --help'")
        return installed
    if record.task != wanted.task or record.format != "onnx" or not wanted.fits(record):
        raise EngineError(
            f"is '{record.name}' for {record.task}, not a network that {wanted.does}",
            subject=installed.path,
            fix=f"give another one by {wanted.option}",
        )
    return installed
