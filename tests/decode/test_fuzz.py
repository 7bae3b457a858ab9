"""Mutated files of every kind: refused with one line or read, never a crash, a hang, noise or more than 1 GB."""

import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("fuzz_worker.py")


def run_cases(first: int, count: int) -> None:
    child = subprocess.run(
        [sys.executable, str(WORKER), str(first), str(count)],
        capture_output=True,
        text=True,
        timeout=60 + count / 10,
        check=False,
    )
    lines = child.stdout.splitlines() or ["no case"]
    assert child.returncode == 0, f"ended with {child.returncode} after {lines[-1]}: {child.stderr[-2000:]}"
    assert child.stderr == "", f"noise: {child.stderr[-2000:]}"
    assert lines[-1].startswith("done")
    assert int(lines[-1].split()[-2]) < 1024, lines[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by a Linux call")
def test_a_few_hundred_mutated_files():
    run_cases(0, 600)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by a Linux call")
@pytest.mark.parametrize("part", range(6))
def test_twelve_thousand_mutated_files(part):
    run_cases(10_000 + 2000 * part, 2000)
