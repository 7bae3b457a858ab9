"""All records that ship with cleanplate."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from cleanplate.errors import WeightsError
from cleanplate.weights.record import Record, Task, read_record

RECORDS = Path(__file__).parent / "records"
"""Folder with one TOML file a weight."""


class Catalog:
    """Records by name."""

    def __init__(self, folder: Path = RECORDS) -> None:
        """Read all records of a folder.

        Raises:
            WeightsError: a record is wrong, says nowhere to get its file, or claims the file name of another.
        """
        self._records = {path.stem: read_record(path) for path in sorted(folder.glob("*.toml"))}
        owners: dict[str, str] = {}
        for record in self._records.values():
            if not (record.urls or record.bundled or record.python_package != "none"):
                raise WeightsError(
                    "nothing says where the file can be had: give urls or python_package",
                    subject=folder / f"{record.name}.toml",
                )
            other = owners.setdefault(record.file.lower(), record.name)
            if other != record.name:
                raise WeightsError(
                    f"file '{record.file}' is also that of '{other}'", subject=folder / f"{record.name}.toml"
                )

    @property
    def records(self) -> list[Record]:
        """All records, sorted by name."""
        return list(self._records.values())

    def named(self, name: str) -> Record:
        """The record called ``name``.

        Raises:
            WeightsError: there is none; the text lists similar names.
        """
        if name in self._records:
            return self._records[name]
        near = difflib.get_close_matches(name.lower().removesuffix(".onnx"), self._records, n=3, cutoff=0.5)
        near += [other for other in self._records if name and name.lower() in other and other not in near]
        known = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(self._records)}"
        raise WeightsError(f"no weights are called '{name}'", fix=f"{known} ('cleanplate models' lists all)")

    def for_task(self, task: Task) -> list[Record]:
        """The records of a task, sorted by name."""
        return [record for record in self.records if record.task == task]

    def __contains__(self, name: object) -> bool:
        return name in self._records


@cache
def shipped() -> Catalog:
    """The catalog that ships with cleanplate; read once."""
    return Catalog()
