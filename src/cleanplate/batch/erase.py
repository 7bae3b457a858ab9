"""Erasing from one picture after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from cleanplate.batch.assignment import ErrandFor
from cleanplate.batch.pairing import Partners
from cleanplate.tasks.erase_options import EraseOptions, Targets
from cleanplate.tasks.file_report import FileReport
from cleanplate.tasks.outputs import natural_name, planned_outputs
from cleanplate.tasks.selection import Selection

_NO_INFLUENCE = {"threads", "overwrite", "in_place", "dry_run", "make_folders", "limits"}
"""Options that do not change what a result looks like."""


@dataclass(frozen=True)
class EraseErrand:
    """Erase from one picture; see :class:`cleanplate.batch.assignment.Errand`.

    Attributes:
        targets: where its outputs go.
        selection: what to erase, with the masks of this picture.
        options: how.
    """

    targets: Targets
    selection: Selection
    options: EraseOptions

    @property
    def files(self) -> tuple[Path, ...]:
        """Strokes and masks."""
        return self.selection.files

    @property
    def result(self) -> Path | None:
        """The (first) clean plate."""
        return self.targets.result

    @property
    def in_place(self) -> bool:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return self.options.in_place

    def outputs(self) -> list[Path]:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        return planned_outputs(self.targets, self.options)

    def settings(self) -> Any:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        chosen = {field.name: getattr(self.options, field.name) for field in fields(self.options)}
        chosen = {name: value for name, value in chosen.items() if name not in _NO_INFLUENCE}
        chosen["encode"] = asdict(self.options.encode)
        drawn = {
            field.name: getattr(self.selection, field.name)
            for field in fields(self.selection)
            if field.name not in ("strokes", "masks", "avoid")
        }
        return [chosen, drawn]

    def do(self, source: Path | bytes, *, name: str | None, again: bool = False) -> FileReport:
        """See :class:`cleanplate.batch.assignment.Errand`."""
        from cleanplate.tasks.photo import erase_file

        options = replace(self.options, overwrite=self.options.overwrite or again)
        return erase_file(source, self.targets, self.selection, options, name=name)


@dataclass(frozen=True)
class Erasing:
    """What a user asks to be erased from every picture; see :class:`cleanplate.batch.assignment.Assignment`.

    Attributes:
        selection: what to erase; for several pictures its mask files may be folders, paired by relative path without
            ending.
        options: how.
        sheets: contact sheet, or folder for several; None for none.
        saved_masks: selection as a PNG, or folder for several; None for none.
    """

    selection: Selection
    options: EraseOptions
    sheets: Path | None = None
    saved_masks: Path | None = None

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
        return self.options.dry_run

    @property
    def folders_written(self) -> Mapping[str, Path]:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        places = {"--side-by-side": self.sheets, "--save-mask": self.saved_masks}
        return {option: folder for option, folder in places.items() if folder is not None}

    @property
    def places_read(self) -> tuple[Path, ...]:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return self.selection.files

    def named(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return natural_name(picture)

    def beside(self, picture: Path) -> Path:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return natural_name(picture.with_name(f"{picture.stem}-clean{picture.suffix}"))

    def with_threads(self, threads: int) -> Erasing:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        return replace(self, options=replace(self.options, threads=threads))

    def one(self, picture: Path | None, result: Path | None) -> EraseErrand:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        selection = self.selection
        if picture is not None:
            selection = _paired(selection, _partners(selection.masks), _partners(selection.avoid), Path(picture.name))
        stem = "-" if picture is None else picture.stem
        targets = Targets(result, _placed(self.sheets, f"{stem}.jpg"), _placed(self.saved_masks, f"{stem}.png"))
        return EraseErrand(targets, selection, self.options)

    def several(self) -> ErrandFor:
        """See :class:`cleanplate.batch.assignment.Assignment`."""
        masks, avoid = _partners(self.selection.masks), _partners(self.selection.avoid)
        options = replace(self.options, make_folders=True)

        def errand(relative: Path, result: Path | None) -> EraseErrand:
            targets = Targets(
                result,
                sheet=None if self.sheets is None else self.sheets / _sheet_name(relative),
                mask=None if self.saved_masks is None else self.saved_masks / relative.with_suffix(".png"),
            )
            return EraseErrand(targets, _paired(self.selection, masks, avoid, relative), options)

        return errand


def _paired(selection: Selection, masks: Partners, avoid: Partners, relative: Path) -> Selection:
    """The selection with the masks that belong to the picture at ``relative``."""
    return replace(selection, masks=masks.of(relative), avoid=avoid.of(relative, needed=False))


def _sheet_name(relative: Path) -> Path:
    """``a.jpg`` for ``a.jpg`` and ``a.png.jpg`` for ``a.png``: pictures that differ in type get sheets of their own."""
    return relative if relative.suffix.lower() == ".jpg" else relative.with_name(f"{relative.name}.jpg")


def _placed(path: Path | None, name: str) -> Path | None:
    return path / name if path is not None and path.is_dir() else path


def _partners(sources: Sequence[Path | bytes]) -> Partners:
    """Mask files beside the pictures; what came as bytes belongs to no file."""
    return Partners([source for source in sources if isinstance(source, Path)])
