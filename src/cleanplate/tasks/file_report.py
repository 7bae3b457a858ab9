"""What was done with one picture file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from cleanplate.types import Box


@dataclass(frozen=True)
class FileReport:
    """What was done with one picture. :meth:`to_json` is the schema that ``--json`` prints.

    Attributes:
        status: ``erased``, ``preview`` (dry run) or ``copied`` (nothing was selected).
        source: the input as it was named.
        format: type of the input, such as ``JPEG``.
        size: width and height of the upright picture.
        selected_pixels: pixels that the selection holds as drawn.
        mask_pixels: pixels that may have changed: closed islands and grown rim included.
        mask_box: left, top, right, bottom around them, end exclusive; None if there are none.
        engine, device, seed: what made the result; empty for a preview or a copy.
        outputs: files written, in the order of candidates (seed after seed).
        sheet, saved_mask: further files written.
        windows: the windows that were filled, largest first.
        steps: seconds of the steps within ``erase`` (those inside windows are sums over threads).
        timings: seconds by step: decode, select, erase, encode, write; ``total`` is the whole call.
        notes: remarks for the user.
        people: what was decided about each person and thing that was found, if any was asked for: id, label, score,
            box, area, distance_rank, erased, reason.
        data: bytes of the result where no file was named; not in the JSON.
    """

    status: str
    source: str
    format: str
    size: tuple[int, int]
    selected_pixels: int
    mask_pixels: int
    mask_box: Box | None
    engine: str = ""
    device: str = ""
    seed: int = 0
    outputs: list[str] = field(default_factory=list)
    sheet: str | None = None
    saved_mask: str | None = None
    windows: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    data: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dicts; seconds are rounded to milliseconds."""
        record = asdict(replace(self, data=None))
        del record["data"]
        return dict(plain(record))


def plain(value: Any) -> Any:
    """``value`` as JSON knows it."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 3)
    if isinstance(value, np.integer):
        return int(value)
    return value
