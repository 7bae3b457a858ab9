"""Bytes from an address to an open file, from where an earlier attempt ended."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any, BinaryIO

Progress = Callable[[int, int | None], None]
"""Called with bytes on the disk and the total, None where it is not known."""

_BLOCK = 1 << 18
_OK, _PARTIAL, _RANGE_REFUSED = 200, 206, 416


class TransferError(Exception):
    """The bytes did not come; the text says why."""


class TooManyBytesError(TransferError):
    """The server sends more than the file has."""


@dataclass(frozen=True)
class Transferred:
    """How a transfer ended.

    Attributes:
        size: bytes that the file now has.
        validator: names this version of the file on the server (ETag or date), or None.
        resumed: earlier bytes were kept.
    """

    size: int
    validator: str | None
    resumed: bool


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        allowed = ("https://",) if req.type == "https" else ("https://", "http://")
        if not newurl.lower().startswith(allowed):
            raise TransferError(f"the server sends on to an address that is not https ({newurl})")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def transfer(
    url: str,
    file: BinaryIO,
    *,
    validator: str | None = None,
    expected: int | None = None,
    progress: Progress | None = None,
    started: Callable[[str | None], None] | None = None,
    timeout: float = 30.0,
) -> Transferred:
    """Add to ``file`` what it lacks of ``url``.

    Proxies are those of the environment (``https_proxy``, ``no_proxy``...).

    Args:
        url: https, http or file address.
        file: open for reading and writing; what it holds is taken for the beginning and kept if the server agrees.
        validator: of the version those bytes are of; a server with another version sends all of it.
        expected: bytes of the whole file.
        progress: called from time to time.
        started: called with the validator before bytes are written.
        timeout: seconds without any byte after which the transfer is given up.

    Raises:
        TransferError: refused, ended early, or not reachable. The file holds what has come.
        OSError: the file cannot be written.
    """
    held = file.seek(0, 2)
    response = _opened(url, held, validator, timeout)
    with response:
        begin, total = _extent(response, held)
        version = _validator(response.headers)
        if response.status == _RANGE_REFUSED:
            # Nothing is left to send, or the file on the server became shorter; the caller's check of the hash decides.
            return Transferred(held, version, resumed=True)
        if begin != held:
            file.truncate(0)
        file.seek(begin)
        if started is not None:
            started(version)
        size = _copy(response, file, begin, total, expected, progress)
    whole = total if total is not None else expected
    if whole is not None and size < whole:
        raise TransferError(f"the connection ended after {size} of {whole} bytes")
    return Transferred(size, version, resumed=begin > 0)


def _opened(url: str, held: int, validator: str | None, timeout: float) -> Any:
    request = urllib.request.Request(url, headers={"User-Agent": "cleanplate", "Accept-Encoding": "identity"})  # noqa: S310
    if held:
        request.add_header("Range", f"bytes={held}-")
        if validator:
            request.add_header("If-Range", validator)
    try:
        return urllib.request.build_opener(_NoDowngrade).open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_REFUSED and held:
            return error
        error.close()
        raise TransferError(f"the server answers {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise TransferError(_reason(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(_reason(error)) from None


def _extent(response: Any, held: int) -> tuple[int, int | None]:
    """Where in the file the answer begins, and the size of the whole."""
    headers: Message = response.headers
    if response.status == _PARTIAL:
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
        if place is None or int(place[1]) != held:
            raise TransferError("the server sent another part than was asked for")
        return held, None if place[2] == "*" else int(place[2])
    length = headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _validator(headers: Message) -> str | None:
    """A strong ETag, else the date of change; weak ETags do not promise equal bytes."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def _copy(
    response: Any, file: BinaryIO, begin: int, total: int | None, expected: int | None, progress: Progress | None
) -> int:
    size = begin
    while True:
        try:
            block = response.read(_BLOCK)
        except http.client.IncompleteRead as error:
            block = error.partial
        except (OSError, http.client.HTTPException) as error:
            raise TransferError(f"{_reason(error)} (after {size} bytes)") from None
        if not block:
            return size
        size += len(block)
        if expected is not None and size > expected:
            raise TooManyBytesError(f"the server sends more than the {expected} bytes of the file")
        file.write(block)
        if progress is not None:
            progress(size, expected or total)


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "the server does not answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
