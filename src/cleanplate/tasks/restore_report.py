"""What was done with one picture that was restored or coloured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cleanplate.tasks.file_report import plain
from cleanplate.types import Box


@dataclass(frozen=True)
class RestoreReport:
    """What was done with one picture. :meth:`to_json` is the schema that ``--json`` prints.

    Attributes:
        status: ``restored``, ``undamaged`` (nothing was found or marked) or ``coloured`` (by ``colorize``).
        source: the input as it was named.
        format: type of the input, such as ``TIFF``.
        size: width and height of the (first) upright page.
        pages: pages worked on.
        defect_pixels: pixels filled, on all pages.
        defect_share: their share of all pixels, 0..1.
        cropped: box of the first page that was kept; None if all of it.
        engine: the networks and engines, by step, in one line.
        engines: the same by step: defects, fill, large, colour.
        device: that networks ran on.
        outputs: files written.
        timings: seconds by step: decode, detect, fill, fading, colour, encode, write; ``total`` is the whole call.
        notes: remarks for the user.
        files: bytes of each output by its kind (``restored``, ``restored_colour``, ``colour``, ``defects``,
            ``defects-2``, ...) where no file was named; not in the JSON.
        data: bytes of the output that a pipe gets; not in the JSON.
    """

    status: str
    source: str
    format: str
    size: tuple[int, int]
    pages: int = 1
    defect_pixels: int = 0
    defect_share: float = 0.0
    cropped: Box | None = None
    engine: str = ""
    engines: dict[str, str] = field(default_factory=dict)
    device: str = ""
    outputs: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    data: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dicts; seconds are rounded to milliseconds."""
        record = asdict(replace(self, data=None, files={}))
        del record["data"], record["files"]
        share = record["defect_share"]
        return {**plain(record), "defect_share": round(share, 6)}
