"""How many cores this process may really use: affinity and the limits of a container count."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cores(root: Path = _MOUNT, membership: Path = _MEMBERSHIP) -> int:
    """Cores that threads of this process can run on at the same time, at least 1.

    The smallest of the machine's cores, the process's affinity and the CPU quotas of the control groups it is in
    (containers, services; cgroup 2 ``cpu.max``, cgroup 1 ``cpu.cfs_quota_us``), rounded up.

    Args:
        root: where the control groups are mounted.
        membership: file that says in which groups this process is.
    """
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    quota = cpu_quota(root, membership)
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))


def cpu_quota(root: Path = _MOUNT, membership: Path = _MEMBERSHIP) -> float | None:
    """Cores that the control groups allow on average; None without a limit.

    Args:
        root: where the control groups are mounted.
        membership: file that says in which groups this process is.
    """
    found = [quota for folder in _groups(root, membership) if (quota := _quota(folder)) is not None]
    return min(found, default=None)


def _groups(root: Path, membership: Path) -> Iterator[Path]:
    """Folders of the groups that this process is in, and of those around them: each of them may set a limit.

    Inside a container the outer names in ``membership`` do not exist; its own group is then the mount itself.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    mounts = {root: "/", **{root / name: "/" for name in ("cpu", "cpu,cpuacct", "cpuacct,cpu")}}
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            mounts[root] = path
        elif "cpu" in controllers.split(","):
            mounts.update({mount: path for mount in mounts if mount != root})
    for mount, path in mounts.items():
        inner = mount / path.lstrip("/")
        yield inner
        yield from (parent for parent in inner.parents if parent.is_relative_to(mount))


def _quota(folder: Path) -> float | None:
    try:
        allowed, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        return None if allowed == "max" else int(allowed) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    try:
        allowed = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
        period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
        return None if int(allowed) <= 0 else int(allowed) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
