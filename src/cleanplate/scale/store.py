"""Files by address: paths of this machine, or whatever fsspec reaches (``s3://``, ``gs://``, ``az://``, ``sftp://``).

Paths of this machine need nothing but Python. Addresses of other places need fsspec (extra ``batch``) and the package
that speaks their protocol (extras ``s3``, ``gs``, ``az``); who may read and write is that package's business, through
its usual environment variables and files.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cleanplate.decode.limits import Limits
from cleanplate.decode.source import read_source
from cleanplate.encode.atomic import write_atomic
from cleanplate.errors import CleanplateError, InputError, MissingExtraError, MissingInputError, OutputError

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}
_WHOLE_OR_NOTHING = frozenset(_EXTRAS)
"""Protocols under which an object appears when all of it has arrived, or not at all."""


@dataclass(frozen=True)
class Info:
    """What a store says about a file without reading it.

    Attributes:
        size: bytes.
        stamp: changes when the content does: the entity tag of an object, else the time of change.
        modified: that time in seconds since 1970 by the clock of the store; None where it does not tell.
    """

    size: int
    stamp: str
    modified: float | None


def address(text: str) -> str:
    """One spelling for one place: an absolute path of this machine, or an URL; no slash at the end."""
    if text.startswith("file://"):
        text = unquote(text.removeprefix("file://"))
    if "://" in text:
        return text.rstrip("/")
    return str(Path(text).expanduser().absolute())


def is_local(place: str) -> bool:
    """Whether ``place`` is a path of this machine."""
    return "://" not in place


def joined(folder: str, relative: str) -> str:
    """The place of ``relative`` (forward slashes) below ``folder``."""
    return f"{folder.rstrip('/')}/{relative}"


def read(place: str, *, limits: Limits, name: str | None = None) -> bytes:
    """All bytes of a file.

    Raises:
        MissingInputError: there is none, or it may not be read.
        TooLargeError: more bytes than ``limits`` allow.
        InputError: the disk or network fails.
    """
    if is_local(place):
        return read_source(Path(place), name=name, limits=limits)[0]
    files, path = _opened(place)
    shown = name or place
    try:
        data = _bytes(files, path, limits) if _knows_ranges(place) else files.cat_file(path)
    except FileNotFoundError:
        raise MissingInputError("does not exist", subject=shown, fix="check the address") from None
    except PermissionError:
        raise MissingInputError("may not be read (no permission)", subject=shown, fix="check the credentials") from None
    except Exception as error:
        raise InputError(f"cannot be read ({_reason(error)})", subject=shown) from None
    limits.check_bytes(len(data), shown)
    return bytes(data)


def info(place: str) -> Info | None:
    """What is known of a file; None if there is none.

    Raises:
        InputError: the store does not answer.
    """
    if is_local(place):
        try:
            status = os.stat(place)  # noqa: PTH116 - called for every picture
        except OSError:
            return None
        return Info(status.st_size, str(status.st_mtime_ns), status.st_mtime)
    files, path = _opened(place)
    try:
        return _info(files.info(path))
    except FileNotFoundError:
        return None
    except Exception as error:
        raise InputError(f"cannot be asked for ({_reason(error)})", subject=place) from None


def is_folder(place: str) -> bool:
    """Whether something lies below ``place``."""
    if is_local(place):
        return Path(place).is_dir()
    files, path = _opened(place)
    try:
        return bool(files.isdir(path))
    except Exception as error:
        raise InputError(f"cannot be asked for ({_reason(error)})", subject=place) from None


def write(place: str, data: bytes, *, overwrite: bool = False) -> None:
    """Write a file such that others see all of it or nothing; folders on the way are made.

    Raises:
        OutputError: it exists (unless ``overwrite``), or the store refuses.
    """
    if is_local(place):
        try:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be made ({error.strerror})", subject=Path(place).parent) from None
        write_atomic(Path(place), data, overwrite=overwrite)
        return
    files, path = _opened(place)
    try:
        if place.partition("://")[0] in _WHOLE_OR_NOTHING:
            _put(files, path, data, overwrite=overwrite)
        else:
            _moved_into_place(files, path, data, overwrite=overwrite)
    except FileExistsError:
        raise OutputError("exists already", subject=place, fix="write elsewhere with -o, or add --overwrite") from None
    except Exception as error:
        raise OutputError(f"cannot be written ({_reason(error)})", subject=place, fix="check the credentials") from None


def download(place: str, target: Path) -> None:
    """Copy a file of any size to this machine.

    Raises:
        MissingInputError: there is none.
        InputError: the network fails, or the disk is full.
    """
    files, path = _opened(f"file://{place}" if is_local(place) else place)
    try:
        files.get_file(path, str(target))
    except FileNotFoundError:
        raise MissingInputError("does not exist", subject=place, fix="check the address") from None
    except Exception as error:
        raise InputError(f"cannot be fetched ({_reason(error)})", subject=place) from None


def remove(place: str) -> None:
    """Delete a file; nothing happens if there is none."""
    if is_local(place):
        Path(place).unlink(missing_ok=True)
        return
    files, path = _opened(place)
    try:
        files.rm_file(path)
    except FileNotFoundError:
        return
    except Exception as error:
        raise OutputError(f"cannot be removed ({_reason(error)})", subject=place) from None


def names(folder: str) -> list[str]:
    """Names of the files directly in ``folder``, sorted; none if there is no such folder."""
    if is_local(folder):
        try:
            return sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
        except OSError:
            return []
    files, path = _opened(folder)
    try:
        listed = files.ls(path, detail=True)
    except FileNotFoundError:
        return []
    except Exception as error:
        raise InputError(f"cannot be listed ({_reason(error)})", subject=folder) from None
    return sorted(entry["name"].rsplit("/", 1)[-1] for entry in listed if entry["type"] == "file")


def below(folder: str) -> Iterator[tuple[str, Info | None]]:
    """Every file below ``folder``: its path relative to it, and what is known of it.

    One folder after the other is listed, so that memory depends on the largest folder, not on the number of files.
    Hidden files and folders are passed over. The order is the same each time.

    Raises:
        MissingInputError: there is no such folder.
        InputError: it cannot be listed.
    """
    return _below_path(folder, "") if is_local(folder) else _below_address(folder)


def _below_path(folder: str, inside: str) -> Iterator[tuple[str, Info | None]]:
    try:
        entries = sorted(os.scandir(os.path.join(folder, inside)), key=lambda entry: entry.name)  # noqa: PTH118
    except FileNotFoundError:
        raise MissingInputError("does not exist", subject=folder, fix="check the path") from None
    except OSError as error:
        raise InputError(f"cannot be listed ({error.strerror})", subject=f"{folder}/{inside}") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below_path(folder, f"{inside}{entry.name}/")
            continue
        try:
            status = entry.stat()
            yield inside + entry.name, Info(status.st_size, str(status.st_mtime_ns), status.st_mtime)
        except OSError:  # a broken link is reported as a picture that cannot be read
            yield inside + entry.name, None


def _below_address(folder: str) -> Iterator[tuple[str, Info | None]]:
    files, root = _opened(folder)
    start = root.rstrip("/") + "/"
    try:
        for where, folders, found in files.walk(root, detail=True, on_error="raise"):
            for hidden in [name for name in folders if name.startswith(".")]:
                del folders[hidden]
            inside = (where.rstrip("/") + "/").removeprefix(start)
            for name in sorted(found):
                if name and not name.startswith("."):
                    yield inside + name, _info(found[name])
    except FileNotFoundError:
        raise MissingInputError("does not exist", subject=folder, fix="check the address") from None
    except CleanplateError:
        raise
    except Exception as error:
        raise InputError(f"cannot be listed ({_reason(error)})", subject=folder) from None


def _opened(place: str) -> tuple[Any, str]:
    """The file system of an address, and what it calls the place. It keeps no listings: other machines write too."""
    protocol = place.partition("://")[0]
    try:
        import fsspec.core

        files, path = fsspec.core.url_to_fs(place, use_listings_cache=False)
    except ImportError as error:
        extra = _EXTRAS.get(protocol, "batch")
        fix = f"pip install 'cleanplate[{extra}]'"
        raise MissingExtraError(f"cannot be reached ({error})", subject=f"{protocol}://", fix=fix) from None
    except ValueError as error:
        raise InputError(f"is no address that fsspec knows ({error})", subject=place) from None
    except Exception as error:
        raise InputError(f"cannot be reached ({_reason(error)})", subject=place) from None
    return files, str(path)


def _bytes(files: Any, path: str, limits: Limits) -> bytes:
    """One request instead of two: not the size is asked for, but one byte more than is allowed."""
    try:
        return bytes(files.cat_file(path, end=limits.max_bytes + 1))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return bytes(files.cat_file(path))  # an empty object has no first byte


def _knows_ranges(place: str) -> bool:
    # A range beyond the end of an object is answered with the whole object.
    return place.partition("://")[0] in _WHOLE_OR_NOTHING


def _put(files: Any, path: str, data: bytes, *, overwrite: bool) -> None:
    if overwrite:
        files.pipe_file(path, data)
        return
    try:
        files.pipe_file(path, data, mode="create")
    except TypeError:  # a package that has no such mode
        if files.exists(path):
            raise FileExistsError(path) from None
        files.pipe_file(path, data)


def _moved_into_place(files: Any, path: str, data: bytes, *, overwrite: bool) -> None:
    folder, _, name = path.rpartition("/")
    if not overwrite and files.exists(path):
        raise FileExistsError(path)
    files.makedirs(folder, exist_ok=True)
    beside = f"{folder}/.cleanplate-{os.getpid()}-{secrets.token_hex(6)}-{name}.part"
    try:
        files.pipe_file(beside, data)
        files.mv(beside, path)
    except BaseException:
        if files.exists(beside):
            files.rm_file(beside)
        raise


def _info(entry: dict[str, Any]) -> Info:
    modified: Any = next(
        (entry[key] for key in ("LastModified", "last_modified", "mtime", "updated") if entry.get(key)), None
    )
    if hasattr(modified, "timestamp"):
        modified = modified.timestamp()
    tag = next((entry[key] for key in ("ETag", "etag", "md5Hash", "content_settings") if entry.get(key)), modified)
    seconds = float(modified) if isinstance(modified, int | float) else None
    return Info(int(entry.get("size") or 0), str(tag).strip('"'), seconds)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
