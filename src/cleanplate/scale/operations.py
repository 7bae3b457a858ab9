"""What can be done with pictures by the million: one line each in :data:`OPERATIONS`.

An operation is a function from the bytes of a picture to the bytes of its result, with options that fit into JSON, so
that it can be sent to any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any

from cleanplate.batch.assignment import Report
from cleanplate.errors import ArgumentError
from cleanplate.scale.options import Reader

OPERATIONS = {
    "erase": "cleanplate.scale.erasing:OPERATION",
    "cutout": "cleanplate.scale.matting:CUTOUT",
    "background": "cleanplate.scale.matting:BACKGROUND",
    "restore": "cleanplate.scale.restoring:RESTORE",
    "colorize": "cleanplate.scale.restoring:COLORIZE",
}
"""Name -> where it is. A name with a colon is looked up as it is, for operations of one's own."""


@dataclass(frozen=True)
class Operation:
    """One way to work on a picture.

    Attributes:
        options: every option by its name on the command line, and how its value is read.
        files: those of them that name files: they are read where the picture is worked on, and handed over as bytes.
        check: refuses options that contradict each other, before anything is read (ArgumentError).
        named: path of the result for the path of a picture, both relative.
        do: the work: bytes of the picture, options, bytes of files by option, name for messages, type to write (None
            for the picture's own); raises CleanplateError.
        further: files beside the result, by relative path: from the path of the result, the report and the options;
            None where there are never any. Their names are made of the result's without its ending, which two pictures
            then may not share.
    """

    options: Mapping[str, Reader]
    files: frozenset[str]
    check: Callable[[Mapping[str, Any]], None]
    named: Callable[[PurePosixPath, Mapping[str, Any]], PurePosixPath]
    do: Callable[[bytes, Mapping[str, Any], Mapping[str, list[bytes]], str, str | None], Report]
    further: Callable[[PurePosixPath, Report, Mapping[str, Any]], dict[PurePosixPath, bytes]] | None = None


def operation_named(name: str) -> Operation:
    """The operation of that name, or at ``module:attribute``.

    Raises:
        ArgumentError: there is none.
    """
    module, _, attribute = OPERATIONS.get(name, name).partition(":")
    if not attribute:
        raise ArgumentError(f"is '{name}'", subject="operation", fix=f"use {', '.join(OPERATIONS)}")
    found = getattr(import_module(module), attribute)
    assert isinstance(found, Operation)
    return found
