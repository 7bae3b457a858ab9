"""Real server processes on free ports, for tests of what only a process shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Running:
    """A server and where it listens."""

    process: subprocess.Popen
    address: str

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def open_files(self) -> int:
        """Files and connections that it holds open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextmanager
def running(*options: str, temporary: Path, program: str = "from cleanplate.cli.app import main; main()") -> Iterator:
    """Start ``cleanplate serve`` with a folder of its own for temporary files; it is ended after the block."""
    environment = {**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", "0", *options],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        found = None
        while found is None:
            line = process.stderr.readline()
            assert line, f"the server ended: {said}"
            said += line
            found = re.search(r"http://[^ ]+", line)
        # Nobody reads what it says later; a full pipe would stop it.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Running(process, found.group())
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
