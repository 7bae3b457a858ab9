"""Writing WebDataset shards and their manifest."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

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
        beside = folder / f".{_MANIFEST}.tmp"
        beside.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in there), encoding="utf-8")
        beside.replace(manifest)
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
        self._rows: list[str] = []

    def __enter__(self) -> ShardWriter:
        """Open."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Finish the last shard; after an error, leave no half one behind."""
        if kind is None:
            self._close()
        elif self._tar is not None:
            self._tar.close()
            self._partial.unlink(missing_ok=True)

    def write(self, sample: Sample) -> None:
        """Append one sample.

        Raises:
            OutputError: its key was written before, or the disk refuses.
        """
        if sample.key in self.keys:
            raise OutputError("was written before", subject=sample.key)
        self.keys.add(sample.key)
        if self._tar is None:
            self._tar = tarfile.open(self._partial, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        files = members_of(sample, quality=self._quality)
        for suffix, data in files.items():
            info = tarfile.TarInfo(f"{sample.key}.{suffix}")
            info.size = len(data)
            self._tar.addfile(info, io.BytesIO(data))
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

    @property
    def count(self) -> int:
        """Samples so far."""
        return len(self.keys)

    @property
    def _name(self) -> str:
        return _name(self._split, len(self.paths))

    @property
    def _partial(self) -> Path:
        return self._folder / f".{self._name}.tmp"

    def _close(self) -> None:
        if self._tar is None:
            return
        self._tar.close()
        self._tar = None
        with (self._folder / _MANIFEST).open("a", encoding="utf-8") as manifest:
            manifest.writelines(f"{row}\n" for row in self._rows)
        self._rows.clear()
        path = self._folder / self._name
        self._partial.replace(path)
        self.paths.append(path)
