"""The serve command as a program."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest


def serve(*options):
    command = [sys.executable, "-c", "from cleanplate.cli.app import main; main()", "serve", "--port", "0", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture(autouse=True)
def no_build(monkeypatch, tmp_path):
    """No page is built in a test: nothing that is called npm can be found."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_it_prints_its_address_answers_and_ends_cleanly():
    with serve() as process:
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                break
        with urllib.request.urlopen(f"{found[0]}api/v1/health", timeout=20) as answer:
            assert json.load(answer)["status"] == "ok"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["--host", "0.0.0.0"], 2, "needs a token"),
        (["--token", "short"], 2, "at least 16 characters"),
    ],
)
def test_unsafe_settings_are_refused(options, status, says):
    process = serve(*options)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert says in said


def test_a_taken_port_is_an_error_in_words():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = serve("--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "choose another --port" in said
