"""WebDataset shards: tar files in which the members of one sample share the name up to the first dot.

The layout is WebDataset's, so its own tools read these files too. They are read here by position instead of as a
stream, because only that gives an exact place to resume from and a true shuffle; the ``webdataset`` package offers
neither and is therefore not used.
"""

from __future__ import annotations

import mmap
import tarfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, overload

from cleanplate.errors import ArgumentError, BrokenInputError, MissingInputError
from cleanplate_training.data.at_hand import at_hand
from cleanplate_training.data.members import PICTURES, decoded, facts_of
from cleanplate_training.data.sample import Entry, Sample


class Member(NamedTuple):
    """Where one file lies in a shard."""

    offset: int
    size: int


class ShardSet(Sequence[Sample]):
    """Samples of one or more shards by index, in the order of the given files and of their members.

    Args:
        paths: tar files, or their addresses in an object store (see :mod:`cleanplate_training.data.at_hand`).
        source: name for samples whose shard does not say.
        licence: terms for samples whose shard does not say.

    Raises:
        MissingInputError: a file cannot be opened.
        BrokenInputError: a file is no tar, or has no picture in it.
    """

    def __init__(self, paths: Sequence[Path], *, source: str = "", licence: str = "") -> None:
        if not paths:
            raise ArgumentError("names no shard", subject="shards")
        self.paths = at_hand(paths)
        self._source, self._licence = source, licence
        self._index: list[tuple[int, str, dict[str, Member]]] = []
        for number, path in enumerate(self.paths):
            found = _indexed(path)
            if not found:
                raise BrokenInputError("has no picture in it", subject=path)
            self._index += [(number, key, members) for key, members in found.items()]
        self._files: dict[int, mmap.mmap] = {}

    def __len__(self) -> int:
        """Number of samples."""
        return len(self._index)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """Read and decode.

        Raises:
            BrokenInputError: the picture cannot be decoded.
        """
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        shard, key, members = self._index[index]
        files = {suffix: self._bytes(shard, member) for suffix, member in members.items()}
        return decoded(key, files, where=f"{self.paths[shard]}:{key}", source=self._source, licence=self._licence)

    def keys(self) -> list[str]:
        """Keys of all samples, in order."""
        return [key for _, key, _ in self._index]

    def entries(self) -> list[Entry]:
        """The samples as entries of a source; source, licence and group are read from each json."""
        listed = []
        for index, (shard, key, members) in enumerate(self._index):
            facts = facts_of(self._bytes(shard, members["json"])) if "json" in members else {}
            listed.append(
                Entry(
                    key=key,
                    source=facts.get("source", self._source),
                    licence=facts.get("licence", self._licence),
                    group=facts.get("group", key),
                    read=partial(self.__getitem__, index),
                )
            )
        return listed

    def __getstate__(self) -> dict[str, Any]:
        """Leave open files behind when sent to a worker process."""
        return self.__dict__ | {"_files": {}}

    def _bytes(self, shard: int, member: Member) -> bytes:
        # Mapped rather than read, so that threads share no file position, on every system.
        if shard not in self._files:
            with self.paths[shard].open("rb") as file:
                self._files[shard] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._files[shard][member.offset : member.offset + member.size]


def _indexed(path: Path) -> dict[str, dict[str, Member]]:
    samples: dict[str, dict[str, Member]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                folder, _, name = info.name.rpartition("/")
                stem, dot, suffix = name.partition(".")
                if info.isfile() and dot:
                    key = f"{folder}/{stem}" if folder else stem
                    samples.setdefault(key, {})[suffix.lower()] = Member(info.offset_data, info.size)
    except OSError as error:
        raise MissingInputError(error.strerror or "cannot be opened", subject=path) from error
    except tarfile.TarError as error:
        raise BrokenInputError("is not a tar file", subject=path) from error
    return {key: members for key, members in samples.items() if any(suffix in members for suffix in PICTURES)}
