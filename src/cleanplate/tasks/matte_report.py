"""What was done with one picture whose people were cut out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cleanplate.tasks.file_report import plain
from cleanplate.types import Box


@dataclass(frozen=True)
class MatteReport:
    """What was done with one picture. :meth:`to_json` is the schema that ``--json`` prints.

    Attributes:
        status: ``cut out``, ``replaced`` (background), ``empty`` (nobody was found: all transparent) or ``copied``
            (nobody was found: the input as it is).
        source: the input as it was named.
        format: type of the input, such as ``JPEG``.
        size: width and height of the upright picture.
        people: boxes around those who stand apart, largest first; ``--person`` counts in this order.
        covered: share of the picture that the people kept cover, 0..1.
        trimmed: box of the upright picture that was kept; None if all of it.
        engine, device: network that found the people, and where it ran.
        outputs: files written.
        steps: seconds within matting: network, refine, colours.
        timings: seconds by step: decode, matte, compose, encode, write; ``total`` is the whole call.
        notes: remarks for the user.
        data: bytes of the result where no file was named; not in the JSON.
    """

    status: str
    source: str
    format: str
    size: tuple[int, int]
    people: list[Box] = field(default_factory=list)
    covered: float = 0.0
    trimmed: Box | None = None
    engine: str = ""
    device: str = ""
    outputs: list[str] = field(default_factory=list)
    steps: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    data: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts, lists and dicts; fractions are rounded to three digits."""
        record = asdict(replace(self, data=None))
        del record["data"]
        return dict(plain(record))
