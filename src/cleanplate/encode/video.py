"""Video files: frames in, a file with their time stamps, colour tags and sound out.

The file is written under a hidden name and takes its own when it is complete (:mod:`cleanplate.encode.atomic`), so
neither Ctrl-C nor a full disk leaves half a video that looks like a whole one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cleanplate.clip import ClipFacts, SoundPiece
from cleanplate.encode.atomic import atomic_file
from cleanplate.encode.sound import Track, add_track
from cleanplate.encode.video_codecs import CONTAINERS, Codec, Speed, choose_codec, encoder_options
from cleanplate.errors import OutputError
from cleanplate.planes import PlaneFormat

_KEPT_METADATA = ("title", "artist", "author", "album", "comment", "copyright", "creation_time", "date", "description")


@dataclass(frozen=True)
class VideoOptions:
    """How a video is encoded.

    Attributes:
        codec: a name from :data:`cleanplate.encode.video_codecs.CODECS`; None for the usual one of the file type.
        crf: quality, lower is better; None for the codec's usual one.
        speed: of the encoder; fast ones make larger files.
        alpha: write an alpha channel.
        sound: write the sound tracks of the source.
        overwrite: replace a file that exists.
    """

    codec: str | None = None
    crf: int | None = None
    speed: Speed = "balanced"
    alpha: bool = False
    sound: bool = True
    overwrite: bool = False


@dataclass
class Canvas:
    """Memory for one frame that is to be encoded.

    Attributes:
        planes: to be filled: luma, two colour differences and, if there is one, alpha (full range).
        inner: the library's frame.
    """

    planes: tuple[NDArray[Any], ...]
    inner: Any


class Sink(Protocol):
    """Where frames go: a video file, or a folder of pictures."""

    format: PlaneFormat
    notes: list[str]

    def canvas(self) -> Canvas:
        """Memory for the next frame."""
        ...

    def write(self, canvas: Canvas, at: int, duration: int) -> None:
        """Take a frame: time stamp and duration in ticks of the source, time stamps rising."""
        ...

    def sound(self, piece: SoundPiece) -> None:
        """Take a piece of sound."""
        ...


class ClipWriter:
    """A video file that is being written; made by :func:`clip_writer`.

    Attributes:
        format: the layout of planes that it takes.
        codec: what it encodes with.
        notes: remarks for the user.
    """

    def __init__(self, container: Any, facts: ClipFacts, codec: Codec, options: VideoOptions, kind: str) -> None:
        """Set up the tracks of a container; ``kind`` is its type."""
        self.codec = codec
        self.format = codec.plane_format(facts.source_bits, alpha=options.alpha)
        self.notes: list[str] = []
        self._container, self._facts, self._alpha = container, facts, options.alpha
        even = codec.even
        self._height = facts.height + (facts.height % 2 if even else 0)
        self._width = facts.width + (facts.width % 2 if even else 0)
        if (self._height, self._width) != (facts.height, facts.width):
            self.notes.append(
                f"{codec.name} takes even sides only: {facts.width} x {facts.height} became "
                f"{self._width} x {self._height} (the last row or column is repeated)"
            )
        if facts.source_bits > self.format.bits:
            self.notes.append(f"levels of {facts.source_bits} bits were rounded to {self.format.bits}")
        self._pixels = codec.alpha if options.alpha else _pixel_format(self.format)
        self._stream = self._video_stream(
            encoder_options(codec, crf=options.crf, speed=options.speed, alpha=self._alpha)
        )
        self._tracks: list[Track] = []
        if options.sound:
            self._tracks = [add_track(container, template, kind) for template in facts.sound]
        self.notes += dict.fromkeys(track.note for track in self._tracks if track.note)
        for key in _KEPT_METADATA:
            if key in facts.metadata:
                container.metadata[key] = facts.metadata[key]

    def canvas(self) -> Canvas:
        """Memory for the next frame, at the size of the source."""
        import av

        picture = av.VideoFrame(self._width, self._height, self._pixels)
        shapes = list(self.format.shapes(self._facts.height, self._facts.width))
        if self._alpha:
            shapes.append(shapes[0])
        planes = tuple(_view(plane, shape, self.format) for plane, shape in zip(picture.planes, shapes, strict=True))
        return Canvas(planes, picture)

    def write(self, canvas: Canvas, at: int, duration: int) -> None:
        """Encode a frame."""
        picture = canvas.inner
        self._pad(picture)
        picture.pts, picture.time_base, picture.duration = at, self._facts.tick, duration
        self._tag(picture)
        self._container.mux(self._stream.encode(picture))

    def sound(self, piece: SoundPiece) -> None:
        """Write a piece of sound, if there is a track for it."""
        if piece.track < len(self._tracks):
            for packet in self._tracks[piece.track].packets(piece):
                self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoders still hold, and the end of the file."""
        self._container.mux(self._stream.encode(None))
        for track in self._tracks:
            for packet in track.rest():
                self._container.mux(packet)
        self._container.close()

    def _video_stream(self, options: dict[str, str]) -> Any:
        facts = self._facts
        rate = (facts.rate or Fraction(30)).limit_denominator(1001)
        stream = self._container.add_stream(self.codec.encoder, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = self._width, self._height, self._pixels
        context = stream.codec_context
        context.time_base = facts.tick
        context.thread_type = "AUTO"
        context.sample_aspect_ratio = facts.pixel_aspect
        self._tag(context)
        if self.codec.name == "hevc" and self._container.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # the tag that Apple's players ask for
        if self._alpha and self.codec.name == "vp9":
            stream.metadata["alpha_mode"] = "1"
        return stream

    def _tag(self, target: Any) -> None:
        """Colour tags of the source, on a frame or on the encoder."""
        tags = self._facts.colours
        target.color_primaries, target.color_trc, target.colorspace = tags.primaries, tags.transfer, tags.matrix
        target.color_range = tags.range or 1

    def _pad(self, picture: Any) -> None:
        """Repeat the last row and column where the encoder's picture is larger."""
        facts = self._facts
        if (self._height, self._width) == (facts.height, facts.width):
            return
        whole = PlaneFormat.shapes(self.format, self._height, self._width)
        parts = self.format.shapes(facts.height, facts.width)
        for plane, shape, part in zip(picture.planes, whole, parts, strict=False):
            view = _view(plane, shape, self.format)
            view[part[0] :, : part[1]] = view[part[0] - 1 : part[0], : part[1]]
            view[:, part[1] :] = view[:, part[1] - 1 : part[1]]


@contextlib.contextmanager
def clip_writer(path: Path, facts: ClipFacts, options: VideoOptions) -> Iterator[ClipWriter]:
    """Write a video file; it appears when the block ends without an error.

    Args:
        path: the file; its ending chooses the container.
        facts: of the source: size, time base, tags and sound are taken over.
        options: how to encode.

    Raises:
        ArgumentError: codec, file type and options do not go together.
        OutputError: the file exists, or cannot be written.
    """
    import av

    codec = choose_codec(path, options.codec, source_bits=facts.source_bits, alpha=options.alpha)
    kind = CONTAINERS[path.suffix.lower()]
    # The index of MP4 and MOV goes to the front, so that a browser can play while it loads.
    flags = {"movflags": "+faststart"} if kind in ("mp4", "mov") else {}
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder writes its settings to standard error unless told
    with atomic_file(path, overwrite=options.overwrite) as file:
        container = av.open(str(file.name), "w", format=kind, options=flags)
        try:
            try:
                writer = ClipWriter(container, facts, codec, options, kind)
                yield writer
                writer.finish()
            except av.error.FFmpegError as error:
                raise _explained(error, path) from error
        except BaseException:
            with contextlib.suppress(Exception):
                container.close()
            raise


def _explained(error: Any, path: Path) -> Exception:
    """Errors of the system pass, to be explained where all of them are."""
    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror)
    return OutputError(f"cannot be encoded ({error.strerror or error})", subject=path, fix="try another --codec")


def _pixel_format(format: PlaneFormat) -> str:
    return f"yuv{format.sampling}p" + ("10le" if format.bits == 10 else "")


def _view(plane: Any, shape: tuple[int, int], format: PlaneFormat) -> NDArray[Any]:
    levels: NDArray[Any] = np.frombuffer(plane, format.dtype)
    stride = plane.line_size // levels.itemsize
    return levels[: stride * shape[0]].reshape(shape[0], stride)[:, : shape[1]]
