"""Times the server and its page: ``python -m benchmarks.server [--people-weights FILE]``.

The bundled photograph of a beach with people, enlarged to 12 megapixels with grain of the final size, is opened in
Chromium (through ``web/e2e/measure.mjs``; needs Node) and the woman in blue clicked: the network that ships finds her,
she is erased, and the new photograph is on screen. On a machine with other work to do, the processor time of the server
is the figure to compare. Writes ``benchmarks/results/server.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.people import enlarged
from benchmarks.pictures import read_photo, write_photo

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PHOTO = ROOT / "examples" / "beach.jpg"
MEGAPIXELS = 12
PERSON = (215 / 800, 380 / 533)
"""The woman in blue, in shares of the photograph."""
TARGETS = {"paint": 1000.0, "click": 3000.0}
"""Milliseconds."""


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people-weights", type=Path, help="network that finds people")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pixels = enlarged(read_photo(str(PHOTO)), MEGAPIXELS)
        photo = Path(folder, "beach-12mp.jpg")
        write_photo(str(photo), pixels)
        figures = _measured(photo, (pixels.shape[1], pixels.shape[0]), chosen.people_weights, chosen.runs)
    record = {
        "command": "python -m benchmarks.server" + (" --people-weights FILE" if chosen.people_weights else ""),
        "people": chosen.people_weights.name if chosen.people_weights else "the network that ships",
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load": [round(each, 2) for each in os.getloadavg()],
        "runs": chosen.runs,
        "milliseconds": {name: _summary(values, TARGETS.get(name)) for name, values in figures.items()},
    }
    (HERE / "results" / "server.json").write_text(json.dumps(record, indent=2) + "\n")
    sys.stdout.write(json.dumps(record, indent=2) + "\n")


def _measured(photo: Path, size: tuple[int, int], people: Path | None, runs: int) -> dict[str, list[float]]:
    command = [sys.executable, "-c", "from cleanplate.cli.app import main; main()", "serve", "--port", "0"]
    started = time.perf_counter()
    own = [] if people is None else ["--people-weights", str(people)]
    server = subprocess.Popen([*command, *own], stderr=subprocess.PIPE, text=True)
    place = round(PERSON[0] * size[0]), round(PERSON[1] * size[1])
    click = {"click": f"{place[0]},{place[1]}"}
    try:
        assert server.stderr is not None
        address = ""
        while not address:
            line = server.stderr.readline()
            if not line:
                raise SystemExit("the server ended")
            found = re.search(r"http://[^ ]+", line)
            address = found.group() if found else ""
        _health(address)
        up = 1000 * (time.perf_counter() - started)
        seen = _page(address, photo, size, place, runs)
        _request(address, photo, "erase", click)  # opens the network
        used = {
            f"processor, {route}": _processor(server.pid, partial(_request, address, photo, route, fields), runs)
            for route, fields in (("preview", {"side": "2560"}), ("segment", {}), ("erase", click))
        }
        return {"server up": [up], **seen, **used}
    finally:
        server.kill()
        server.wait()
        if server.stderr is not None:
            server.stderr.close()


def _page(
    address: str, photo: Path, size: tuple[int, int], place: tuple[int, int], runs: int
) -> dict[str, list[float]]:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("needs Node")
    done = subprocess.run(
        [node, "e2e/measure.mjs", address, str(photo), *map(str, place), str(runs)],
        cwd=ROOT / "web",
        env={**os.environ, "PHOTO_SIZE": json.dumps(size)},
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, list[float]] = json.loads(done.stdout)
    return figures


def _health(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}api/v1/health", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


def _processor(pid: int, work: Callable[[], None], runs: int) -> list[float]:
    """Milliseconds of processor time, of all cores, that a process uses while some work is done; Linux only."""
    figures = []
    for _ in range(runs):
        before = _ticks(pid)
        work()
        figures.append(1000 * (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK"))
    return figures


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _request(address: str, photo: Path, route: str, fields: dict[str, str]) -> None:
    """Send a photo and read the whole answer."""
    line = "cleanplate"
    parts = [f'--{line}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{line}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    body = "".join([*parts, head]).encode() + photo.read_bytes() + f"\r\n--{line}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={line}"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}api/v1/{route}", body, kind), timeout=120) as answer:
        answer.read()


def _summary(values: list[float], target: float | None) -> dict[str, Any]:
    summary = {"median": round(statistics.median(values)), "least": round(min(values)), "most": round(max(values))}
    return summary if target is None else {**summary, "target": round(target)}


if __name__ == "__main__":
    main()
