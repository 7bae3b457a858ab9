"""Memory that a container allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleanplate.runtime import memory_limits
from cleanplate.runtime.memory_limits import machine_memory, memory_limit

GIB = 1 << 30


@pytest.fixture(autouse=True)
def _machine_of_64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limits, "machine_memory", lambda: 64 * GIB)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("name", "content", "limit"),
    [
        ("memory.max", f"{2 * GIB}\n", 2 * GIB),
        ("memory.max", "max\n", None),
        ("memory.max", "", None),
        ("memory/memory.limit_in_bytes", f"{3 * GIB}\n", 3 * GIB),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
    ],
)
def test_limit_of_a_container(tmp_path: Path, name: str, content: str, limit: int | None) -> None:
    _write(tmp_path / name, content)
    assert memory_limit(tmp_path, tmp_path / "none") == limit


def test_smallest_limit_of_the_groups_around_the_process_counts(tmp_path: Path) -> None:
    _write(tmp_path / "members", "0::/system.slice/photo.service\n")
    _write(tmp_path / "system.slice" / "memory.max", str(4 * GIB))
    _write(tmp_path / "system.slice" / "photo.service" / "memory.max", str(6 * GIB))
    _write(tmp_path / "other" / "memory.max", str(GIB))
    assert memory_limit(tmp_path, tmp_path / "members") == 4 * GIB


def test_groups_of_cgroup_1_are_named_by_controller(tmp_path: Path) -> None:
    _write(tmp_path / "members", "5:memory:/box\n4:cpu,cpuacct:/big\n")
    _write(tmp_path / "memory" / "box" / "memory.limit_in_bytes", str(2 * GIB))
    _write(tmp_path / "memory" / "big" / "memory.limit_in_bytes", str(GIB))
    assert memory_limit(tmp_path, tmp_path / "members") == 2 * GIB


def test_this_machine() -> None:
    memory = machine_memory()
    assert memory is None or memory > GIB // 4
