"""Two real servers behind a balancer that takes turns: waiting calls go anywhere, a full replica is passed over."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import ClassVar

import pytest

from tests.scale.photographs import jpeg

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
BOUNDARY = "cleanplate-test"


class Balancer(http.server.BaseHTTPRequestHandler):
    """Passes each call to the next replica; where that is full, to the one after it."""

    replicas: tuple[str, ...] = ()
    turn: ClassVar = count()
    answers: ClassVar[list[tuple[str, int]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        first = next(self.turn)
        for number in range(2 * len(self.replicas)):
            replica = self.replicas[(first + number) % len(self.replicas)]
            status, headers, content = call(replica + self.path, body, self.headers["content-type"])
            self.answers.append((replica, status))
            if status not in (429, 503):
                break
        self.send_response(status)
        for name in ("content-type", "x-cleanplate-job", "retry-after"):
            if headers.get(name):
                self.send_header(name, headers[name])
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def call(address: str, body: bytes | None = None, kind: str | None = None):
    request = urllib.request.Request(address, body, {"content-type": kind} if kind else {})
    try:
        with urllib.request.urlopen(request, timeout=240) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def form(picture: bytes) -> bytes:
    start = f"--{BOUNDARY}\r\ncontent-disposition: form-data; name="
    box = f'{start}"box"\r\n\r\n10,10,40,40\r\n'
    image = f'{start}"image"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\n'
    return f"{box}{image}".encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def replicas():
    """Addresses of two servers with room for one picture and one that waits."""
    program = "from cleanplate.cli.app import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--engine", "telea", "--queue", "1"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    addresses = []
    for process in started:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://127.0.0.1:" in line)
        addresses.append("http://127.0.0.1:" + line.split("http://127.0.0.1:")[1].split()[0].strip("/.,"))
    yield tuple(addresses)
    for process in started:
        process.terminate()
        process.communicate()


@pytest.fixture
def balancer(replicas):
    handler = type("Here", (Balancer,), {"replicas": replicas, "turn": count(), "answers": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", handler
        server.shutdown()


def test_any_replica_answers_with_the_same_bytes(balancer, replicas):
    address, handler = balancer
    body, kind = form(jpeg(1)), f"multipart/form-data; boundary={BOUNDARY}"
    answers = [call(f"{address}/api/v1/erase", body, kind) for _ in range(4)]
    assert [answer[0] for answer in answers] == [200] * 4, answers[0][2][:300]
    assert len({answer[2] for answer in answers}) == 1
    assert {replica for replica, _ in handler.answers} == set(replicas)

    many = form(jpeg(2, width=1600, height=1200))
    with ThreadPoolExecutor(8) as pool:
        statuses = [each[0] for each in pool.map(lambda _: call(f"{address}/api/v1/erase", many, kind), range(8))]
    assert set(statuses) <= {200, 429}
    assert 429 in {status for _, status in handler.answers}  # full ones said so
    assert statuses.count(200) >= 4

    _, headers, content = call(f"{replicas[0]}/api/v1/erase?wait=false", body, kind)
    job = headers.get("x-cleanplate-job") or json.loads(content)["id"]
    assert call(f"{replicas[0]}/api/v1/jobs/{job}")[0] == 200
    assert call(f"{replicas[1]}/api/v1/jobs/{job}")[0] == 404  # jobs belong to the replica that took them
