"""How much memory this process may use: that of the machine, and the limits of a container."""

from __future__ import annotations

import os
from pathlib import Path

from cleanplate.runtime.control_groups import MEMBERSHIP, MOUNT, groups


def machine_memory() -> int | None:
    """Bytes of main memory; None where the system does not tell it in the POSIX way (Windows)."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def memory_limit(root: Path = MOUNT, membership: Path = MEMBERSHIP) -> int | None:
    """Bytes that the control groups allow (cgroup 2 ``memory.max``, cgroup 1 ``memory.limit_in_bytes``).

    Args:
        root: where the control groups are mounted.
        membership: file that says in which groups this process is.

    Returns:
        The smallest limit of the groups around this process; None without one below the memory of the machine.
    """
    found = [limit for folder in groups("memory", root, membership) if (limit := _limit(folder)) is not None]
    smallest, machine = min(found, default=None), machine_memory()
    # cgroup 1 writes a number near 2**63 for "no limit".
    return None if smallest is None or (machine is not None and smallest >= machine) else smallest


def _limit(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        try:
            return int((folder / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None
