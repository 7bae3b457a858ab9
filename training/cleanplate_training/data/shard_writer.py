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


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        OutputError: It does, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("is not an empty folder", subject=folder, fix="give a new one")


class ShardWriter:
    """Writes samples into numbered shards and a ``manifest.jsonl`` beside them.

    Use it as a context manager. Shards appear under their names only when they are whole; the same samples always
    give the same bytes. Manifest rows: key, shard, split, source, licence, group, sha256 of the picture file, width,
    height.

    Args:
        folder: created if missing; must not hold shards of this split already.
        split: first part of the file names ("train", "val", "test").
        per_shard: samples a shard.
        quality: JPEG quality of pictures that are not passed through; None = PNG.

    Raises:
        OutputError: the folder cannot be made, or holds shards of this split.
    """

    def __init__(self, folder: Path, *, split: str, per_shard: int = 2000, quality: int | None = 95) -> None:
        self._folder, self._split, self._per_shard, self._quality = folder, split, per_shard, quality
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(error.strerror or "cannot be made", subject=folder) from error
        if any(folder.glob(f"{split}-*.tar")):
            raise OutputError(f"already holds {split} shards", subject=folder, fix="give another folder")
        self.paths: list[Path] = []
        self.count = 0
        self._tar: tarfile.TarFile | None = None
        self._rows: list[str] = []
        self._keys: set[str] = set()

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
        if sample.key in self._keys:
            raise OutputError("was written before", subject=sample.key)
        self._keys.add(sample.key)
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
        self.count += 1
        if self.count % self._per_shard == 0:
            self._close()

    @property
    def _name(self) -> str:
        return f"{self._split}-{len(self.paths):06d}.tar"

    @property
    def _partial(self) -> Path:
        return self._folder / f".{self._name}.tmp"

    def _close(self) -> None:
        if self._tar is None:
            return
        self._tar.close()
        self._tar = None
        path = self._folder / self._name
        self._partial.replace(path)
        self.paths.append(path)
        with (self._folder / "manifest.jsonl").open("a", encoding="utf-8") as manifest:
            manifest.writelines(f"{row}\n" for row in self._rows)
        self._rows.clear()
