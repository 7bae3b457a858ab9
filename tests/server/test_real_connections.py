"""What only real connections show: clients that stop, go away, or send something that is no form."""

import json
import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.server.conftest import photo
from tests.server.running import running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from cleanplate.server.settings import ServerSettings

    assert ServerSettings().upload_seconds >= 1
    program = """
import dataclasses
from cleanplate.server import app, settings
app.ServerSettings = settings.ServerSettings
real = app.create_app
def hurried(given, **options):
    return real(dataclasses.replace(given, upload_seconds=1.0), **options)
app.create_app = hurried
from cleanplate.cli.app import main
main()
"""
    with running(
        "--engine", "telea", "--queue", "1", temporary=tmp_path_factory.mktemp("temporary"), program=program
    ) as one:
        yield one


HEAD = (
    "POST /api/v1/erase HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=X\r\n"
    "Content-Length: {length}\r\n\r\n"
)
PART = b'--X\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'


def connect(server, length):
    place = urlsplit(server.address)
    connection = socket.create_connection((place.hostname, place.port), timeout=30)
    connection.sendall(HEAD.format(host=place.netloc, length=length).encode() + PART)
    return connection


def test_a_client_that_stops_sending_loses_its_place(server):
    with connect(server, 100_000) as connection:
        answer = b"".join(iter(lambda: connection.recv(10_000), b""))
    assert b" 408 " in answer.splitlines()[0]
    assert b"SlowRequestError" in answer


def test_one_that_trickles_does_too(server):
    with connect(server, 100_000) as connection:
        started = time.monotonic()
        connection.settimeout(0.3)
        answer = b""
        while not answer and time.monotonic() - started < 20:
            try:
                answer = connection.recv(10_000)
            except TimeoutError:
                connection.sendall(b"x")
    assert b" 408 " in answer.splitlines()[0]


def test_more_uploads_than_could_be_queued_are_not_read(server):
    waiting = [connect(server, 100_000) for _ in range(2)]
    try:
        time.sleep(0.3)
        with connect(server, 100_000) as third:
            answer = third.recv(10_000)
        assert b" 429 " in answer.splitlines()[0]
        assert b"retry-after" in answer.lower()
    finally:
        for each in waiting:
            each.close()


def test_places_of_clients_that_went_away_are_free_again(server):
    for _ in range(6):
        connect(server, 100_000).close()
    until = time.monotonic() + 20
    while True:
        answer = httpx2.post(
            f"{server.address}api/v1/erase", files={"image": photo()}, data={"box": "36,36,64,64"}, timeout=60
        )
        if answer.status_code != 429 or time.monotonic() > until:
            break
        time.sleep(0.2)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--X",
        b"--X\r\n\r\n",
        b"--Y--\r\n",
        PART,
        PART * 3,
        b"\0" * 500,
        b"--X\r\nContent-Disposition: \xff\r\n\r\n",
    ],
)
def test_what_is_no_form_is_refused_in_words(server, body):
    answer = httpx2.post(
        f"{server.address}api/v1/erase",
        content=body,
        headers={"content-type": "multipart/form-data; boundary=X"},
        timeout=60,
    )
    assert answer.status_code in (400, 415, 422)
    assert set(answer.json()) == {"error", "message", "subject", "problem", "fix"}


def test_events_end_and_a_client_may_leave_them(server):
    begun = httpx2.post(
        f"{server.address}api/v1/erase?wait=false",
        files={"image": photo(600, 800)},
        data={"box": "100,100,300,300"},
        timeout=60,
    )
    place = server.address.rstrip("/") + begun.headers["location"]
    with httpx2.stream("GET", f"{place}/events", timeout=60) as stream:
        next(stream.iter_lines())
    with httpx2.stream("GET", f"{place}/events", timeout=60) as stream:
        last = [line for line in stream.iter_lines() if line.startswith("data:")][-1]
    assert json.loads(last[5:])["state"] == "done"
