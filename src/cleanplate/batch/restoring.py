"""Restoring and colouring, one picture after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cleanplate.batch.assignment import ErrandFor
from cleanplate.batch.pairing import Partners
from cleanplate.encode.options import SUFFIXES
from cleanplate.errors import ArgumentError
from cleanplate.tasks.outputs import natural_name
from cleanplate.tasks.restore_options import ColorizeOptions, Kind, RestoreOptions, RestoreTargets
from cleanplate.tasks.restore_report import RestoreReport

_NO_INFLUENCE = {"threads", "overwrite", "in_place", "make_folders", "limits", "masks"}
_ENDINGS = {kind: ending for ending, kind in reversed(SUFFIXES.items())}


@dataclass(frozen=True)
class RestoreErrand:
    """Restore one picture; see :class:`cleanplate.batch.assignment.Errand`.

    Attributes:
        targets: where its outputs go.
        options: how.
    """

    targets: RestoreTargets
    options: RestoreOptions

    @property
    def files(self) -> tuple[Path, ...]:
        """Masks and hints."""
        return tuple(each for each in (*self.options.masks, self.options.hints) if isinstance(each, Path))

    @property
    def result(self) -> Path | None:
        """The restored picture."""
        paths = self.targets.paths(self.options)
        return next(iter(paths.values()))[0] if paths else None

    @property
    def in_place(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return False

    def outputs(self) -> list[Path]:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        paths = self.targets.paths(self.options)  # further masks of further pages are refused when they are in the way
        return [path for each in paths.values() for path in each]

    def settings(self) -> Any:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        chosen = {key: value for key, value in asdict(self.options).items() if key not in _NO_INFLUENCE}
        return [chosen, self.targets.only]

    def do(self, source: Path | bytes, *, name: str | None, again: bool = False) -> RestoreReport:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        from cleanplate.tasks.restore_file import restore_file

        options = replace(self.options, overwrite=self.options.overwrite or again)
        return restore_file(source, self.targets, options, name=name)


@dataclass(frozen=True)
class Restoring:
    """What a user asks to be restored; see :class:`cleanplate.batch.assignment.Assignment`.

    Attributes:
        options: how; for several pictures the masks are folders, paired by relative path without ending.
        only: the one output that is wanted; None for all.
    """

    options: RestoreOptions
    only: Kind | None = None

    @property
    def in_place(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return False

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
        return tuple(each for each in (*self.options.masks, self.options.hints) if isinstance(each, Path))

    def named(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        if self.only == "defects":
            return picture.with_suffix(".png")
        kind = self.options.encode.format
        return natural_name(picture) if kind is None else picture.with_suffix(_ENDINGS[kind])

    def beside(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        named = self.named(picture)
        return named if self.only is None else named.with_name(f"{named.stem}_{self.only}{named.suffix}")

    def with_threads(self, threads: int) -> Restoring:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return replace(self, options=replace(self.options, threads=threads))

    def one(self, picture: Path | None, result: Path | None) -> RestoreErrand:
        """See :class:`cleanplate.batch.assignment.Assignment`.

        Raises:
            ArgumentError: several results are wanted where only one has a place.
        """
        if result is None and self.options.only:
            raise ArgumentError(
                f"names {len(self.options.only)} results, but a pipe takes one",
                subject="--only",
                fix="name one of them, or a folder by -o",
            )
        options = self.options if result is not None or self.only is not None else replace(self.options, colour=False)
        if picture is not None:
            options = replace(options, masks=_masks(self._partners(), Path(picture.name)))
        only: Kind | None = self.only if self.only is not None or result is not None else "restored"
        return RestoreErrand(RestoreTargets(result, only), options)

    def several(self) -> ErrandFor:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        partners = self._partners()
        options = replace(self.options, make_folders=True)

        def errand(relative: Path, result: Path | None) -> RestoreErrand:
            return RestoreErrand(RestoreTargets(result, self.only), replace(options, masks=_masks(partners, relative)))

        return errand

    def _partners(self) -> Partners:
        return Partners([each for each in self.options.masks if isinstance(each, Path)])


def _masks(partners: Partners, relative: Path) -> tuple[Path, ...]:
    """The masks of a picture, one a page: those that restoring wrote (``scan_defects.png``), else of its own name."""
    own = relative.with_name(f"{relative.stem}_defects.png")
    written = list(partners.of(own, needed=False)) if partners.folders else []
    number = 2
    while written and (more := partners.of(own.with_name(f"{own.stem}-{number}.png"), needed=False)):
        written += more
        number += 1
    return tuple(written) or partners.of(relative)


@dataclass(frozen=True)
class ColorizeErrand:
    """Colour one picture; see :class:`cleanplate.batch.assignment.Errand`.

    Attributes:
        result: where its output goes; None hands the bytes back.
        options: how.
    """

    result: Path | None
    options: ColorizeOptions

    @property
    def files(self) -> tuple[Path, ...]:
        """Hints."""
        return (self.options.hints,) if isinstance(self.options.hints, Path) else ()

    @property
    def in_place(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return self.options.in_place

    def outputs(self) -> list[Path]:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return [] if self.result is None else [self.result]

    def settings(self) -> Any:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return {key: value for key, value in asdict(self.options).items() if key not in _NO_INFLUENCE}

    def do(self, source: Path | bytes, *, name: str | None, again: bool = False) -> RestoreReport:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        from cleanplate.tasks.colorize_file import colorize_file

        options = replace(self.options, overwrite=self.options.overwrite or again)
        return colorize_file(source, self.result, options, name=name)


@dataclass(frozen=True)
class Colorizing:
    """What a user asks to be coloured; see :class:`cleanplate.batch.assignment.Assignment`.

    Attributes:
        options: how.
    """

    options: ColorizeOptions

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
        return (self.options.hints,) if isinstance(self.options.hints, Path) else ()

    def named(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        kind = self.options.encode.format
        return natural_name(picture) if kind is None else picture.with_suffix(_ENDINGS[kind])

    def beside(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return self.named(picture.with_name(f"{picture.stem}-colour{picture.suffix}"))

    def with_threads(self, threads: int) -> Colorizing:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return replace(self, options=replace(self.options, threads=threads))

    def one(self, picture: Path | None, result: Path | None) -> ColorizeErrand:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return ColorizeErrand(result, self.options)

    def several(self) -> ErrandFor:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        options = replace(self.options, make_folders=True)

        def errand(relative: Path, result: Path | None) -> ColorizeErrand:
            return ColorizeErrand(result, options)

        return errand
