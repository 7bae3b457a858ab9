"""How many cores this process may really use: affinity and the limits of a container count."""

from __future__ import annotations

import math
import os
from pathlib import Path

from cleanplate.runtime.control_groups import MEMBERSHIP, MOUNT, groups


def usable_cores(root: Path = MOUNT, membership: Path = MEMBERSHIP) -> int:
    """Cores that threads of this process can run on at the same time, at least 1.

    The smallest of the machine's cores, the process's affinity and the CPU quotas of the control groups it is in
    (containers, services; cgroup 2 ``cpu.max``, cgroup 1 ``cpu.cfs_quota_us``), rounded up.

    Args:
        root: where the control groups are mounted.
        membership: file that says in which groups this process is.
    """
    cores = affinity_cores() or os.cpu_count() or 1
    quota = cpu_quota(root, membership)
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))


def affinity_cores() -> int | None:
    """Cores that this process is bound to; None where the system has no such thing (macOS, Windows)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def cpu_quota(root: Path = MOUNT, membership: Path = MEMBERSHIP) -> float | None:
    """Cores that the control groups allow on average; None without a limit.

    Args:
        root: where the control groups are mounted.
        membership: file that says in which groups this process is.
    """
    found = [quota for folder in groups("cpu", root, membership) if (quota := _quota(folder)) is not None]
    return min(found, default=None)


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
