"""Whole files or none, and never somebody else's."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from cleanplate.encode import atomic
from cleanplate.encode.atomic import write_atomic
from cleanplate.errors import OutputError


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_leaves_nothing_beside(tmp_path):
    write_atomic(tmp_path / "a.jpg", b"data")
    assert (tmp_path / "a.jpg").read_bytes() == b"data"
    assert left(tmp_path) == ["a.jpg"]


def test_does_not_overwrite_unless_told(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"already exists.*overwrit"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    write_atomic(path, b"new", overwrite=True)
    assert path.read_bytes() == b"new"
    assert left(tmp_path) == ["a.jpg"]


def test_two_writers_of_one_name_cannot_both_win(tmp_path, monkeypatch):
    """Even if both saw the name free: the check before writing is switched off."""
    monkeypatch.setattr(atomic, "_check", lambda *_args, **_options: None)
    results = []
    barrier = threading.Barrier(8)

    def write(number):
        barrier.wait()
        try:
            write_atomic(tmp_path / "a", str(number).encode() * 1000)
            results.append(number)
        except OutputError:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 1
    assert (tmp_path / "a").read_bytes() == str(results[0]).encode() * 1000
    assert left(tmp_path) == ["a"]


def test_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_atomic(tmp_path / "a", b"1")
    with pytest.raises(OutputError, match="exists"):
        write_atomic(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError):
        write_atomic(tmp_path / "b", b"3")
    assert left(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
        (errno.EDQUOT, "quota"),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_failures_of_the_system(tmp_path, monkeypatch, number, words, call):
    def fail(*_args, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match=words) as caught:
        write_atomic(tmp_path / "a.jpg", b"data", overwrite=True)
    assert "\n" not in str(caught.value)
    assert "a.jpg" in str(caught.value)
    assert left(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
def test_a_disk_that_is_really_full(tmp_path):
    code = (
        "import resource, signal, sys; from pathlib import Path; from cleanplate.encode.atomic import write_atomic\n"
        "from cleanplate.errors import OutputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_atomic(Path(sys.argv[1]), b'x' * 5000)\n"
        "except OutputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert left(tmp_path) == []


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, MemoryError])
def test_interrupted(tmp_path, monkeypatch, interrupt):
    def stop(*_args):
        raise interrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(interrupt):
        write_atomic(tmp_path / "a.jpg", b"data")
    assert left(tmp_path) == []


def test_folders_and_wrong_paths(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        write_atomic(tmp_path, b"")
    with pytest.raises(OutputError, match="folder does not exist"):
        write_atomic(tmp_path / "no" / "a", b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="not a folder"):
        write_atomic(tmp_path / "file" / "a", b"")
    with pytest.raises(OutputError, match="too long"):
        write_atomic(tmp_path / ("x" * 300), b"")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", b"1")
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
        (tmp_path / "a").chmod(0o640)
        write_atomic(tmp_path / "a", b"2", overwrite=True)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
        os.umask(0o077)
        write_atomic(tmp_path / "b", b"3")
        assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_symbolic_links(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OutputError, match="already exists"):
        write_atomic(tmp_path / "link", b"new")
    write_atomic(tmp_path / "link", b"new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError):
        write_atomic(tmp_path / "loop", b"new", overwrite=True)


@pytest.mark.skipif(os.name == "nt", reason="named pipes")
def test_devices_and_pipes_are_no_targets(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="device or pipe"):
        write_atomic(tmp_path / "pipe", b"new", overwrite=True)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
