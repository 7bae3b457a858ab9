"""Small clips made for these tests, and looking at what was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

RED, BLUE = (210, 40, 30), (40, 60, 200)


def scene(number: int, *, height: int = 96, width: int = 128, background: tuple[int, int, int] = BLUE) -> np.ndarray:
    """A red disc that moves to the right, on a plain background."""
    image = np.full((height, width, 3), background, np.uint8)
    cv2.circle(image, disc_centre(number, height, width), height // 4, RED, -1, cv2.LINE_AA)
    return image


def disc_centre(number: int, height: int = 96, width: int = 128) -> tuple[int, int]:
    return width // 4 + 3 * number, height // 2


@dataclass
class Clip:
    """How a test clip is made; :meth:`write` makes it."""

    frames: int = 12
    height: int = 96
    width: int = 128
    times: tuple[int, ...] | None = None
    """Time stamps in ticks; every 40 ms by default."""
    tick: Fraction = Fraction(1, 12800)
    codec: str = "libx264"
    pixels: str = "yuv420p"
    sound: str | None = "aac"
    tracks: int = 1
    tags: tuple[int, int, int, int] = (1, 1, 1, 1)
    options: dict[str, str] = field(default_factory=lambda: {"crf": "12", "preset": "ultrafast"})
    draw: object = scene

    def write(self, path: Path) -> Path:
        with av.open(str(path), "w") as container:
            video = container.add_stream(self.codec, rate=25, options=self.options)
            video.width, video.height, video.pix_fmt = self.width, self.height, self.pixels
            context = video.codec_context
            context.time_base = self.tick
            self._tag(context)
            sounds = [
                container.add_stream(self.sound, rate=48000, layout="mono")
                for _ in range(self.tracks if self.sound else 0)
            ]
            step = round(Fraction(1, 25) / self.tick)
            times = self.times or tuple(number * step for number in range(self.frames))
            for number, at in enumerate(times):
                picture = av.VideoFrame.from_ndarray(
                    self.draw(number, height=self.height, width=self.width), format="rgb24"
                )
                picture = picture.reformat(
                    format=self.pixels, dst_colorspace=1 if self.tags[2] == 1 else 5, dst_color_range=self.tags[3] or 1
                )
                picture.pts, picture.time_base = at, self.tick
                picture.duration = (times[number + 1] if number + 1 < len(times) else at + step) - at
                self._tag(picture)
                container.mux(video.encode(picture))
            container.mux(video.encode(None))
            seconds = float((times[-1] + step) * self.tick)
            for number, sound in enumerate(sounds):
                for packet in beeps(sound, seconds, pitch=440 * (number + 1)):
                    container.mux(packet)
        return path

    def _tag(self, target: object) -> None:
        target.color_primaries, target.color_trc, target.colorspace, target.color_range = self.tags


def beeps(stream, seconds: float, *, pitch: int = 440):
    """A tone that begins at 0.24 s, silence before: where it begins is easily measured."""
    rate = stream.codec_context.sample_rate
    at = np.arange(int(seconds * rate)) / rate
    wave = np.where(at >= 0.24, 0.5 * np.sin(2 * np.pi * pitch * at), 0).astype(np.float32)
    size = 1024
    for start in range(0, len(wave), size):
        block = av.AudioFrame.from_ndarray(wave[None, start : start + size], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = rate, start, Fraction(1, rate)
        yield from stream.encode(block)
    yield from stream.encode(None)


@dataclass
class Seen:
    """A clip as it was read back."""

    frames: list[np.ndarray]
    """H x W x 3 uint8 RGB, stored orientation."""
    times: list[float]
    durations: list[float]
    format: str
    tags: tuple[int, int, int, int]
    sound: list[bytes]
    """The packets of the first sound track."""
    sound_times: list[float]
    sound_codec: str
    video_codec: str
    size: tuple[int, int]
    alpha: list[np.ndarray]
    duration: float
    aspect: Fraction | None
    metadata: dict[str, str]


def look(path: Path) -> Seen:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        decoder = context
        if context.name == "vp9":
            decoder = av.CodecContext.create("libvpx-vp9", "r")  # the other decoder leaves alpha out
            decoder.extradata = context.extradata
        frames, times, durations, alpha = [], [], [], []
        sound, sound_times = [], []
        tags = (0, 0, 0, 0)
        name = ""
        for packet in container.demux():
            if packet.stream.type == "audio":
                if packet.size and packet.stream is container.streams.audio[0]:
                    sound.append(bytes(packet))
                    sound_times.append(float(packet.pts * packet.time_base))
                continue
            for frame in decoder.decode(packet):
                name = frame.format.name
                tags = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
                times.append(float(frame.pts * stream.time_base))
                durations.append(float(frame.duration * stream.time_base))
                if len(frame.planes) == 4:
                    kind = np.uint16 if "le" in name else np.uint8
                    plane = np.frombuffer(frame.planes[3], kind).reshape(frame.height, -1)[:, : frame.width]
                    bits = 8 if kind == np.uint8 else int(name.split("p")[1][:2])
                    alpha.append(plane / (2.0**bits - 1))
                frames.append(frame.to_ndarray(format="rgb24"))
        audio = container.streams.audio
        return Seen(
            frames,
            times,
            durations,
            name,
            tags,
            sound,
            sound_times,
            audio[0].codec_context.name if audio else "",
            context.name,
            (context.width, context.height),
            alpha,
            container.duration / 1e6,
            context.sample_aspect_ratio,
            dict(container.metadata),
        )


def tone_begins(path: Path) -> float:
    """Seconds on the clip's clock at which its sound sets in."""
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.audio[0]):
            wave = np.abs(frame.to_ndarray().astype(np.float32)).max(axis=0)
            if frame.format.name.startswith("s16"):
                wave /= 32768
            loud = np.flatnonzero(wave > 0.1)
            if loud.size:
                return float(frame.pts * frame.time_base) + loud[0] / frame.sample_rate
    raise AssertionError("silence")


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix (a, b, c, d of ISO/IEC 14496-12) into the video track of an MP4 file."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16  # version 0: times, track, duration; reserved, layer, group, volume
    a, b, c, d = (value << 16 for value in matrix)
    for place, value in enumerate((a, b, 0, c, d, 0, 0, 0, 1 << 30)):
        data[at + 4 * place : at + 4 * place + 4] = (value & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(data)
    return path
