"""Which codecs go into which video files, and how their encoders are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cleanplate.errors import ArgumentError
from cleanplate.planes import PlaneFormat, Sampling

Speed = Literal["fast", "balanced", "best"]

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Ending -> what FFmpeg calls the file type."""


@dataclass(frozen=True)
class Codec:
    """A video codec.

    Attributes:
        name: as on the command line.
        encoder: of FFmpeg.
        containers: endings of files that it is played from.
        crf: default quality (lower is better), and the highest number; None where there is no such number.
        sampling: of colours.
        bits: of levels that it takes.
        even: sides must be even, since colours are stored for pairs of pixels.
        alpha: FFmpeg's pixel format with an alpha channel; empty if there is none.
        options: of the encoder, always.
        speeds: options of the encoder by speed.
    """

    name: str
    encoder: str
    containers: tuple[str, ...]
    crf: tuple[int, int] | None
    sampling: Sampling = "420"
    bits: tuple[Literal[8, 10], ...] = (8, 10)
    even: bool = True
    alpha: str = ""
    options: dict[str, str] = field(default_factory=dict)
    speeds: dict[Speed, dict[str, str]] = field(default_factory=dict)

    def plane_format(self, source_bits: int, *, alpha: bool) -> PlaneFormat:
        """The layout of planes that is encoded: the bits of the source as far as the codec has them."""
        if alpha:
            return PlaneFormat("444" if "444" in self.alpha else "420", 10 if "10" in self.alpha else 8)
        bits = 10 if source_bits > 8 and 10 in self.bits else self.bits[0]
        return PlaneFormat(self.sampling, bits)


CODECS = {
    codec.name: codec
    for codec in (
        Codec(
            "h264",
            "libx264",
            (".mp4", ".m4v", ".mov", ".mkv"),
            (20, 51),
            bits=(8,),
            speeds={
                "fast": {"preset": "veryfast"},
                "balanced": {"preset": "fast"},
                "best": {"preset": "slow"},
            },
        ),
        Codec(
            "hevc",
            "libx265",
            (".mp4", ".m4v", ".mov", ".mkv"),
            (22, 51),
            options={"x265-params": "log-level=none"},
            speeds={
                "fast": {"preset": "ultrafast"},
                "balanced": {"preset": "fast"},
                "best": {"preset": "medium"},
            },
        ),
        Codec(
            "vp9",
            "libvpx-vp9",
            (".webm", ".mkv", ".mp4"),
            (28, 63),
            bits=(8,),
            even=False,
            alpha="yuva420p",
            # Frames that are never shown (alt-ref) and alpha do not go together in WebM.
            options={"b": "0", "row-mt": "1", "deadline": "good", "auto-alt-ref": "0"},
            speeds={
                "fast": {"cpu-used": "8", "deadline": "realtime"},
                "balanced": {"cpu-used": "5"},
                "best": {"cpu-used": "2"},
            },
        ),
        Codec(
            "av1",
            "libsvtav1",
            (".mp4", ".mkv", ".webm"),
            (30, 63),
            even=False,
            speeds={"fast": {"preset": "10"}, "balanced": {"preset": "8"}, "best": {"preset": "5"}},
        ),
        Codec(
            "prores",
            "prores_ks",
            (".mov", ".mkv"),
            None,
            sampling="422",
            bits=(10,),
            even=False,
            alpha="yuva444p10le",
            options={"vendor": "apl0"},
        ),
    )
}
"""Codec by name."""

ALPHA_FILES = {"prores": ".mov", "vp9": ".webm"}
"""Codecs with an alpha channel that players understand, and the ending of their files."""


def choose_codec(path: Path, wanted: str | None, *, source_bits: int, alpha: bool) -> Codec:
    """The codec for a file.

    Args:
        path: the file to write; its ending names the container.
        wanted: a name from :data:`CODECS`, or None for the usual one.
        source_bits: bits of the levels that are to be kept.
        alpha: an alpha channel is to be written.

    Raises:
        ArgumentError: an unknown ending or codec, or two that do not go together.
    """
    ending = path.suffix.lower()
    if ending not in CONTAINERS:
        raise ArgumentError(
            f"cannot be written as '{ending or 'a file without ending'}'",
            subject=path,
            fix=f"end it in one of: {', '.join(CONTAINERS)}",
        )
    if wanted is None:
        usual = "hevc" if source_bits > 8 else "h264"
        wanted = "vp9" if ending == ".webm" else ("prores" if alpha else usual)
    codec = CODECS.get(wanted)
    if codec is None:
        raise ArgumentError(f"unknown codec '{wanted}'", subject="--codec", fix=f"choose one of: {', '.join(CODECS)}")
    if ending not in codec.containers:
        raise ArgumentError(
            f"{wanted} does not go into {ending} files", subject=path, fix=f"use {' or '.join(codec.containers)}"
        )
    if alpha and not codec.alpha:
        raise ArgumentError(f"{wanted} has no alpha channel", subject="--codec", fix="use prores (.mov) or vp9 (.webm)")
    return codec


def encoder_options(codec: Codec, *, crf: int | None, speed: Speed, alpha: bool) -> dict[str, str]:
    """Options for FFmpeg's encoder.

    Raises:
        ArgumentError: ``crf`` is out of the codec's range, or it has none.
    """
    options = {**codec.options, **codec.speeds.get(speed, {})}
    if codec.crf is None:
        if crf is not None:
            raise ArgumentError(f"has no meaning for {codec.name}", subject="--crf", fix="leave it out")
        return {**options, "profile": "4444", "alpha_bits": "16"} if alpha else {**options, "profile": "hq"}
    usual, highest = codec.crf
    if crf is not None and not 0 <= crf <= highest:
        raise ArgumentError(f"is {crf}, and {codec.name} takes 0 to {highest}", subject="--crf")
    return {**options, "crf": str(usual if crf is None else crf)}
