"""What a batch is asked to do with every picture: the interface between planning and the work itself.

An :class:`Assignment` is what a user asked for; it makes one :class:`Errand` a picture. Planner, manifest, executors
and watcher know only these, so that every command that works on pictures gets folders, resuming and watching.

This module must not import numpy or OpenCV: worker processes import it before they limit those libraries' threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol


class Report(Protocol):
    """What was done with one picture."""

    @property
    def data(self) -> bytes | None:
        """The bytes of the result where no file was named."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dicts; ``status``, ``outputs`` and ``timings`` are among them."""
        ...


class Errand(Protocol):
    """What is to be done with one picture. Picklable, because it may be done in another process."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file beside the picture that it is read from."""
        ...

    @property
    def result(self) -> Path | None:
        """The main output; None hands the bytes back instead."""
        ...

    @property
    def in_place(self) -> bool:
        """Whether the result takes the place of the picture."""
        ...

    def outputs(self) -> list[Path]:
        """Every file that it would write.

        Raises:
            ArgumentError: what was asked for contradicts itself.
        """
        ...

    def settings(self) -> Any:
        """Everything beside the files that decides what the outputs look like, as JSON knows it (or as text)."""
        ...

    def do(self, source: Path | bytes, *, name: str | None, again: bool = False) -> Report:
        """Do it: all outputs appear, or none.

        Args:
            source: the picture file, or its bytes.
            name: what messages call the picture; the path if None.
            again: replace outputs that exist, because an earlier attempt of this batch left them.

        Raises:
            CleanplateError: whatever went wrong with this picture.
        """
        ...


ErrandFor = Callable[[Path, Path | None], Errand]
"""From the relative path of a picture and the place of its result to its errand; raises SelectionError."""


class Assignment(Protocol):
    """What a user asks to be done with every picture."""

    @property
    def in_place(self) -> bool:
        """Whether results take the place of the pictures."""
        ...

    @property
    def overwrite(self) -> bool:
        """Whether outputs that exist are replaced, and nothing counts as done before."""
        ...

    @property
    def rehearsal(self) -> bool:
        """Whether this only shows what would be done; then nothing is recorded."""
        ...

    @property
    def folders_written(self) -> Mapping[str, Path]:
        """Folders of outputs beside the results, by the name of the option that asks for them."""
        ...

    @property
    def places_read(self) -> tuple[Path, ...]:
        """Files and folders beside the pictures that it is read from (masks, say)."""
        ...

    def named(self, picture: Path) -> Path:
        """The path of the result for a picture, relative to the folder of results as that to the folder of sources."""
        ...

    def beside(self, picture: Path) -> Path:
        """Where the result of a single picture goes if nobody says."""
        ...

    def with_threads(self, threads: int) -> Assignment:
        """The same with so many threads a picture."""
        ...

    def one(self, picture: Path | None, result: Path | None) -> Errand:
        """The errand of a single picture; ``picture`` is None for standard input.

        Raises:
            SelectionError: a file that belongs to the picture is missing.
        """
        ...

    def several(self) -> ErrandFor:
        """What makes the errand of each of several pictures, after looking into ``places_read`` once."""
        ...
