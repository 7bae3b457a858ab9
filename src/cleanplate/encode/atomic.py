"""Files that are there completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cleanplate.errors import CleanplateError, OutputError

_FIXES = {
    errno.ENOSPC: ("the disk is full", "free some space or choose another folder"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or choose another folder"),
    errno.EACCES: ("no permission to write there", "choose another folder or change its permissions"),
    errno.EPERM: ("no permission to write there", "choose another folder or change its permissions"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.ENOENT: ("the folder does not exist", "create it first"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "check the path"),
    errno.EISDIR: ("is a folder", "name a file in it"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
}


def write_atomic(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write ``data`` to ``path`` such that others see the old state or the whole file, even after a crash.

    See :func:`atomic_file`.

    Raises:
        OutputError: the target exists, or the system refuses (no permission, disk full, read-only, no folder).
    """
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(data)


@contextlib.contextmanager
def atomic_file(path: Path, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open a file to write to (and to read back) that gets the name ``path`` when the block ends without an error.

    Libraries that open files themselves may write to the one called ``file.name`` instead.

    The bytes go to a hidden file beside the target, are forced to the disk and take the name in one step. Without
    ``overwrite`` that step fails if the name is taken, also when another process takes it in between. A symbolic link
    is followed, so the file it points to is replaced and the link stays. Permissions: those of the file replaced, else
    what the umask says. On Windows the same calls are used, except that folders cannot be forced to the disk; not
    tested there.

    Raises:
        OutputError: the target exists, or the system refuses (no permission, disk full, read-only, no folder); errors
            of the system inside the block come as this too.
    """
    target = _resolved(path)
    _check(target, path, overwrite=overwrite)
    beside = target.with_name(f".cleanplate-{os.getpid()}-{secrets.token_hex(6)}.part")
    try:
        try:
            with _opened(beside, like=target) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _take_name(beside, target, overwrite=overwrite)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise explained(error, path) from None


def _resolved(path: Path) -> Path:
    nowhere = OutputError("is a symbolic link that leads nowhere", subject=path, fix="choose another name")
    try:
        target = path.resolve() if path.is_symlink() else path.absolute()
    except (OSError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno != errno.ELOOP:
            raise explained(error, path) from None
        raise nowhere from None
    if os.path.islink(target):  # noqa: PTH114 - Python 3.13 hands a loop back instead of refusing it
        raise nowhere
    return target


def _check(target: Path, shown: Path, *, overwrite: bool) -> None:
    if target.is_dir():
        raise OutputError("is a folder", subject=shown, fix="name a file in it")
    if os.path.exists(target) and not os.path.isfile(target):  # noqa: PTH110, PTH113 - a name too long is no device
        raise OutputError("is a device or pipe, not a file", subject=shown, fix="name a file, or use - for a pipe")
    if not overwrite and os.path.lexists(target):
        raise _taken(shown)


def _opened(beside: Path, *, like: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    file = open(beside, "w+b", opener=lambda path, _: os.open(path, flags, 0o666))  # noqa: SIM115
    with contextlib.suppress(OSError):
        os.chmod(beside, like.stat().st_mode & 0o777)  # noqa: PTH101
    return file


def _take_name(beside: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        os.replace(beside, target)  # noqa: PTH105
    elif os.name == "nt":
        os.rename(beside, target)  # noqa: PTH104  (Windows refuses to rename over a file)
    else:
        _link(beside, target)


def _link(beside: Path, target: Path) -> None:
    """A hard link fails if the name is taken; where there are no links, the name is claimed by an empty file first."""
    try:
        os.link(beside, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV):
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            os.replace(beside, target)  # noqa: PTH105
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk; systems that cannot do this for folders say so by an error."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _taken(path: Path) -> CleanplateError:
    return OutputError("already exists", subject=path, fix="choose another name or allow overwriting (--overwrite)")


def explained(error: OSError, path: Path) -> CleanplateError:
    """What the system said when a file could not be written, in the user's terms."""
    problem, fix = _FIXES.get(error.errno or 0, (error.strerror or str(error), "choose another folder"))
    return OutputError(f"cannot be written: {problem}", subject=path, fix=fix)
