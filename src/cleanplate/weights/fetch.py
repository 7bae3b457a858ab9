"""Fetch the file of a record, on explicit request only: verified, resumable, and there completely or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from cleanplate.errors import ArgumentError, OutputError, WeightsError
from cleanplate.weights.checksum import verifiable, verify
from cleanplate.weights.folders import user_folder
from cleanplate.weights.part_file import PartFile, part_of
from cleanplate.weights.record import Record
from cleanplate.weights.store import by_hand, missing
from cleanplate.weights.terms import check_terms
from cleanplate.weights.transfer import Progress, TooManyBytesError, TransferError, transfer

VARIABLE = "CLEANPLATE_MIRROR"
"""Environment variable with the address of a mirror."""

_ATTEMPTS = 4


def fetch(
    record: Record,
    *,
    folder: Path | None = None,
    mirror: str | None = None,
    commercial_only: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    timeout: float = 30.0,
) -> Path:
    """Bring the file of a record to this machine.

    An interrupted download is continued by the next call. The file takes its name only after its hash was checked.
    Proxies are those of the environment.

    Args:
        record: the weights.
        folder: where to put the file; the user's folder by default. Made if need be.
        mirror: https, http or file address, or a folder, that holds files by their names; instead of the record's
            addresses. ``CLEANPLATE_MIRROR`` by default.
        commercial_only: refuse weights whose commercial use is not clear.
        overwrite: replace a file of that name that is not what the record says.
        progress: called with bytes so far and in all.
        timeout: seconds of silence after which a server is given up.

    Returns:
        The file.

    Raises:
        WeightsError: refused by its terms, no hash known, not reachable, or not what the record says.
        OutputError: the folder cannot be written to, or holds another file of that name.
        ArgumentError: the mirror is no address.
    """
    check_terms(record, asked=commercial_only)
    if not verifiable(record):
        raise missing(record)
    urls = addresses(record, mirror)
    if not urls:
        raise missing(record)
    target = (folder or user_folder()) / record.file
    try:
        if _already_there(target, record, overwrite=overwrite):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with part_of(target) as part:
            _fill(part, record, urls, target.parent, progress, timeout)
            part.become_target()
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}", subject=target, fix="choose another folder (--to)"
        ) from None
    return target


def addresses(record: Record, mirror: str | None = None) -> list[str]:
    """Where the file of a record is fetched from, in order.

    Raises:
        ArgumentError: the mirror is neither an address nor a folder.
    """
    mirror = mirror or os.environ.get(VARIABLE, "").strip() or None
    if mirror is None:
        return list(record.urls)
    scheme = urlsplit(mirror).scheme.lower()
    if scheme not in {"https", "http", "file"}:
        if not Path(mirror).expanduser().is_dir():
            raise ArgumentError("is neither an address (https, http, file) nor a folder", subject=f"mirror '{mirror}'")
        mirror = Path(mirror).expanduser().absolute().as_uri()
    return [f"{mirror.rstrip('/')}/{quote(record.file)}"]


def _already_there(target: Path, record: Record, *, overwrite: bool) -> bool:
    if not target.exists():
        return False
    try:
        verify(target, record)
    except WeightsError as error:
        if overwrite:
            return False
        raise OutputError(error.problem, subject=target, fix="replace it with --overwrite") from None
    return True


def _fill(
    part: PartFile, record: Record, urls: list[str], folder: Path, progress: Progress | None, timeout: float
) -> None:
    """Get all bytes from the first address that gives the right ones."""
    failures: list[str] = []
    for url in urls:
        try:
            _get(part, record, url, progress, timeout)
        except TransferError as error:
            failures.append(f"{url}: {error}")
        except WeightsError:
            part.discard()
            raise
        else:
            return
    held = part.file.seek(0, 2)
    kept = f" ({held} bytes are kept; the same command goes on)" if held else ""
    raise WeightsError(
        f"cannot be fetched{kept}: {'; '.join(failures)}",
        subject=f"weights '{record.name}'",
        fix=f"without network: {by_hand(record, folder)}, or use --mirror",
    )


def _get(part: PartFile, record: Record, url: str, progress: Progress | None, timeout: float) -> None:
    """Fetch from one address, going on after broken connections, and verify.

    Raises:
        TransferError: the bytes do not come.
        WeightsError: they are the wrong ones.
    """
    resumed = _continue(part, record, url, progress, timeout)
    try:
        _check(part, record)
    except WeightsError:
        if not resumed:
            raise
        # Bytes kept from an earlier attempt may be of another version: once more from the beginning.
        part.empty()
        _continue(part, record, url, progress, timeout)
        _check(part, record)


def _continue(part: PartFile, record: Record, url: str, progress: Progress | None, timeout: float) -> bool:
    """Fetch until the end; returns whether bytes of an earlier call were kept."""
    kept = part.file.seek(0, 2) > 0
    expected = record.bytes if isinstance(record.bytes, int) else None
    for attempt in range(_ATTEMPTS):
        before = part.file.seek(0, 2)
        origin = part.origin()
        try:
            done = transfer(
                url,
                part.file,
                # Bytes from elsewhere are kept too, as the hash decides; only their version means nothing here.
                validator=origin[1] if origin is not None and origin[0] == url else None,
                expected=expected,
                progress=progress,
                started=lambda version: part.set_origin(url, version),
                timeout=timeout,
            )
        except TooManyBytesError:
            part.empty()
            raise
        except TransferError:
            # Only a connection that brought something is worth another attempt.
            if attempt + 1 == _ATTEMPTS or part.file.seek(0, 2) <= before:
                raise
        else:
            return kept and done.resumed
    raise AssertionError("unreachable")


def _check(part: PartFile, record: Record) -> None:
    part.file.flush()
    try:
        verify(part.path, record, cache=None)
    except WeightsError as error:
        raise WeightsError(
            f"what was fetched {error.problem}; nothing was kept",
            subject=f"weights '{record.name}'",
            fix="try again later or use another mirror",
        ) from None
