"""Every test has its own user folder and no variables of the machine; and a server on this machine."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cleanplate.weights import folders
from tests.weights.records import CONTENT


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path) -> Path:
    """The user's folder for weights, empty and not made."""
    for name in ("CLEANPLATE_MODELS", "CLEANPLATE_MIRROR", "CLEANPLATE_COMMERCIAL_ONLY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    monkeypatch.setattr(folders, "BUNDLED", tmp_path / "bundled")
    return folders.user_folder()


@dataclass
class Server:
    """What a server has, how it behaves, and what it was asked.

    Attributes:
        files: content by path.
        etag: version that it names, None for no version.
        ranges: it can send a part.
        stop_after: bytes after which it breaks a connection, one number a request; then never.
        length: says how long the answer is.
        redirect: sends everything on to this address.
        asked: headers of each request.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: {"/tiny.onnx": CONTENT})
    etag: str | None = '"one"'
    ranges: bool = True
    stop_after: list[int] = field(default_factory=list)
    length: bool = True
    redirect: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def server():
    """A web server on this machine that does what its :class:`Server` says."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

        def do_GET(self):
            state.asked.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
            if state.redirect:
                self.send_response(302)
                self.send_header("Location", state.redirect)
                self.end_headers()
                return
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            begin = self.begin(content)
            if begin >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
            if state.etag:
                self.send_header("ETag", state.etag)
            if state.length:
                self.send_header("Content-Length", str(len(content) - begin))
            self.end_headers()
            end = begin + state.stop_after.pop(0) if state.stop_after else None
            self.wfile.write(content[begin:end])

        def begin(self, content):
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in (None, state.etag)
            return int(wanted[1]) if wanted and state.ranges and same else 0

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{http.server_address[1]}"
    yield state
    http.shutdown()
    http.server_close()
    thread.join()
