"""Cutting out and replacing backgrounds, one picture after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cleanplate.batch.assignment import ErrandFor
from cleanplate.encode.options import SUFFIXES
from cleanplate.tasks.matte_options import BackgroundOptions, CutoutOptions
from cleanplate.tasks.matte_report import MatteReport
from cleanplate.tasks.outputs import natural_name

_NO_INFLUENCE = {"overwrite", "in_place", "make_folders", "limits"}
_ENDINGS = {kind: ending for ending, kind in reversed(SUFFIXES.items())}


@dataclass(frozen=True)
class MatteErrand:
    """Cut out of, or replace the background of, one picture; see :class:`cleanplate.batch.assignment.Errand`.

    Attributes:
        result: where its output goes; None hands the bytes back.
        options: how; their type says which of the two.
    """

    result: Path | None
    options: CutoutOptions | BackgroundOptions

    @property
    def files(self) -> tuple[Path, ...]:
        """The picture that comes behind, if there is one."""
        return _files(self.options)

    @property
    def in_place(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return self.options.in_place

    def outputs(self) -> list[Path]:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return [] if self.result is None else [self.result]

    def settings(self) -> Any:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        chosen = {key: value for key, value in asdict(self.options).items() if key not in _NO_INFLUENCE}
        del chosen["matte"]["threads"]
        return chosen

    def do(self, source: Path | bytes, *, name: str | None, again: bool = False) -> MatteReport:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        from cleanplate.tasks.cutout_file import background_file, cutout_file

        overwrite = self.options.overwrite or again
        if isinstance(self.options, CutoutOptions):
            return cutout_file(source, self.result, replace(self.options, overwrite=overwrite), name=name)
        return background_file(source, self.result, replace(self.options, overwrite=overwrite), name=name)


@dataclass(frozen=True)
class Mattes:
    """What a user asks to be done with people; see :class:`cleanplate.batch.assignment.Assignment`.

    Attributes:
        options: how; their type says whether people are cut out or get another background.
        suffix: added to the name of a picture where the result goes beside it.
        keeps_type: whether results have the type of the pictures; else that of ``options.encode.format``, or PNG.
    """

    options: CutoutOptions | BackgroundOptions
    suffix: str
    keeps_type: bool

    @property
    def in_place(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return self.options.in_place

    @property
    def overwrite(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return self.options.overwrite

    @property
    def rehearsal(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return False

    @property
    def folders_written(self) -> Mapping[str, Path]:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return {}

    @property
    def places_read(self) -> tuple[Path, ...]:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return _files(self.options)

    def named(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        kind = self.options.encode.format
        if kind is None and self.keeps_type:
            return natural_name(picture)
        return picture.with_suffix(_ENDINGS[kind or "PNG"])

    def beside(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return self.named(picture.with_name(f"{picture.stem}-{self.suffix}{picture.suffix}"))

    def with_threads(self, threads: int) -> Mattes:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return replace(self, options=replace(self.options, matte=replace(self.options.matte, threads=threads)))

    def one(self, picture: Path | None, result: Path | None) -> MatteErrand:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return MatteErrand(result, self.options)

    def several(self) -> ErrandFor:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        options = replace(self.options, make_folders=True)

        def errand(relative: Path, result: Path | None) -> MatteErrand:
            return MatteErrand(result, options)

        return errand


def _files(options: CutoutOptions | BackgroundOptions) -> tuple[Path, ...]:
    if isinstance(options, CutoutOptions) or isinstance(options.behind.backdrop, bytes):
        return ()
    path = Path(options.behind.backdrop).expanduser()
    return (path,) if path.is_file() else ()
