"""ONNX Runtime can report what it does to its makers; here it must not, from its first moment on."""

import os
import subprocess
import sys
from pathlib import Path

from tests.runtime.graphs import doubling

RUN = """
import sys
import numpy as np
from pathlib import Path
from cleanplate.runtime.session import start
session = start(Path(sys.argv[1]), device="cpu", threads=1)
print(sorted(p.name for p in Path(sys.argv[2]).rglob("*")))
"""


def test_no_network_is_asked_and_no_traces_are_left(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    network = doubling(tmp_path / "net.onnx")
    ways = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), str(home))
    environment = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name} | ways
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(network), str(home)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    # Its reporter keeps an identifier and a queue there as soon as it is switched on.
    assert done.stdout.strip() == "[]"
    assert [path.name for path in home.rglob("*")] == []
