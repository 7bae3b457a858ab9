"""A picture that crashes, hangs or swells becomes a failure; the worker and the pictures after it do not notice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from cleanplate.errors import EngineError
from cleanplate.scale.fence import Bounds, Fence
from cleanplate.scale.work import Brief, Row
from tests.scale.conftest import POISON


def row(folder, name: str, content: str) -> Row:
    place = folder / "in" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(content)
    return Row(name, str(place), name)


@pytest.fixture
def fence(tmp_path):
    made = Fence(Brief(POISON, {}, str(tmp_path / "out")), Bounds(seconds=1.5, megabytes=400, start_seconds=60))
    yield made
    made.close()


def test_poison_is_fenced_and_the_next_picture_is_done(fence, tmp_path):
    first = fence.do(row(tmp_path, "a.jpg", "fine"))
    assert first.state == "done"
    assert (tmp_path / "out/a.jpg").read_bytes() == b"fine|0|"
    assert first.peak_mb > 10
    assert first.seconds > 0

    crash = fence.do(row(tmp_path, "crash.jpg", "crash"))
    assert (crash.state, crash.attempts) == ("failed", 2)
    assert "its process died (signal 6" in crash.reason

    assert fence.do(row(tmp_path, "b.jpg", "fine")).state == "done"  # also warms the new child up
    hang = fence.do(row(tmp_path, "hang.jpg", "hang"))
    assert (hang.state, hang.attempts) == ("failed", 1)
    assert "took longer than 1.5 s" in hang.reason

    assert fence.do(row(tmp_path, "c.jpg", "fine")).state == "done"
    swollen = fence.do(row(tmp_path, "swell.jpg", "swell"))
    assert (swollen.state, swollen.attempts) == ("failed", 1)
    assert "needed more than 400 MB" in swollen.reason
    assert 400 < swollen.peak_mb < 2000

    again = fence.do(row(tmp_path, "once.jpg", f"crash-once {tmp_path / 'been'}"))
    assert (again.state, again.attempts) == ("done", 2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg", "b.jpg", "c.jpg", "once.jpg"]


def test_errors_come_with_their_reason_in_one_line(fence, tmp_path):
    broken = fence.do(row(tmp_path, "a.jpg", "broken"))
    assert (broken.reason, broken.exit_code) == ("a.jpg: is broken; get another", 3)
    upset = fence.do(row(tmp_path, "b.jpg", "upset"))
    assert upset.reason == "b.jpg: unexpected RuntimeError: upset in two lines"
    missing = fence.do(Row("c.jpg", str(tmp_path / "none.jpg"), "c.jpg"))
    assert "does not exist" in missing.reason
    assert broken.worker == missing.worker  # none of them cost the process


def test_closing_ends_a_picture_in_the_middle(fence, tmp_path):
    fence.do(row(tmp_path, "a.jpg", "fine"))
    threading.Timer(0.3, fence.close).start()
    began = time.monotonic()
    outcome = fence.do(row(tmp_path, "b.jpg", "sleep 1.4"))
    assert outcome.state == "failed"
    assert time.monotonic() - began < 10


def test_operation_that_cannot_be_imported(tmp_path):
    fence = Fence(Brief("nowhere:NOTHING", {}, str(tmp_path)), Bounds(start_seconds=60))
    with pytest.raises(EngineError, match="No module named 'nowhere'"):
        fence.do(row(tmp_path, "a.jpg", "fine"))
    fence.close()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_child_ends_with_its_worker(tmp_path):
    """Killed workers cannot say goodbye; the child sees its input end, and stops in the middle of a picture."""
    brief, line = Brief(POISON, {}, str(tmp_path / "out")), row(tmp_path, "a.jpg", "sleep 60")
    script = (
        "import os, sys, time\nfrom cleanplate.scale.fence import Bounds, Fence\n"
        "from cleanplate.scale.work import Brief, Row\n"
        f"fence = Fence(Brief(**{asdict(brief)!r}), Bounds())\n"
        "import threading\n"
        f"threading.Thread(target=fence.do, args=(Row(**{asdict(line)!r}),), daemon=True).start()\n"
        "while fence._child is None or not hasattr(fence._child, 'pid'): time.sleep(0.05)\n"
        "time.sleep(1)\nprint(fence._child.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        child = int(worker.stdout.readline())
        os.kill(worker.pid, signal.SIGKILL)
    until = time.monotonic() + 15
    while _alive(child) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
