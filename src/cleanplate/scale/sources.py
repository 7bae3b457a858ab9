"""Which pictures there are: a folder, a pattern, or a list; streamed, never held."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleanplate.batch.tree import PICTURE_ENDINGS
from cleanplate.errors import ArgumentError, InputError, MissingExtraError, MissingInputError
from cleanplate.scale import store

LISTS = (".txt", ".lst", ".csv", ".jsonl", ".ndjson")
"""Endings of files that name pictures."""
_SOURCE = "source"


@dataclass(frozen=True)
class Found:
    """One picture.

    Attributes:
        key: its path relative to the folder, the pattern's fixed part, or the list's root.
        place: where it is.
        info: what the store listed; None if it was named in a list.
        given: options of this picture alone, as they were written.
        where: names it, or its line, in errors.
    """

    key: str
    place: str
    info: store.Info | None = None
    given: dict[str, Any] = field(default_factory=dict)
    where: str = ""


def pictures(source: str, *, root: str | None = None, without: str | None = None) -> Iterator[Found]:
    """The pictures that ``source`` stands for.

    Args:
        source: folder; pattern with ``*``, ``**``, ``?`` or ``[...]``; list file (``.txt``: one a line; ``.csv``,
            ``.jsonl``: a column ``source``, other columns are options); or one picture.
        root: what relative names in a list start from; the folder of the list if None. Names below it are called by
            their path relative to it.
        without: folder that is passed over (the target, if it lies inside).

    Raises:
        MissingInputError: there is no such place.
        InputError: it cannot be listed or read.
    """
    place = store.address(source)
    if any(sign in place.partition("://")[2 if "://" in place else 0] for sign in "*?["):
        return _matching(place, without)
    if place.lower().endswith(LISTS):
        return _listed(place, store.address(root) if root else place.rpartition("/")[0])
    if store.is_folder(place):
        return _inside(place, without)
    known = store.info(place)
    if known is None:
        raise MissingInputError("does not exist", subject=source, fix="check the address")
    return iter([Found(place.rpartition("/")[2], place, known, where=place)])


def _inside(folder: str, without: str | None) -> Iterator[Found]:
    for relative, known in store.below(folder):
        place = store.joined(folder, relative)
        if without is not None and place.startswith(without + "/"):
            continue
        if Path(relative).suffix.lower() in PICTURE_ENDINGS:
            yield Found(relative, place, known, where=relative)


def _matching(pattern: str, without: str | None) -> Iterator[Found]:
    fixed = re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]
    try:
        from fsspec.utils import glob_translate
    except ImportError:
        raise MissingExtraError("need fsspec", subject="patterns", fix="pip install 'cleanplate[batch]'") from None
    fits = re.compile(glob_translate(pattern[len(fixed) + 1 :])).match
    for relative, known in store.below(fixed):
        place = store.joined(fixed, relative)
        if fits(relative) and not (without is not None and place.startswith(without + "/")):
            yield Found(relative, place, known, where=relative)


def _listed(place: str, root: str) -> Iterator[Found]:
    for number, entry in rows(place):
        name = entry.pop(_SOURCE, None) or entry.pop("key", None)
        where = f"{place}, line {number}"
        if not isinstance(name, str) or not name:
            raise InputError("names no picture", subject=where, fix=f"give each line a '{_SOURCE}'")
        absolute = "://" in name or name.startswith("/")
        picture = store.address(name) if absolute else store.joined(root, name)
        yield Found(_key(picture, root), picture, None, entry, where)


def _key(picture: str, root: str) -> str:
    """The path relative to the root; for others all of it, so that two never share one."""
    if picture.startswith(root + "/"):
        return picture[len(root) + 1 :]
    return picture.partition("://")[2] if "://" in picture else picture.lstrip("/")


def rows(place: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Lines of a list or table, with their numbers.

    Raises:
        InputError: it cannot be read.
    """
    ending = "." + place.lower().rpartition(".")[2]
    with _lines(place) as lines:
        if ending == ".csv":
            table = csv.DictReader(lines)
            if table.fieldnames is None or not {_SOURCE, "key"} & set(table.fieldnames):
                raise InputError(f"has no column '{_SOURCE}'", subject=place, fix="name the columns in the first line")
            for entry in table:
                yield table.line_num, {key: value for key, value in entry.items() if key is not None}
            return
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text or (ending in (".txt", ".lst") and text.startswith("#")):
                continue
            if ending in (".txt", ".lst"):
                yield number, {_SOURCE: text}
                continue
            yield number, _object(text, where=f"{place}, line {number}")


def _object(text: str, *, where: str) -> dict[str, Any]:
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise InputError("is no JSON object", subject=where)
    return entry


def _lines(place: str) -> io.TextIOBase:
    """The text of a file, line by line; of this machine or elsewhere."""
    try:
        if store.is_local(place):
            opened: Any = Path(place).open(encoding="utf-8-sig", newline="")  # noqa: SIM115 - closed by the caller
        else:
            import fsspec

            opened = fsspec.open(place, "rt", encoding="utf-8-sig", newline="").open()
    except FileNotFoundError:
        raise InputError("does not exist", subject=place, fix="check the path") from None
    except ImportError:
        raise MissingExtraError("need fsspec", subject=place, fix="pip install 'cleanplate[batch]'") from None
    except Exception as error:
        raise InputError(f"cannot be read ({type(error).__name__}: {error})", subject=place) from None
    assert isinstance(opened, io.TextIOBase)
    return opened


def table(place: str, *, root: str) -> dict[str, dict[str, Any]]:
    """Options by picture from a CSV or JSON lines file; held in memory.

    Raises:
        ArgumentError: a picture is named twice.
        InputError: it cannot be read.
    """
    options: dict[str, dict[str, Any]] = {}
    for found in _listed(store.address(place), root):
        if found.key in options:
            raise ArgumentError(f"is named twice in {place}", subject=found.key, fix="keep one line")
        options[found.key] = found.given
    return options
