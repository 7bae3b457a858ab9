"""Usable cores follow affinity and the quotas of containers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cleanplate.runtime.cpu_limits import cpu_quota, usable_cores


@pytest.fixture(autouse=True)
def _machine_of_sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("content", "cores"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("max 100000\n", 16),
        ("6400000 100000\n", 16),
        ("", 16),
        ("nonsense", 16),
        ("100000 0\n", 16),
    ],
)
def test_quota_of_cgroup_2(tmp_path: Path, content: str, cores: int) -> None:
    _write(tmp_path / "cpu.max", content)
    assert usable_cores(tmp_path, tmp_path / "none") == cores


@pytest.mark.parametrize("controller", ["cpu", "cpu,cpuacct", "cpuacct,cpu"])
@pytest.mark.parametrize(("quota", "cores"), [("300000", 3), ("-1", 16), ("250000", 3)])
def test_quota_of_cgroup_1(tmp_path: Path, controller: str, quota: str, cores: int) -> None:
    _write(tmp_path / controller / "cpu.cfs_quota_us", quota)
    _write(tmp_path / controller / "cpu.cfs_period_us", "100000")
    assert usable_cores(tmp_path, tmp_path / "none") == cores


def test_smallest_quota_of_the_groups_around_the_process_counts(tmp_path: Path) -> None:
    _write(tmp_path / "members", "0::/system.slice/photo.service\n")
    _write(tmp_path / "system.slice" / "cpu.max", "400000 100000")
    _write(tmp_path / "system.slice" / "photo.service" / "cpu.max", "max 100000")
    _write(tmp_path / "other" / "cpu.max", "100000 100000")
    assert cpu_quota(tmp_path, tmp_path / "members") == 4.0


def test_groups_of_cgroup_1_are_named_by_controller(tmp_path: Path) -> None:
    _write(tmp_path / "members", "5:memory:/big\n4:cpu,cpuacct:/box/inner\n0::/elsewhere\n")
    _write(tmp_path / "cpu,cpuacct" / "box" / "cpu.cfs_quota_us", "200000")
    _write(tmp_path / "cpu,cpuacct" / "box" / "cpu.cfs_period_us", "100000")
    _write(tmp_path / "cpu,cpuacct" / "big" / "cpu.cfs_quota_us", "100000")
    _write(tmp_path / "cpu,cpuacct" / "big" / "cpu.cfs_period_us", "100000")
    assert cpu_quota(tmp_path, tmp_path / "members") == 2.0


def test_inside_a_container_the_outer_name_does_not_exist(tmp_path: Path) -> None:
    _write(tmp_path / "members", "0::/docker/0123456789ab\n")
    _write(tmp_path / "cpu.max", "100000 100000")
    assert usable_cores(tmp_path, tmp_path / "members") == 1


def test_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert usable_cores(tmp_path, tmp_path / "none") == 2


def test_without_any_limit_all_cores(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "none") == 16
    assert cpu_quota(tmp_path, tmp_path / "none") is None


def test_this_machine_has_at_least_one() -> None:
    assert usable_cores() >= 1
