"""Sound tracks on their way into a new file: copied as they are where the file type takes them, else encoded again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

from cleanplate.clip import SoundPiece

_TAKEN = {
    "mp4": {"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "opus", "flac"},
    "mov": {"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_s24be"},
    "webm": {"opus", "vorbis", "libopus", "libvorbis"},
}
"""Sound codecs that players expect in a file type; Matroska takes all."""

_ENCODERS = {"webm": ("libopus", 48_000), "mp4": ("aac", None), "mov": ("aac", None)}
"""Encoder, and the only rate that it takes."""

_BITS_PER_CHANNEL = 96_000

_JITTER = 0.02
"""Seconds by which pieces of sound may be off their place without being moved there."""


class Track(Protocol):
    """One sound track of a file that is being written."""

    note: str

    def packets(self, piece: SoundPiece) -> Iterator[Any]:
        """Packets to write for a piece of sound."""
        ...

    def rest(self) -> Iterator[Any]:
        """Packets that remain at the end."""
        ...


def add_track(container: Any, template: Any, container_type: str) -> Track:
    """Add a track like ``template`` (a stream of the file that is read) to a container that is being written."""
    name = template.codec_context.name
    if container_type == "matroska" or name in _TAKEN[container_type]:
        return _Copied(container, template, early=container_type in ("mp4", "mov"))
    encoder, rate = _ENCODERS[container_type]
    return _Encoded(container, template, encoder, rate)


class _Copied:
    """Packets go over bit for bit; only their time stamps count from another beginning.

    ``early``: the file type can hold packets from before its beginning, which start up a decoder and are not heard.
    Elsewhere they would shift everything, and are left out.
    """

    def __init__(self, container: Any, template: Any, *, early: bool) -> None:
        self._early = early
        self._stream = container.add_stream_from_template(template)
        _keep_language(template, self._stream)
        self.note = ""

    def packets(self, piece: SoundPiece) -> Iterator[Any]:
        packet = piece.packet
        shift = round(piece.shift / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        packet.stream = self._stream
        if self._early or packet.pts + (packet.duration or 0) > 0:
            yield packet

    def rest(self) -> Iterator[Any]:
        yield from ()


class _Encoded:
    """Decoded and encoded again, for file types that do not take the codec."""

    def __init__(self, container: Any, template: Any, encoder: str, rate: int | None) -> None:
        source = template.codec_context
        layout = "stereo" if source.layout.nb_channels > 2 and encoder == "libopus" else source.layout.name
        self._stream = container.add_stream(encoder, rate=rate or source.sample_rate, layout=layout)
        self._stream.codec_context.bit_rate = _BITS_PER_CHANNEL * self._stream.codec_context.layout.nb_channels
        _keep_language(template, self._stream)
        self._decoder = source
        self._resampler: Any = None
        self._expected = 0
        self._damaged = 0
        self.note = f"sound was encoded again as {encoder.removeprefix('lib')} (from {source.name})"

    def packets(self, piece: SoundPiece) -> Iterator[Any]:
        import av

        try:
            pictures = self._decoder.decode(piece.packet)
        except av.error.FFmpegError:
            self._damaged += 1
            return
        for samples in pictures:
            self._shift(samples, piece.shift)
            yield from self._encode(samples)

    def rest(self) -> Iterator[Any]:
        import av

        with contextlib.suppress(av.error.FFmpegError):
            for samples in self._decoder.decode(None):
                samples.pts = None
                yield from self._encode(samples)
        if self._resampler is not None:
            yield from self._encode(None)
        yield from self._stream.encode(None)

    def _shift(self, samples: Any, shift: Fraction) -> None:
        if samples.pts is not None:
            samples.pts -= round(shift / samples.time_base)

    def _encode(self, samples: Any) -> Iterator[Any]:
        if self._resampler is None:
            self._resampler = self._new_resampler()
        for fitting in self._resampler.resample(samples):
            self._straighten(fitting)
            yield from self._stream.encode(fitting)

    def _straighten(self, samples: Any) -> None:
        """Time stamps of containers are rounded (to milliseconds, say); what follows without a gap is made to."""
        rate = samples.sample_rate
        at = self._expected if samples.pts is None else round(samples.pts * samples.time_base * rate)
        if abs(at - self._expected) < _JITTER * rate:
            at = self._expected
        samples.pts, samples.time_base = at, Fraction(1, rate)
        self._expected = at + samples.samples

    def _new_resampler(self) -> Any:
        import av

        context = self._stream.codec_context
        context.open(strict=False)
        return av.audio.resampler.AudioResampler(
            format=context.format,
            layout=context.layout,
            rate=context.sample_rate,
            frame_size=context.frame_size or None,
        )


def _keep_language(template: Any, stream: Any) -> None:
    language = template.metadata.get("language")
    if language:
        stream.metadata["language"] = language
