"""Writing WebDataset shards and their manifest."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from cleanplate.encode.atomic import atomic_file, explained, write_atomic
from cleanplate.errors import OutputError
from cleanplate_training.data.members import PICTURES, members_of
from cleanplate_training.data.sample import Sample

_MANIFEST = "manifest.jsonl"


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        OutputError: It does, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("is not an empty folder", subject=folder, fix="give a new one")


def _name(split: str, number: int) -> str:
    return f"{split}-{number:06d}.tar"


def _whole(folder: Path, split: str) -> dict[str, set[str]]:
    """Keys of each shard of a split that is whole; rows of others leave the manifest.

    Raises:
        OutputError: A shard is there of which the manifest knows nothing: another hand made it.
    """
    manifest = folder / _MANIFEST
    lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.exists() else []
    # A line that was cut off tells of a shard that never got its name: rows are written first.
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    there = [row for row in rows if (folder / row["shard"]).exists()]
    found: dict[str, set[str]] = {}
    for row in there:
        if row["split"] == split:
            found.setdefault(row["shard"], set()).add(row["key"])
    for path in sorted(folder.glob(f"{split}-*.tar")):
        if path.name not in found:
            raise OutputError(f"{_MANIFEST} beside it does not list it", subject=path, fix="give another folder")
    if sorted(found) != [_name(split, number) for number in range(len(found))]:
        raise OutputError(f"lacks one of its {split} shards", subject=folder, fix="give another folder")
    if len(there) < len(lines):
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in there)
        write_atomic(manifest, text.encode(), overwrite=True)
    return found


class ShardWriter:
    """Writes samples into numbered shards and a ``manifest.jsonl`` beside them.

    Use it as a context manager. Shards appear under their names only when they are whole; the same samples always
    give the same bytes. Manifest rows: key, shard, split, source, licence, group, sha256 of the picture file, width,
    height.

    Args:
        folder: created if missing; must not hold shards of this split already, except to resume.
        split: first part of the file names ("train", "val", "test").
        per_shard: samples a shard.
        quality: JPEG quality of pictures that are not passed through; None = PNG.
        resume: go on after the whole shards that are there; :attr:`keys` tells what they hold.

    Raises:
        OutputError: the folder cannot be made, or holds shards of this split that were not written so.
    """

    def __init__(
        self, folder: Path, *, split: str, per_shard: int = 2000, quality: int | None = 95, resume: bool = False
    ) -> None:
        self._folder, self._split, self._per_shard, self._quality = folder, split, per_shard, quality
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(error.strerror or "cannot be made", subject=folder) from error
        whole = _whole(folder, split) if resume else {}
        if not whole and any(folder.glob(f"{split}-*.tar")):
            raise OutputError(f"already holds {split} shards", subject=folder, fix="give another folder")
        self.paths = [folder / name for name in sorted(whole)]
        self.keys: set[str] = set().union(*whole.values())
        self._tar: tarfile.TarFile | None = None
        self._shard = contextlib.ExitStack()
        self._rows: list[str] = []

    def __enter__(self) -> ShardWriter:
        """Open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the last shard; after an error, leave no half one behind."""
        if kind is None:
            self._close()
        else:
            self._shard.__exit__(kind, error, trace)

    def write(self, sample: Sample) -> None:
        """Append one sample.

        Raises:
            OutputError: its key was written before, or the disk refuses.
        """
        if sample.key in self.keys:
            raise OutputError("was written before", subject=sample.key)
        self.keys.add(sample.key)
        files = members_of(sample, quality=self._quality)
        try:
            self._append(sample.key, files)
        except OSError as error:  # said here: of several open writers, the first to end would say it of its own shard
            raise explained(error, self._folder / self._name) from None
        picture = next(data for suffix, data in files.items() if suffix in PICTURES)
        row = {
            "key": sample.key,
            "shard": self._name,
            "split": self._split,
            "source": sample.source,
            "licence": sample.licence,
            "group": sample.group or sample.key,
            "sha256": hashlib.sha256(picture).hexdigest(),
            "width": sample.picture.shape[1],
            "height": sample.picture.shape[0],
        }
        self._rows.append(json.dumps(row, ensure_ascii=False))
        if len(self._rows) == self._per_shard:
            self._close()

    def _append(self, key: str, files: Mapping[str, bytes]) -> None:
        if self._tar is None:
            file = self._shard.enter_context(atomic_file(self._folder / self._name))
            self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        for suffix, data in files.items():
            info = tarfile.TarInfo(f"{key}.{suffix}")
            info.size = len(data)
            self._tar.addfile(info, io.BytesIO(data))

    @property
    def count(self) -> int:
        """Samples so far."""
        return len(self.keys)

    @property
    def _name(self) -> str:
        return _name(self._split, len(self.paths))

    def _close(self) -> None:
        tar, self._tar = self._tar, None
        if tar is None:
            return
        with self._shard:  # the shard takes its name at the end, or nothing is left of it
            tar.close()
            with (self._folder / _MANIFEST).open("a", encoding="utf-8") as manifest:
                manifest.writelines(f"{row}\n" for row in self._rows)
        self._rows.clear()
        self.paths.append(self._folder / self._name)
