"""Segment, from file to files: find people, draw them numbered, list them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleanplate.compose.numbers import Numbered, numbered_outlines
from cleanplate.decode.image import read_picture
from cleanplate.decode.limits import Limits
from cleanplate.decode.source import read_source
from cleanplate.detect.instance import Instance, numbered
from cleanplate.detect.instances import MIN_SCORE, check_labels, find
from cleanplate.detect.memory import Memory
from cleanplate.detect.network import PeopleNetwork, open_network
from cleanplate.detect.tiles import Look
from cleanplate.encode.preview import encode_preview, preview_type
from cleanplate.runtime.early import open_early
from cleanplate.tasks.erase_options import EraseOptions
from cleanplate.tasks.outputs import Files, check_outputs, write_all
from cleanplate.tasks.second_look import close_up_network


@dataclass(frozen=True)
class SegmentOptions:
    """What to look for, and how.

    Attributes:
        labels, min_score, look, device, weights, threads: as in :func:`cleanplate.segment`; no labels means all.
        overwrite: replace outputs that exist.
        limits: how large the picture may be.
        memory: of what the network saw in pictures before; None for none.
    """

    labels: tuple[str, ...] = ()
    min_score: float = MIN_SCORE
    look: Look = "closer"
    device: str = "auto"
    weights: Path | None = None
    threads: int | None = None
    overwrite: bool = False
    limits: Limits = field(default_factory=Limits)
    memory: Memory | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class SegmentReport:
    """What was found in one picture.

    Attributes:
        source: the input as it was named.
        size: width and height of the upright picture.
        instances: what was found, from left to right.
        weights: file name of the network.
        device: that it ran on.
        outputs: files written.
        seconds: wall time of the whole call.
        notes: remarks for the user.
    """

    source: str
    size: tuple[int, int]
    instances: list[Instance]
    weights: str
    device: str
    outputs: list[str]
    seconds: float
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and texts; masks as COCO's run lengths."""
        return {
            "source": self.source,
            "size": list(self.size),
            "weights": self.weights,
            "device": self.device,
            "instances": [each.to_json() for each in self.instances],
            "notes": self.notes,
        }


def segment_file(
    source: Path | bytes,
    *,
    picture: Path | None = None,
    listing: Path | None = None,
    options: SegmentOptions | None = None,
    name: str | None = None,
) -> SegmentReport:
    """Find people and things in a picture file; all outputs appear, or none.

    Args:
        source: the picture file, or its bytes.
        picture: where numbered outlines go, a JPEG or PNG; None for none.
        listing: where the JSON goes; None for none.
        options: what to look for, and how.
        name: what messages call the picture; the path if None.

    Raises:
        InputError: the picture cannot be read.
        SelectionError: the network does not know a label.
        OutputError: an output exists, is the input, or cannot be written.
        EngineError: the network is missing or failed.
    """
    started = time.perf_counter()
    options = options or SegmentOptions()
    writing = EraseOptions(overwrite=options.overwrite)
    targets = [path for path in (picture, listing) if path is not None]
    check_outputs(targets, [source] if isinstance(source, Path) else [], writing)
    kind = None if picture is None else preview_type(picture, name="-o")

    def opened() -> PeopleNetwork:
        return open_network(options.weights, device=options.device, threads=options.threads)

    open_early(opened, lambda: close_up_network(options.weights, device=options.device))
    data, name = read_source(source, name=name, limits=options.limits)
    decoded = read_picture(data, name=name, limits=options.limits)
    pixels = decoded.pixels
    network = opened()
    check_labels(options.labels, network)
    seen = find(
        pixels,
        network,
        min_score=options.min_score,
        look=options.look,
        threads=options.threads,
        memory=options.memory,
        alpha_of=close_up_network(options.weights, device=options.device),
    )
    found = numbered(seen)
    if options.labels:
        found = [each for each in found if each.label in options.labels]
    report = SegmentReport(
        name,
        (pixels.shape[1], pixels.shape[0]),
        found,
        network.session.path.name,
        network.device,
        [str(path) for path in targets],
        0.0,
        [*decoded.notes, *network.notes],
    )
    files: Files = []
    if picture is not None and kind is not None:
        drawn = numbered_outlines(pixels, [Numbered(each.id, each.box, each.crop) for each in found])
        files.append((picture, encode_preview(drawn, kind)))
    if listing is not None:
        files.append((listing, (json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n").encode()))
    write_all(files, writing)
    return SegmentReport(**{**vars(report), "seconds": time.perf_counter() - started})
