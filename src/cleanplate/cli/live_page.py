"""A live window in the browser: a page and a stream of JPEG pictures, on this machine only, standard library only.

A browser is on every machine, also where programs have no windows (servers, SSH with a forwarded port), and recording
programs such as OBS take the page as a source. The address holds a secret, and requests under other host names are
refused, so neither other web pages nor other users of the machine can watch.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import simplejpeg

from cleanplate.errors import OutputError
from cleanplate.tasks.camera import Shown

_QUALITY = 85
_PATIENCE = 5.0
_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>cleanplate camera</title>
<style>html,body{margin:0;height:100%;background:#111}img{width:100%;height:100%;object-fit:contain}</style>
<img src="stream" alt="live picture">"""


class LivePage:
    """A page that shows the newest picture.

    Attributes:
        address: to open in a browser.
    """

    def __init__(self, port: int) -> None:
        """Listen on a port of this machine; 0 takes a free one.

        Raises:
            OutputError: the port is taken.
        """
        self._secret = secrets.token_urlsafe(12)
        self._news = threading.Condition()
        self._picture: bytes | None = None
        self._number = 0
        self._watchers = 0
        self._ended = False
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        except OSError as error:
            raise OutputError(f"cannot be opened ({error.strerror})", subject=f"--port {port}", fix="use 0") from None
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/{self._secret}/"
        threading.Thread(target=self._server.serve_forever, name="page", daemon=True).start()

    def show(self, shown: Shown) -> None:
        """Take a finished picture; it is compressed only if somebody watches."""
        if self._watchers == 0:
            return
        luma, blue, red = (np.ascontiguousarray(plane) for plane in shown.planes)
        picture = simplejpeg.encode_jpeg_yuv_planes(Y=luma, U=blue, V=red, quality=_QUALITY, fastdct=True)
        with self._news:
            self._picture, self._number = picture, self._number + 1
            self._news.notify_all()

    def close(self) -> None:
        """End all streams and free the port."""
        with self._news:
            self._ended = True
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request: the page or the stream."""
        host = request.headers.get("Host", "")
        if host not in (f"127.0.0.1:{self._server.server_port}", f"localhost:{self._server.server_port}"):
            request.send_error(403)
        elif request.path == f"/{self._secret}/":
            request.send_response(200)
            request.send_header("Content-Type", "text/html; charset=utf-8")
            request.send_header("Cache-Control", "no-store")
            request.end_headers()
            request.wfile.write(_PAGE)
        elif request.path == f"/{self._secret}/stream":
            self._stream(request)
        else:
            request.send_error(404)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        with self._news:
            self._watchers += 1
        try:
            for picture in self._pictures():
                head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                request.wfile.write(head.encode() + picture + b"\r\n")
        except OSError:
            pass  # the watcher has left
        finally:
            with self._news:
                self._watchers -= 1

    def _pictures(self) -> Iterator[bytes]:
        seen = 0
        while True:
            with self._news:
                self._news.wait_for(lambda: self._number != seen or self._ended, timeout=_PATIENCE)  # noqa: B023
                if self._ended:
                    return
                picture, seen = self._picture, self._number
            if picture is not None:
                yield picture


@contextmanager
def live_page(port: int) -> Iterator[LivePage]:
    """A live page for the time of the block."""
    page = LivePage(port)
    try:
        yield page
    finally:
        page.close()


def _handler(page: LivePage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page.answer(self)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing about requests."""

    return Handler
