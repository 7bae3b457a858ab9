"""From the pictures of a video decoder to frames: upright planes for the encoder, and a small RGB picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.clip import ClipFacts, Frame
from cleanplate.decode.upright_planes import Turning, turned_planes, turned_size, turned_small
from cleanplate.planes import ColourTags, Plane, PlaneFormat, Sampling, settled

Size = tuple[int, int]

_SCALERS_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""Matrix of the tags -> number of it in FFmpeg's scaler."""


class FrameConverter:
    """From the decoder's pictures to frames; keeps the scalers that it needs for all of them.

    Args:
        facts: of the clip.
        format: layout of the planes.
        turning: how pictures are made upright.
        small: height and width of an RGB picture that goes with each frame, or None.
        size: height and width of the frames, if they are to be scaled.
        colours: matrix and range that planes are to have, if they are to be converted.
    """

    def __init__(
        self,
        facts: ClipFacts,
        format: PlaneFormat,
        turning: Turning,
        *,
        small: Size | None,
        size: Size | None,
        colours: ColourTags | None,
    ) -> None:
        import av

        height, width = size or (facts.height, facts.width)
        self._format, self._turning = format, turning
        # Turned by a quarter, samples that lie beside each other lie below each other.
        sampling = "440" if turning.swaps and format.sampling == "422" else format.sampling
        self._wanted = f"yuv{sampling}p" + ("10le" if format.bits == 10 else "")
        self._shapes = [turned_size(*shape, turning) for shape in format.shapes(height, width)]
        self._small = None if small is None else turned_size(*small, turning)
        self._size = turned_size(height, width, turning)
        self._source = settled(facts.colours, facts.height)
        self._colours = colours and settled(colours, height)
        self._main = av.video.reformatter.VideoReformatter()
        self._shrink = av.video.reformatter.VideoReformatter()

    def __call__(self, picture: Any, at: int, duration: int) -> Frame:
        """The frame of a decoded picture; ``at`` and ``duration`` are in ticks of the clip."""
        small = None
        if self._small is not None:
            height, width = self._small
            shrunk = self._shrink.reformat(
                picture,
                width,
                height,
                "rgb24",
                interpolation="AREA",
                dst_color_range=2,
                threads=1,
                **self._from(picture),
            )
            small = turned_small(np.asarray(shrunk.to_ndarray(), np.uint8), self._turning)
        planes = turned_planes(self._planes(picture), self._turning)
        return Frame(planes, at, duration, small)

    def _planes(self, picture: Any) -> tuple[Plane, Plane, Plane]:
        name = picture.format.name.replace("yuvj", "yuv")
        height, width = self._size
        fits = name == self._wanted and (picture.height, picture.width) == (height, width)
        if not fits or self._colours is not None:
            picture = self._main.reformat(
                picture,
                width,
                height,
                self._wanted,
                interpolation="BICUBIC",
                threads=1,
                **self._from(picture),
                **self._to(),
            )
        first, second, third = (
            _plane(each, shape, self._format) for each, shape in zip(picture.planes[:3], self._shapes, strict=True)
        )
        return first, second, third

    def _from(self, picture: Any) -> dict[str, int]:
        """How the library is told what the numbers of a picture mean."""
        return {} if picture.format.is_rgb else {"src_colorspace": _SCALERS_MATRIX.get(self._source.matrix, 5)}

    def _to(self) -> dict[str, int]:
        """What they are to mean afterwards: by default what they meant before (:func:`tags_of` for RGB)."""
        wanted = self._colours or self._source
        return {
            "dst_colorspace": _SCALERS_MATRIX.get(wanted.matrix, 5),
            "dst_color_range": wanted.range or 1,
        }


def _plane(plane: Any, shape: Size, format: PlaneFormat) -> Plane:
    """A view of the library's memory, which lives as long as the view does."""
    levels: NDArray[Any] = np.frombuffer(plane, format.dtype)
    stride = plane.line_size // levels.itemsize
    view = levels[: stride * shape[0]].reshape(shape[0], stride)[:, : shape[1]]
    view.flags.writeable = False
    return view


def nearest_format(format: Any) -> tuple[PlaneFormat, int]:
    """The planes nearest to a format of the library, and the bits of its levels."""
    bits = max(component.bits for component in format.components)
    sampling: Sampling = "420"
    if format.is_rgb or (len(format.components) >= 3 and _chroma(format) == (1, 1)):
        sampling = "444"
    elif len(format.components) >= 3 and _chroma(format) == (2, 1):
        sampling = "422"
    return PlaneFormat(sampling, 8 if bits <= 8 else 10), bits


def _chroma(format: Any) -> Size:
    """How many pixels across and down share one colour sample."""
    return 16 // max(1, format.chroma_width(16)), 16 // max(1, format.chroma_height(16))


def tags_of(picture: Any, stream: Any) -> ColourTags:
    """The frame's own tags, which say more than the header's, and the header's where those say nothing."""
    context = stream.codec_context
    if picture.format.is_rgb:
        return ColourTags(1, 13, 1 if picture.height >= 720 else 6, 1)
    pairs = [
        (picture.color_primaries, context.color_primaries),
        (picture.color_trc, context.color_trc),
        (picture.colorspace, context.colorspace),
    ]
    primaries, transfer, matrix = (own if own not in (0, 2) else header for own, header in pairs)
    full = 2 if picture.format.name.startswith("yuvj") else picture.color_range or context.color_range
    return ColourTags(int(primaries), int(transfer), int(matrix), int(full))
