"""Thousands of requests of all kinds: memory, threads and open files stay where they were."""

from __future__ import annotations

import io
import itertools
import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.detect.graphs import RED, colour_people
from tests.detect.streets import street, with_person
from tests.matting.pictures import red_is_person
from tests.server.conftest import photo
from tests.server.running import running

COUNT = int(os.environ.get("CLEANPLATE_SOAK", "10000"))
CLIENTS = 4
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(4 * 3600),
    pytest.mark.skipif(sys.platform != "linux", reason="/proc"),
]


def crowd():
    picture = street(240, 320)
    with_person(picture, RED, 60, 60, 140)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


PEOPLE = crowd()
FORMATS = [photo(kind=kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP")]


def requests(seed):
    """Route, file, fields and the statuses that are right, mixed; sizes vary, which finds arenas that grow."""
    choose = random.Random(seed)
    sizes = [photo(height, width) for height, width in ((96, 128), (200, 150), (333, 501), (640, 480))]
    while True:
        kind = choose.randrange(10)
        if kind < 4:
            yield "erase", choose.choice([*sizes, *FORMATS]), {"box": "36,36,64,64"}, {200}
        elif kind == 4:
            yield "segment", PEOPLE, {}, {200}
        elif kind == 5:
            yield "erase", PEOPLE, {"click": "85,110"}, {200}
        elif kind == 6:
            yield "cutout", PEOPLE, {}, {200}
        elif kind == 7:
            yield "background", PEOPLE, {"with": "blur:5"}, {200}
        elif kind == 8:
            data = bytearray(choose.choice(FORMATS))
            for _ in range(8):
                data[choose.randrange(4, len(data))] = choose.randrange(256)
            yield "erase", bytes(data), {"box": "36,36,64,64"}, {200, 400, 413, 415, 422}
        else:
            yield "erase?wait=false", choose.choice(sizes), {"box": "36,36,64,64"}, {202}


def one(client, request):
    route, data, fields, right = request
    for _ in range(600):
        answer = client.post(f"/api/v1/{route}", files={"image": ("soak", data)}, data=fields)
        if answer.status_code != 429:
            break
    assert answer.status_code in right, (route, answer.status_code, answer.text[:300])


def test_memory_stays_flat(tmp_path, capsys):
    people, matte = colour_people(tmp_path / "people.onnx"), red_is_person(tmp_path / "matte.onnx")
    options = ["--people-weights", str(people), "--matte-weights", str(matte), "--keep-minutes", "0.5"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    marks = []
    with running("--engine", "telea", *options, temporary=temporary) as server, ThreadPoolExecutor(CLIENTS) as pool:
        client = httpx2.Client(base_url=server.address, timeout=600)
        stream = requests(7)
        step = max(1, COUNT // 20)
        for done in range(0, COUNT, step):
            list(pool.map(lambda request: one(client, request), itertools.islice(stream, step)))
            marks.append((done + step, server.resident / 1e6, server.open_files, threads(server)))
        client.close()
    with capsys.disabled():
        for mark in marks:
            done, megabytes, files, running_threads = mark
            print(f"\n{done:6d} requests  {megabytes:7.1f} MB  {files:4d} files  {running_threads:3d} threads", end="")
    memory = np.array([mark[1] for mark in marks])
    # The first quarter loads networks and fills caches. After it, the line through the rest must not rise.
    rest = memory[len(memory) // 4 :]
    slope = np.polyfit(np.arange(len(rest)), rest, 1)[0] * len(rest)
    assert slope < 0.1 * rest[0] + 10, f"memory rises by {slope:.0f} MB"
    assert max(mark[2] for mark in marks) < 400
    assert marks[-1][3] <= marks[len(marks) // 4][3] + 2
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


def threads(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("Threads:")[2].split()[0])
