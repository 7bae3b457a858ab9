"""What is wanted of a video, and what was done with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cleanplate.compose.backdrop import Fit
from cleanplate.decode.limits import Limits
from cleanplate.encode.video_codecs import Speed

AlphaFile = Literal["prores", "vp9", "png"]

NETWORK_SIZES: dict[Speed, int] = {"fast": 256, "balanced": 384, "best": 512}
"""Square root of the number of pixels that the network gets, by preset."""


@dataclass(frozen=True)
class VideoOptions:
    """How a video is worked on.

    Attributes:
        background: what stands behind the person (see :func:`cleanplate.tasks.backdrop.parse_backdrop`); None with
            ``alpha``.
        alpha: write the person with an alpha channel instead, as this kind of file.
        fit: how a background of other proportions is brought to the frame.
        start: seconds from the beginning of the clip where work begins.
        end: seconds where it ends; None for the whole clip.
        preset: trades time for quality, in the network and the encoder.
        size: overrules the preset: square root of the number of pixels that the network gets.
        smooth: correct single frames that flicker, with one frame of delay (``ofd``).
        clean: take colours of the old background out of the edge.
        codec: of the video; None for the usual one of the file type.
        crf: quality of the video, lower is better; None for the codec's usual one.
        sound: keep the sound.
        weights: network, a file or a name; None for the one that ships.
        device: that it runs on.
        threads: of the processor for the network; None for all usable cores.
        side_by_side: also write a video with input and result beside each other.
        overwrite: replace outputs that exist.
        limits: how large frames may be.
        picture_limits: how large a picture behind the person may be.
        container: the only file type that the clip may be, as FFmpeg calls it; None for any.
    """

    background: str | None = None
    alpha: AlphaFile | None = None
    fit: Fit = "cover"
    start: float = 0.0
    end: float | None = None
    preset: Speed = "balanced"
    size: int | None = None
    smooth: bool = False
    clean: bool = True
    codec: str | None = None
    crf: int | None = None
    sound: bool = True
    weights: str | Path | None = None
    device: str = "auto"
    threads: int | None = None
    side_by_side: Path | None = None
    overwrite: bool = False
    in_place: Literal[False] = False
    make_folders: Literal[False] = False
    limits: Limits = field(default_factory=lambda: Limits(max_pixels=8192 * 8192))
    picture_limits: Limits = field(default_factory=Limits)
    container: str | None = None


@dataclass(frozen=True)
class VideoReport:
    """What was done with one clip. :meth:`to_json` is the schema that ``--json`` prints.

    Attributes:
        source: the clip.
        outputs: files or folders written.
        size: width and height of the frames.
        frames: number of frames written.
        seconds: of video written.
        network: name of the weights.
        device: that they really ran on.
        network_size: height and width of what the network got.
        takes_previous: whether the network looked at the alpha of the frame before.
        codec: of the video, ``png`` for a folder of pictures.
        sound: ``none``, ``copied``, ``encoded again`` or ``left out``.
        cuts: scenes that begin within the clip.
        empty: frames in which nobody was found.
        timings: milliseconds a frame by stage (stages run side by side), and ``total`` seconds of the whole call.
        notes: remarks for the user.
    """

    source: str
    outputs: list[str]
    size: tuple[int, int]
    frames: int
    seconds: float
    network: str
    device: str
    network_size: tuple[int, int]
    takes_previous: bool
    codec: str
    sound: str
    cuts: int = 0
    empty: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dicts."""
        record = asdict(self)
        record["seconds"] = round(self.seconds, 3)
        record["timings"] = {name: round(value, 3) for name, value in self.timings.items()}
        return record
