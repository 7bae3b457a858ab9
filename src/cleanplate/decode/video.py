"""The way in for video: a file -> frames and coded pieces of sound, in the order of the file, a few at a time.

Frames come upright (the display matrix is carried out), with their own time stamps (variable rates stay what they
are), in the planes that the encoder will want. Sound is not decoded here. What is damaged is left out and said.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cleanplate.clip import ClipFacts, Frame, SoundPiece
from cleanplate.decode.frame_planes import FrameConverter, Size, nearest_format, tags_of
from cleanplate.decode.limits import Limits
from cleanplate.decode.upright_planes import Turning, turned_size, turning_of
from cleanplate.decode.video_file import open_video, reason_of, seconds_of, video_stream
from cleanplate.errors import ArgumentError, BrokenInputError
from cleanplate.planes import ColourTags, Plane, PlaneFormat

Piece = Frame | SoundPiece

_DEFAULT = Limits(max_pixels=8192 * 8192)
_PATIENCE = 10
"""Seconds of the file that are searched for sound after the last frame that is wanted."""

_SHORTFALL = 0.5
"""Seconds that may be missing at the end before it is worth saying."""


class ClipReader:
    """An open clip; use it in a ``with`` block.

    Attributes:
        facts: what is known before the first frame; ``facts.format`` is the nearest format to that of the file.
        notes: remarks for the user; complete when all pieces have been read.
    """

    facts: ClipFacts
    _turning: Turning
    _shape_changed: bool

    def __init__(
        self,
        path: Path,
        *,
        start: float = 0.0,
        end: float | None = None,
        limits: Limits = _DEFAULT,
        container: str | None = None,
    ) -> None:
        """Open a clip and read up to its first wanted frame.

        Args:
            path: the file.
            start: seconds from its beginning where work begins.
            end: seconds from its beginning where work ends; None for the whole clip.
            limits: bounds on the size of pictures.
            container: the only file type that it may be, as FFmpeg calls it; any by default. For files of strangers:
                some types, such as playlists, make FFmpeg open further files and addresses.

        Raises:
            MissingInputError: not there, a folder, or no permission.
            FormatError: no video that can be read.
            BrokenInputError: damaged so much that no frame can be read.
            TooLargeError: pictures over ``limits``.
            ArgumentError: ``end`` is not after ``start``, or ``start`` is after the end of the clip.
        """
        if end is not None and end <= start:
            raise ArgumentError(f"{end:g} s is not after --start {start:g} s", subject="--end")
        self.notes: list[str] = []
        self._path, self._start, self._end = path, start, end
        self._container = open_video(path, container)
        try:
            self._stream = video_stream(self._container, path)
            self._prepare(limits)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames that were handed out stay valid."""
        self._container.close()

    def pieces(
        self,
        format: PlaneFormat | None = None,
        *,
        small: Size | None = None,
        size: Size | None = None,
        colours: ColourTags | None = None,
    ) -> Iterator[Piece]:
        """Read frames and sound, once.

        Args:
            format: layout of the planes; ``facts.format`` by default.
            small: height and width of an RGB picture that goes with each frame, or None.
            size: height and width of the frames, if they are to be scaled.
            colours: matrix and range that planes are to have, if they are to be converted.

        Yields:
            Frames with strictly rising time stamps, the first one at or after 0, and pieces of sound.
        """
        facts = self.facts
        stored = facts.height, facts.width
        convert = FrameConverter(facts, format or facts.format, self._turning, small=small, size=size, colours=colours)
        last = -1
        for piece in self._wanted():
            if isinstance(piece, SoundPiece):
                yield piece
                continue
            at, duration, picture = piece
            if at <= last:
                self._backward += 1
                continue
            last = at
            self._shape_changed |= turned_size(picture.height, picture.width, self._turning) != stored
            yield convert(picture, at, duration)
            self._read_until = float((at + duration) * self.facts.tick)
        self._remark()

    def _prepare(self, limits: Limits) -> None:
        """Find the first wanted frame, and with it what only frames say."""
        stream = self._stream
        stream.thread_type = "AUTO"
        self._tick = Fraction(stream.time_base)
        begins = Fraction(max(0, self._container.start_time or 0), 1_000_000)
        self._shift = begins + Fraction(self._start).limit_denominator(1_000_000)
        self._origin = round(self._shift / self._tick)
        self._limit = None if self._end is None else round(Fraction(self._end - self._start) / self._tick)
        self._sound = [each for each in self._container.streams.audio if each.codec_context is not None]
        self._damaged = self._backward = 0
        self._stopped: str | None = None
        self._read_until = 0.0
        self._shape_changed = False
        if self._start > 0:
            self._seek()
        self._events = self._decoded()
        self._early: deque[Any] = deque()
        first = None
        for event in self._events:
            self._early.append(event)
            if not isinstance(event, SoundPiece):
                first = event[2]
                break
        if first is None:
            raise self._no_frame()
        limits.check_size(first.height, first.width, str(self._path))
        self._turning = turning_of(first)
        self.facts = self._facts(first)

    def _seek(self) -> None:
        import av

        with contextlib.suppress(av.error.FFmpegError):  # what cannot be sought is read from the beginning
            self._container.seek(self._origin, stream=self._stream, backward=True)

    def _decoded(self) -> Iterator[Any]:
        """Every frame as (time stamp, duration, picture) and every piece of sound, in the order of the file."""
        import av

        tracks = {each.index: number for number, each in enumerate(self._sound)}
        packets = self._container.demux([self._stream, *self._sound])
        position = 0
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError) as error:
                self._stopped = reason_of(error)
                packets = iter(())
                yield from self._flushed(position)
                return
            # Not packet.stream_index: the empty packets at the end have none, and that of a sound track would be taken
            # for one of the pictures' and end its decoder, which another thread may be using.
            track = tracks.get(packet.stream.index)
            if track is not None:
                if packet.size and packet.pts is not None:
                    yield SoundPiece(track, packet, self._shift)
                continue
            try:
                pictures = packet.decode()
            except av.error.FFmpegError:
                self._damaged += 1
                continue
            for picture in pictures:
                at, duration = self._times(picture, position)
                position = at + max(1, duration)
                self._damaged += bool(picture.is_corrupt)
                yield at, duration, picture

    def _flushed(self, position: int) -> Iterator[Any]:
        """The frames that the decoder still holds after the file broke off."""
        import av

        with contextlib.suppress(av.error.FFmpegError):
            for picture in self._stream.codec_context.decode(None):
                at, duration = self._times(picture, position)
                position = at + max(1, duration)
                yield at, duration, picture

    def _times(self, picture: Any, expected: int) -> tuple[int, int]:
        stamp = picture.pts if picture.pts is not None else picture.dts
        duration = int(picture.duration or 0)
        if not duration and self._stream.average_rate:
            duration = round(1 / (self._stream.average_rate * self._tick))
        return (expected if stamp is None else int(stamp) - self._origin), duration

    def _wanted(self) -> Iterator[Any]:
        """What lies between start and end; the picture that stands when ``start`` comes is the first."""
        standing: tuple[int, int, Any] | None = None
        ended: set[int] = set()
        for event in self._all_events():
            if isinstance(event, SoundPiece):
                seconds = float(event.packet.pts * event.packet.time_base - event.shift)
                if self._end is not None and seconds >= self._end - self._start:
                    ended.add(event.track)
                elif seconds >= 0 or self._start == 0:
                    yield event
                if -1 in ended and len(ended) > len(self._sound):
                    return
                continue
            at, duration, picture = event
            if at < 0:
                standing = (0, at + duration, picture) if at + duration > 0 or self._start > 0 else None
                continue
            if self._limit is not None and at >= self._limit:
                ended.add(-1)
                if len(ended) > len(self._sound) or at * self._tick > self._limit * self._tick + _PATIENCE:
                    return
                continue
            if standing is not None and at > 0:
                yield 0, at, standing[2]
            standing = None
            yield at, duration if self._limit is None else min(duration, self._limit - at), picture
        if standing is not None and standing[1] > 0:
            yield standing

    def _all_events(self) -> Iterator[Any]:
        while self._early:
            yield self._early.popleft()
        yield from self._events

    def _facts(self, first: Any) -> ClipFacts:
        stream, container = self._stream, self._container
        height, width = turned_size(first.height, first.width, self._turning)
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        seconds = seconds_of(stream, container)
        if seconds is not None:
            if self._start and self._start >= seconds:
                raise ArgumentError(
                    f"{self._start:g} s is after the end of the clip ({seconds:.2f} s)", subject="--start"
                )
            seconds = min(seconds, seconds if self._end is None else self._end) - self._start
        if first.interlaced_frame:
            self.notes.append("the clip is interlaced; its frames are worked on as they are")
        format, bits = nearest_format(first.format)
        return ClipFacts(
            name=str(self._path),
            height=height,
            width=width,
            format=format,
            source_bits=bits,
            tick=self._tick,
            rate=Fraction(stream.average_rate) if stream.average_rate else None,
            duration=seconds,
            colours=tags_of(first, stream),
            pixel_aspect=1 / aspect if self._turning.swaps else aspect,
            sound=tuple(self._sound),
            codec=stream.codec_context.name,
            metadata=dict(container.metadata),
        )

    def _no_frame(self) -> Exception:
        if self._start > 0 and not self._damaged:
            return ArgumentError(f"{self._start:g} s is after the end of the clip", subject="--start")
        return BrokenInputError("has no frame that can be read", subject=self._path, fix="get an intact copy")

    def _remark(self) -> None:
        """Say what was left out."""
        if self._damaged:
            self.notes.append(f"{self._damaged} damaged frame(s) were found; the rest was kept")
        if self._backward:
            self.notes.append(f"{self._backward} frame(s) with time stamps that run backwards were left out")
        if self._shape_changed:
            self.notes.append("the size of the pictures changes within the clip; all were scaled to the first")
        expected = self.facts.duration
        if expected is not None and self._read_until < expected - max(_SHORTFALL, 0.02 * expected):
            why = f" ({self._stopped})" if self._stopped else ""
            self.notes.append(
                f"the clip breaks off after {self._start + self._read_until:.1f} s of "
                f"{self._start + expected:.1f} s{why}; what could be read was kept"
            )
        elif self._stopped:
            self.notes.append(f"the end of the clip is damaged ({self._stopped}); what could be read was kept")


def loop_frames(
    path: Path, *, format: PlaneFormat, size: Size, colours: ColourTags
) -> Iterator[tuple[float, tuple[Plane, Plane, Plane]]]:
    """Frames of a clip over and over again, as a moving background.

    Args:
        path: the clip.
        format: layout of the planes.
        size: least height and width; the aspect is kept, so one of the two may be more.
        colours: matrix and range of the planes.

    Yields:
        Seconds since the beginning, and planes.

    Raises:
        InputError: as for :class:`ClipReader`.
    """
    passed = 0.0
    while True:
        length = 0.0
        with ClipReader(path) as reader:
            facts = reader.facts
            factor = max(size[0] / facts.height, size[1] / facts.width / float(facts.pixel_aspect))
            scaled = (
                max(size[0], round(facts.height * factor)),
                max(size[1], round(facts.width * factor * float(facts.pixel_aspect))),
            )
            for piece in reader.pieces(format, size=scaled, colours=colours):
                if isinstance(piece, Frame):
                    at = float(piece.at * facts.tick)
                    length = at + (float(piece.duration * facts.tick) or 0.04)
                    yield passed + at, piece.planes
        passed += length


def clip_facts(path: Path) -> ClipFacts:
    """What is known of a clip without reading it to its end.

    Raises:
        InputError: as for :class:`ClipReader`.
    """
    with ClipReader(path) as reader:
        return replace(reader.facts, sound=())
