"""What a server allows, and where it listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cleanplate.decode.limits import Limits
from cleanplate.errors import ArgumentError

_LEAST_TOKEN = 16


@dataclass(frozen=True)
class ServerSettings:
    """Bounds of a server.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        token: what clients must send as ``Authorization: Bearer``; needed unless ``host`` is loopback.
        hosts: names under which clients may reach the server, besides ``host`` itself and loopback names.
        limits: pixels and bytes of one upload.
        max_seconds: time that one picture may take from start to end.
        workers: pictures worked on side by side.
        waiting: pictures that may wait; further ones are refused with 429.
        clip_limits: pixels of a frame and bytes of a clip.
        clip_seconds: time that one clip may take.
        clips_waiting: clips that may wait; one is worked on at a time.
        upload_seconds: time that a client may be silent while it sends.
        keep_minutes: how long results can be fetched.
        idle_minutes: a network not used for so long is let go; 0 keeps them.
        engine: default engine for filling holes.
        device: device of all networks.
        people_weights: network that finds people, a file or a name of the catalog; None for the one that ships.
        matte_weights: likewise for cutting out.
        video_weights: likewise for clips; None for ``matte_weights``, or the one that ships if that is None too.
        defects_weights, fill_weights, colour_weights: likewise for restoring.
        page: folder of the built web page; None serves no page.
    """

    host: str = "127.0.0.1"
    port: int = 8117
    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=lambda: Limits(max_pixels=120_000_000, max_bytes=256_000_000))
    max_seconds: float = 120.0
    workers: int = 1
    waiting: int = 16
    clip_limits: Limits = field(default_factory=lambda: Limits(max_pixels=34_000_000, max_bytes=2_000_000_000))
    clip_seconds: float = 3600.0
    clips_waiting: int = 4
    upload_seconds: float = 30.0
    keep_minutes: float = 30.0
    idle_minutes: float = 0.0
    engine: str = "auto"
    device: str = "auto"
    people_weights: Path | None = None
    matte_weights: Path | None = None
    video_weights: Path | None = None
    defects_weights: Path | None = None
    fill_weights: Path | None = None
    colour_weights: Path | None = None
    page: Path | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that are none, and a server that is open to others without a token.

        Raises:
            ArgumentError: see above.
        """
        for name in ("max_seconds", "workers", "keep_minutes", "clip_seconds", "upload_seconds"):
            if getattr(self, name) <= 0:
                raise ArgumentError(f"must be above 0, not {getattr(self, name)}", subject=name)
        for name in ("waiting", "idle_minutes", "clips_waiting"):
            if getattr(self, name) < 0:
                raise ArgumentError("must not be negative", subject=name)
        if not self.is_loopback and self.token is None:
            raise ArgumentError(
                "can be reached from other machines, which needs a token",
                subject=f"host {self.host}",
                fix="give --token (or CLEANPLATE_TOKEN), or listen on 127.0.0.1",
            )
        if self.token is not None and len(self.token) < _LEAST_TOKEN:
            raise ArgumentError(f"must have at least {_LEAST_TOKEN} characters", subject="token")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
