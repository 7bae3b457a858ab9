"""Segment: a photograph in; its people, and whatever else the network knows, out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cleanplate.detect.instance import Instance, numbered
from cleanplate.detect.instances import MIN_SCORE, check_labels, find
from cleanplate.detect.network import open_network
from cleanplate.detect.tiles import Look
from cleanplate.tasks.second_look import close_up_network
from cleanplate.types import Image, check_image


def segment(
    image: Image,
    *,
    labels: Sequence[str] | None = None,
    min_score: float = MIN_SCORE,
    look: Look = "closer",
    device: str = "auto",
    weights: str | Path | None = None,
    threads: int | None = None,
) -> list[Instance]:
    """Find people and things.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        labels: only these, such as ``["person"]``; None for all that the network knows.
        min_score: how sure the network must be, 0..1.
        look: how closely small people are looked for: ``once`` in the picture as a whole; ``closer`` also in up to four
            parts of a large picture where small people are suspected; ``everywhere`` in all its parts, which takes
            several times as long.
        device: where the network runs; see ``cleanplate doctor``.
        weights: an ONNX file, or a name from ``cleanplate models``; None for the network that ships, whose masks the
            matting network looks at once more.
        threads: cores that may be used; None for all usable ones.

    Returns:
        What was found, numbered from left to right; an empty list if nothing was. Ids do not depend on ``labels``.

    Raises:
        ArrayError: ``image`` breaks its contract.
        ArgumentError: ``min_score`` is not within 0..1, or ``look`` is none of the three.
        SelectionError: the network does not know a label.
        EngineError: the weights are missing or damaged, the device is not there, or the network failed.
    """
    check_image(image)
    network = open_network(weights, device=device, threads=threads)
    check_labels(labels or (), network)
    closer = close_up_network(weights, device=device)
    found = find(image, network, min_score=min_score, look=look, threads=threads, alpha_of=closer)
    return [each for each in numbered(found) if labels is None or each.label in labels]
