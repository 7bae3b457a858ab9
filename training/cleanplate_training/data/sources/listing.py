"""A text file that names pictures."""

from __future__ import annotations

from pathlib import Path

from cleanplate.errors import BrokenInputError, MissingInputError
from cleanplate_training.data.pixels import file_bytes
from cleanplate_training.data.sample import Entry
from cleanplate_training.data.sources.folder import entry_of
from cleanplate_training.data.sources.mattes import matte_entry


def listing(path: Path, *, source: str, licence: str) -> list[Entry]:
    """Pictures named by a UTF-8 text file, one a line, relative to that file; ``picture<TAB>matte`` names a pair.

    Empty lines and lines that begin with ``#`` are skipped.

    Args:
        path: the list.
        source: name of the set.
        licence: its terms.

    Raises:
        MissingInputError: the list or a file that it names is not there.
        BrokenInputError: the list is not UTF-8, or names nothing.
    """
    try:
        text = file_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenInputError("is not UTF-8 text", subject=path) from error
    lines = [line.strip() for line in text.splitlines()]
    entries = [
        _entry(path, line, source=source, licence=licence) for line in lines if line and not line.startswith("#")
    ]
    if not entries:
        raise BrokenInputError("names no picture", subject=path)
    return entries


def _entry(listed_in: Path, line: str, *, source: str, licence: str) -> Entry:
    names = line.split("\t")
    files = [listed_in.parent / name for name in names]
    for file in files:
        if not file.is_file():
            raise MissingInputError("is not there", subject=file, fix=f"correct {listed_in}")
    name = Path(names[0]).with_suffix("").as_posix()
    if len(files) == 1:
        return entry_of(files[0], name=name, source=source, licence=licence)
    return matte_entry(files[0], files[1], name=name, source=source, licence=licence)
