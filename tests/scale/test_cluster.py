"""Ray clusters of two nodes on this machine: same results as without, also when a node or a worker is lost.

The program runs as users run it, in a process of its own; the cluster is a real one (``ray.cluster_utils``).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scale.photographs import photographs, results

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]
_MEMORY = 100 * 2**20
ERASE = ("--box", "45%,45%,55%,55%", "--engine", "telea")


@pytest.fixture
def cluster(monkeypatch):
    """Starts clusters of nodes with so many cores each; they inherit the environment of that moment."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # Ray's workers would wait for everything else on the machine
    from ray.cluster_utils import Cluster

    started = []

    def start(*cores: int):
        made = _cluster(Cluster, cores[0])
        started.append(made)
        nodes = [
            _patiently(lambda n=count: made.add_node(num_cpus=n, object_store_memory=_MEMORY)) for count in cores[1:]
        ]
        return made.address, lambda number: made.remove_node(nodes[number], allow_graceful=False)

    yield start
    for made in started:
        made.shutdown()


def _cluster(kind, cores: int):
    node = {"object_store_memory": _MEMORY, "include_dashboard": False, "num_cpus": cores}
    return _patiently(lambda: kind(initialize_head=True, head_node_args=node))


def _patiently(start):
    """Ray gives a node half a minute to start, which is short on a machine with much else to do."""
    for _ in range(4):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            late = error
    raise late


@pytest.fixture
def program():
    """Starts ``cleanplate batch``; what still runs after a test is ended."""
    started = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from cleanplate.cli.app import main; main()", "batch", *words]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process: subprocess.Popen[str], code: int) -> dict:
    out, complaints = process.communicate(timeout=600)
    assert process.returncode == code, complaints
    return json.loads(out)


def wait_for(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until so many results are there."""
    until = time.monotonic() + 240
    while sum(1 for _ in folder.rglob("*.jpg")) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_node_is_killed_in_the_middle(cluster, program, tmp_path):
    photographs(tmp_path / "in", 120, every_broken=20)
    source, here, there = str(tmp_path / "in"), str(tmp_path / "here"), tmp_path / "there"
    alone = ended(program("erase", source, "-o", here, *ERASE, "--json", "--workers", "1"), 7)
    assert (alone["done"], alone["failed"]) == (114, 6)

    address, kill_node = cluster(1, 1)
    process = program("erase", source, "-o", str(there), *ERASE, "--json", "--ray", address)
    wait_for(there, 25, process)
    kill_node(0)
    summary = ended(process, 7)
    assert summary["workers"] == 2
    assert (summary["done"], summary["failed"], summary["skipped"]) == (114, 6, 0)
    _assert_equal(here, there)


def test_workers_are_killed_in_the_middle(cluster, program, tmp_path):
    photographs(tmp_path / "in", 120)
    source, here, there = str(tmp_path / "in"), str(tmp_path / "here"), tmp_path / "there"
    ended(program("erase", source, "-o", here, *ERASE, "--json", "--workers", "1"), 0)
    address, _ = cluster(1, 1)
    process = program("erase", source, "-o", str(there), *ERASE, "--json", "--ray", address)
    wait_for(there, 20, process)
    killed = [_kill_a_worker()]
    wait_for(there, 50, process)
    killed.append(_kill_a_child())
    assert all(killed)
    summary = ended(process, 0)
    assert summary["done"] == 120
    _assert_equal(here, there)


def test_a_thousand_pictures_between_buckets(cluster, s3, program, tmp_path):
    bucket, client = s3
    photographs(tmp_path / "in", 1000, every_broken=20)
    for place in (tmp_path / "in").rglob("*.jpg"):
        key = place.relative_to(tmp_path).as_posix()
        client.put_object(Bucket="archive", Key=key, Body=place.read_bytes())
    here = str(tmp_path / "here")
    alone = ended(program("erase", str(tmp_path / "in"), "-o", here, *ERASE, "--json", "--workers", "2"), 7)
    address, _ = cluster(1, 1)
    words = ("erase", f"{bucket}/in", "-o", f"{bucket}/out", *ERASE, "--json", "--ray", address)
    spread = ended(program(*words), 7)
    assert (alone["done"], alone["failed"]) == (spread["done"], spread["failed"]) == (950, 50)
    assert spread["manifest"] == {"done": 950, "failed": 50}
    assert results(here) == results(f"{bucket}/out")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="archive", Prefix="out/")
    keys = [entry["Key"] for page in pages for entry in page["Contents"] if "cleanplate.manifest" not in entry["Key"]]
    assert len(keys) == 950
    known = results(f"{bucket}/out")
    for key in keys[::50]:
        data = client.get_object(Bucket="archive", Key=key)["Body"].read()
        assert hashlib.sha256(data).hexdigest() == known[key.removeprefix("out/")][2]
    again = ended(program(*words), 7)
    assert (again["done"], again["failed"], again["resumed"]) == (0, 50, 950)


def _assert_equal(here: str, there: Path) -> None:
    """Same states and same bytes, one row each; nothing half-written is left."""
    ours, theirs = results(here), results(str(there))
    assert {key: entry[:2] for key, entry in ours.items()} == {key: entry[:2] for key, entry in theirs.items()}
    for key, (state, _, _) in ours.items():
        if state == "done":
            assert (Path(here) / key).read_bytes() == (there / key).read_bytes()
    assert not list(there.rglob("*.part"))


def _kill_a_child() -> bool:
    """Kill -9 a process that works on pictures."""
    for pid in _children():
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def _kill_a_worker() -> bool:
    """Kill -9 the actor that such a process belongs to."""
    for pid in _children():
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGKILL)
        return True
    return False


def _children() -> list[int]:
    """Processes of this user below this one's cluster that work on pictures."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if b"cleanplate.scale.child" in command and b"RAY_" in environment:
            found.append(int(entry.name))
    return sorted(found)
