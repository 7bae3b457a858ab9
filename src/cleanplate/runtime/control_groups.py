"""The control groups that this process is in: where containers and services write their limits (Linux)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

MOUNT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")

_MOUNTS_OF_CGROUP_1 = {"cpu": ("cpu", "cpu,cpuacct", "cpuacct,cpu"), "memory": ("memory",)}


def groups(controller: Literal["cpu", "memory"], root: Path = MOUNT, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Folders of the groups that this process is in, and of those around them: each of them may set a limit.

    Inside a container the outer names in ``membership`` do not exist; its own group is then the mount itself. Folders
    may be given that do not exist.

    Args:
        controller: which limits are looked for. In cgroup 2 all are in one place, in cgroup 1 each has its own.
        root: where the control groups are mounted.
        membership: file that says in which groups this process is.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    mounts = {root: "/", **{root / name: "/" for name in _MOUNTS_OF_CGROUP_1[controller]}}
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            mounts[root] = path
        elif controller in controllers.split(","):
            mounts.update({mount: path for mount in mounts if mount != root})
    for mount, path in mounts.items():
        inner = mount / path.lstrip("/")
        yield inner
        yield from (parent for parent in inner.parents if parent.is_relative_to(mount))
