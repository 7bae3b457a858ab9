"""Which mask belongs to which picture: the one with the same relative path, whatever the ending."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cleanplate.batch.tree import find_pictures
from cleanplate.errors import SelectionError


class Partners:
    """Mask files and folders of masks, as they were named, resolved for one picture after another."""

    def __init__(self, places: Sequence[Path]) -> None:
        """Index the folders among ``places`` once; a file serves every picture."""
        self._files = [place for place in places if not place.is_dir()]
        self._folders: list[tuple[Path, dict[Path, list[Path]]]] = []
        for folder in (place for place in places if place.is_dir()):
            by_stem: dict[Path, list[Path]] = {}
            for relative in find_pictures(folder, recursive=True).pictures:
                by_stem.setdefault(relative.with_suffix(""), []).append(folder / relative)
            self._folders.append((folder, by_stem))

    @property
    def folders(self) -> list[Path]:
        """The folders among the places."""
        return [folder for folder, _ in self._folders]

    def of(self, relative: Path, *, needed: bool = True) -> tuple[Path, ...]:
        """The masks of the picture at ``relative``.

        Raises:
            SelectionError: a folder has no mask for it (only if ``needed``), or several.
        """
        partners = list(self._files)
        for folder, by_stem in self._folders:
            candidates = by_stem.get(relative.with_suffix(""), [])
            if len(candidates) > 1:
                names = " and ".join(sorted(path.name for path in candidates))
                raise SelectionError(f"has several masks in {folder}: {names}", subject=relative, fix="keep one")
            if not candidates and needed:
                expected = folder / relative.with_suffix(".png")
                raise SelectionError(
                    f"has no mask in {folder}", subject=relative, fix=f"expected for example {expected}"
                )
            partners += candidates
        return tuple(partners)
