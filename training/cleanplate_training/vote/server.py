"""The voting page: served to this machine only, behind an address that cannot be guessed.

The page learns numbers, never names: neither folder nor file names leave this process.
"""

from __future__ import annotations

import io
import json
import mimetypes
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from cleanplate_training.vote.ballots import Ballot, VoteFile
from cleanplate_training.vote.preferences import Vote

_PAGE = Path(__file__).with_name("page.html")
_SHOWN_BY_BROWSERS = {".avif", ".gif", ".jpeg", ".jpg", ".png", ".webp"}


class VotingServer(ThreadingHTTPServer):
    """Serves ballots on 127.0.0.1 and writes votes.

    Args:
        ballots: What is left to vote on.
        votes: The file of votes.
        voter: Name to record.
        port: 0 for any free one.

    Attributes:
        url: The page's address with its token.
        finished: Set when every ballot has a vote.
    """

    daemon_threads = True

    def __init__(self, ballots: Sequence[Ballot], votes: VoteFile, *, voter: str = "", port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.ballots, self.votes, self.voter = list(ballots), votes, voter
        self.token = secrets.token_urlsafe(16)
        self.finished = threading.Event()
        self._next, self._lock = 0, threading.Lock()

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self.server_address[1]}/{self.token}/"

    def ballot(self) -> dict[str, Any]:
        """Return the next ballot for the page: numbers only."""
        number = self._next
        if number >= len(self.ballots):
            return {"ballot": None, "total": len(self.ballots)}
        ballot = self.ballots[number]
        return {
            "ballot": number,
            "total": len(self.ballots),
            "candidates": len(ballot.shown),
            "reference": ballot.reference is not None,
        }

    def vote(self, number: int, choice: int | None) -> bool:
        """Record a choice for the ballot that is up; False if it is not up (a second click) or no such choice."""
        with self._lock:
            if number != self._next or number >= len(self.ballots):
                return False
            ballot = self.ballots[number]
            if choice is not None and not 0 <= choice < len(ballot.shown):
                return False
            chosen = None if choice is None else ballot.shown[choice]
            self.votes.append(Vote(ballot.picture, ballot.shown, chosen, self.voter))
            self._next += 1
            if self._next == len(self.ballots):
                self.finished.set()
            return True


def serve(ballots: Sequence[Ballot], votes: VoteFile, *, voter: str, port: int, tell: Callable[[str], None]) -> None:
    """Serve the page until every ballot has a vote, or Ctrl-C; votes are written as they come.

    Args:
        ballots: What is left to vote on.
        votes: The file of votes.
        voter: Name to record.
        port: 0 for any free one.
        tell: Takes the line with the address.
    """
    with VotingServer(ballots, votes, voter=voter, port=port) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        tell(f"open {server.url} ({len(ballots)} to vote on; Ctrl-C stops, votes are kept)")
        try:
            server.finished.wait()
            time.sleep(1.0)  # the page still fetches its last answer
        except KeyboardInterrupt:
            tell("stopped")
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: VotingServer

    def do_GET(self) -> None:  # the name that http.server calls
        """Answer the page, the next ballot, or a picture."""
        parts = self._parts()
        if parts is None:
            return
        match parts:
            case [""]:
                self._send(_PAGE.read_bytes(), "text/html; charset=utf-8")
            case ["ballot"]:
                self._json(self.server.ballot())
            case ["picture", number, place]:
                self._picture(number, place)
            case _:
                self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:  # the name that http.server calls
        """Take a vote."""
        parts = self._parts()
        if parts is None:
            return
        try:
            length = int(self.headers.get("Content-Length", "0"))
            sent = json.loads(self.rfile.read(min(length, 1000)))
            number, choice = int(sent["ballot"]), sent["choice"]
            choice = None if choice is None else int(choice)
        except (ValueError, KeyError, TypeError):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if parts != ["vote"] or not self.server.vote(number, choice):
            self._refuse(HTTPStatus.CONFLICT)
            return
        self._json(self.server.ballot())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address holds the token."""

    def _parts(self) -> list[str] | None:
        """Return the path after the token, or answer 403 to who does not have it."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        _, token, *rest = (*self.path.partition("?")[0].split("/"), "")
        own = self.server.token
        if host not in ("127.0.0.1", "localhost") or not secrets.compare_digest(token.encode(), own.encode()):
            self._refuse(HTTPStatus.FORBIDDEN)
            return None
        return rest[:-1] or [""]

    def _picture(self, number: str, place: str) -> None:
        try:
            ballot = self.server.ballots[int(number)]
            path = ballot.reference if place == "reference" else ballot.files[int(place)]
        except (ValueError, IndexError):
            path = None
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        if path.suffix.lower() in _SHOWN_BY_BROWSERS:
            self._send(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")
            return
        with Image.open(path) as picture:
            buffer = io.BytesIO()
            picture.convert("RGB").save(buffer, format="PNG")
        self._send(buffer.getvalue(), "image/png")

    def _json(self, content: dict[str, Any]) -> None:
        self._send(json.dumps(content).encode(), "application/json")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
