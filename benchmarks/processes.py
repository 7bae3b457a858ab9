"""One process, timed from its start to its end, with the most memory that it held."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Run:
    """What a process took.

    Attributes:
        seconds: wall time.
        peak_mb: peak resident memory, 10**6 bytes. The kernel counts the memory of whoever started the process too, so
            the starting process must stay small.
        output: what it printed.
        finished: False if it was ended because of the limit.
    """

    seconds: float
    peak_mb: float
    output: str
    finished: bool


def run(command: list[str], *, limit: float) -> Run:
    """Run ``command``; end it after ``limit`` seconds.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[1])
        finished = True
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            seconds = time.perf_counter() - started
            if pid:
                break
            if seconds > limit and finished:
                finished = False
                process.kill()
            time.sleep(_POLL_SECONDS)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace")
    if finished and process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{text}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_maxrss * unit / 1e6, text, finished)
