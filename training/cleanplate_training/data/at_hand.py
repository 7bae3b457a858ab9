"""Shards that lie in an object store, brought to this machine once.

Shards are read by position, which a store answers too slowly; so whole shards are copied to a folder of this machine
(``CLEANPLATE_SHARDS``, or the user's cache) the first time that a run names them. Processes of one machine share the
copies: one fetches, the others wait for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from cleanplate.errors import MissingInputError, OutputError
from cleanplate.scale import store

VARIABLE = "CLEANPLATE_SHARDS"
"""Environment variable that names the folder of the copies."""

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+(?=[^/])")
_STALE = 3600.0
"""Seconds after which a lock that nobody renewed is nobody's."""


def at_hand(places: Sequence[Path | str]) -> list[Path]:
    """Paths of this machine for shards that may lie elsewhere.

    Args:
        places: paths, and addresses such as ``s3://bucket/train-00000.tar`` (a :class:`Path` of one is understood); the
            last part of an address may be a pattern, ``train-*.tar``.

    Returns:
        A path each, in the order given; those of a pattern sorted by name.

    Raises:
        MissingInputError: there is no such shard.
        MissingExtraError: the package for that protocol is not installed.
        InputError: it cannot be fetched.
    """
    paths: list[Path] = []
    for place in places:
        text = str(place)
        fit = _ADDRESS.match(text)
        if fit is None:
            paths.append(Path(place))
            continue
        address = f"{fit[1]}://{text[fit.end() :]}"
        paths += [_copy(each) for each in _named(address)]
    return paths


def _named(address: str) -> list[str]:
    folder, _, name = address.rpartition("/")
    if not set("*?[") & set(name):
        return [address]
    found = [store.joined(folder, each) for each in store.names(folder) if Path(each).match(name)]
    if not found:
        raise MissingInputError("matches nothing", subject=address, fix="check the address")
    return found


def _copy(address: str) -> Path:
    known = store.info(address)
    if known is None:
        raise MissingInputError("does not exist", subject=address, fix="check the address")
    # Another content under the same address is another copy.
    name = hashlib.sha256(f"{address} {known.stamp}".encode()).hexdigest()[:16]
    folder = Path(os.environ.get(VARIABLE) or user_cache_path("cleanplate") / "shards")
    path = folder / f"{name}-{address.rpartition('/')[2]}"
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made ({error.strerror})", subject=folder, fix=f"set {VARIABLE}") from None
    with _alone(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            try:
                store.download(address, part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    return path


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file; one that was left behind by a process that died is taken over after a while."""
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > _STALE:
                    lock.unlink()
            time.sleep(0.2)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
