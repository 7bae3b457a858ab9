"""Sessions are opened once, shared by threads, let go of, and opened anew when a file changes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cleanplate.errors import DeviceError, MissingInputError, WeightsError
from cleanplate.runtime import session_cache as module
from cleanplate.runtime.session import Session, start
from cleanplate.runtime.session_cache import SessionCache
from cleanplate.weights import checksum
from tests.runtime.graphs import HALF, convolutions, doubling
from tests.weights.records import record_of


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were really opened."""
    files: list[Path] = []

    def slowly(path: Path, **options: Any) -> Session:
        files.append(path)
        time.sleep(0.02)
        return start(path, **options)

    monkeypatch.setattr(module, "start", slowly)
    return files


def test_many_threads_open_one_session(tmp_path: Path, opened: list[Path]) -> None:
    path = doubling(tmp_path / "net.onnx")
    cache = SessionCache()
    found: list[Session] = []
    threads = [threading.Thread(target=lambda: found.append(cache.session(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_options_make_sessions_of_their_own(tmp_path: Path, opened: list[Path]) -> None:
    path = doubling(tmp_path / "net.onnx")
    cache = SessionCache()
    one = cache.session(path, threads=1)
    assert cache.session(path, threads=2) is not one
    assert cache.session(path, threads=1) is one
    assert cache.session(path, threads=1, device="cpu") is not one
    assert len(opened) == len(cache) == 3


def test_the_same_bytes_beside_are_the_same_network(tmp_path: Path, opened: list[Path]) -> None:
    path = doubling(tmp_path / "net.onnx")
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(path.read_bytes())
    cache = SessionCache()
    assert cache.session(path) is cache.session(copy)
    assert len(opened) == 1


def test_a_changed_file_is_opened_anew(tmp_path: Path, opened: list[Path]) -> None:
    path = doubling(tmp_path / "net.onnx")
    cache = SessionCache()
    old = cache.session(path)
    doubling(path, kind=HALF)
    new = cache.session(path)
    assert new is not old
    assert new.inputs[0].dtype == "float16"
    assert old.inputs[0].dtype == "float32"


def test_what_was_verified_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = doubling(tmp_path / "net.onnx")
    content = path.read_bytes()
    record = record_of(content)
    checksum.verify(path, record)
    monkeypatch.setattr(checksum, "_digest", lambda *_: pytest.fail("read again"))
    assert SessionCache().session(path).device == "cpu"


def test_those_used_longest_ago_go_first(tmp_path: Path, opened: list[Path]) -> None:
    paths = [doubling(tmp_path / f"{each}.onnx", shape=[1, 3, each, "w"]) for each in (1, 2, 3)]
    cache = SessionCache(capacity=2)
    first = cache.session(paths[0])
    cache.session(paths[1])
    assert cache.session(paths[0]) is first
    cache.session(paths[2])
    assert len(cache) == 2
    assert cache.session(paths[0]) is first
    cache.session(paths[1])
    assert opened == [paths[0], paths[1], paths[2], paths[1]]


def test_evicting(tmp_path: Path, opened: list[Path]) -> None:
    one, other = doubling(tmp_path / "one.onnx"), convolutions(tmp_path / "other.onnx")
    cache = SessionCache()
    kept = cache.session(one)
    cache.session(other)
    assert cache.evict(one) == 1
    assert cache.evict(one) == 0
    assert len(cache) == 1
    assert cache.evict() == 1
    x = np.ones((1, 3, 2, 2), np.float32)
    assert (kept.run({"x": x})["y"] == 2).all(), "what is in use lives on"
    assert cache.session(one) is not kept


def test_failures_are_not_kept(tmp_path: Path, opened: list[Path]) -> None:
    path = tmp_path / "net.onnx"
    cache = SessionCache()
    with pytest.raises(MissingInputError):
        cache.session(path)
    path.write_bytes(b"no network")
    with pytest.raises(WeightsError):
        cache.session(path)
    with pytest.raises(DeviceError):
        cache.session(path, device="magic")
    assert len(cache) == 0
    doubling(path)
    assert cache.session(path).device == "cpu"


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_forked_child_opens_its_own(tmp_path: Path) -> None:
    path = doubling(tmp_path / "net.onnx", shape=[1, 3, 64, 64])
    program = f"""
import os, sys, pathlib, warnings
import numpy as np
from cleanplate.runtime.session_cache import SESSIONS
warnings.simplefilter("ignore")
x = np.ones((1, 3, 64, 64), np.float32)
path = pathlib.Path({str(path)!r})
SESSIONS.session(path, threads=2).run({{"x": x}})
child = os.fork()
if child == 0:
    empty = len(SESSIONS) == 0
    right = (SESSIONS.session(path, threads=2).run({{"x": x}})["y"] == 2).all()
    os._exit(0 if empty and right else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_onnxruntime_is_not_imported_before_a_session_is_opened() -> None:
    program = (
        "import sys, cleanplate.runtime.network, cleanplate.runtime.session_cache as c; "
        "sys.exit('onnxruntime' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_sessions_that_nobody_asks_for_are_let_go_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = SessionCache()
    one, two = doubling(tmp_path / "one.onnx"), convolutions(tmp_path / "two.onnx")
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    cache.session(one)
    cache.session(two)
    now += 50
    first = cache.session(one)
    now += 20
    assert cache.evict_unused(60) == 1
    assert cache.session(one) is first
    assert len(cache) == 1
