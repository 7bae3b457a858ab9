"""A video clip in pieces: what its stages hand to each other, and nothing of the library that reads and writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ArgumentError
from cleanplate.planes import ColourTags, Plane, PlaneFormat


@dataclass(frozen=True)
class Frame:
    """One picture of a clip, upright.

    Attributes:
        planes: luma and the two colour differences, laid out as the clip's :class:`PlaneFormat` says; never written to.
        at: time stamp, in ticks of the clip, from the start of what is worked on.
        duration: in ticks; 0 if the file does not say.
        small: h x w x 3 uint8 RGB, the picture at the size that the network gets; None where none was asked for.
    """

    planes: tuple[Plane, Plane, Plane]
    at: int
    duration: int
    small: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class SoundPiece:
    """A coded piece of a sound track, as it lies in the file.

    Attributes:
        track: number of the track, from 0.
        packet: the library's packet; encoders of the same library take it.
        shift: seconds to subtract from its time stamps.
    """

    track: int
    packet: Any
    shift: Fraction


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a clip before its first frame.

    Attributes:
        name: for messages.
        height: of the upright picture.
        width: of the upright picture.
        format: of the frames as they are handed on.
        source_bits: bits a level of the file.
        tick: seconds of one tick of the time stamps.
        rate: frames a second, a mean for clips of variable rate; None if nothing is known.
        duration: seconds of what is worked on; None if the file does not say.
        colours: tags of the file.
        pixel_aspect: width to height of a pixel, of the upright picture.
        sound: templates of the sound tracks, for the encoder.
        codec: name of the video's codec.
        metadata: title, date and the like.
    """

    name: str
    height: int
    width: int
    format: PlaneFormat
    source_bits: int
    tick: Fraction
    rate: Fraction | None
    duration: float | None
    colours: ColourTags
    pixel_aspect: Fraction = Fraction(1)
    sound: tuple[Any, ...] = ()
    codec: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def frames(self) -> int | None:
        """About how many frames there are to be worked on."""
        return None if self.duration is None or self.rate is None else max(1, round(self.duration * self.rate))


def parse_time(text: str, *, name: str) -> float:
    """Seconds from ``75``, ``75.5``, ``1:15`` or ``0:01:15.5``.

    Raises:
        ArgumentError: it is none of these.
    """
    parts = text.strip().split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or any(not 0 <= number < 1e9 for number in numbers):
        raise ArgumentError(f"'{text}' is no time", subject=name, fix="write seconds (75.5) or 1:15 or 0:01:15.5")
    seconds = 0.0
    for number in numbers:
        seconds = 60 * seconds + number
    return seconds
