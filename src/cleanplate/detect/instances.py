"""Find people, and whatever else the network knows: boxes, labels, scores and full-size masks.

Mask R-CNN (arXiv 1703.06870) looks at the picture as a whole; where it suspects small people, once more closely; where
somebody is larger than those it learnt from, once more from afar (:mod:`cleanplate.detect.tiles`). Its coarse masks are
moved to the edges of the picture (:mod:`cleanplate.detect.edges`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from cleanplate.detect.instance import Instance, numbered
from cleanplate.detect.memory import Memory
from cleanplate.detect.network import Detections, PeopleNetwork, open_network
from cleanplate.detect.shapes import shapes
from cleanplate.detect.tiles import Look, closer_scale, joined, large, look_of, of_tile, tiles, without_doubles
from cleanplate.errors import ArgumentError, SelectionError
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.types import Box, Image, check_image

MIN_SCORE = 0.5
"""How sure the network must be of what it finds, unless the caller says."""


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
        weights: an ONNX file, or a name from ``cleanplate models``; None for the network that ships.
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
    found = find(image, network, min_score=min_score, look=look, threads=threads)
    return [each for each in numbered(found) if labels is None or each.label in labels]


def check_labels(labels: Collection[str], network: PeopleNetwork) -> None:
    """Refuse labels that the network does not know.

    Raises:
        SelectionError: it does not know one.
    """
    known = sorted(set(network.labels.values()))
    for label in labels:
        if label not in known:
            listed = ", ".join(known)
            raise SelectionError(f"these weights do not know '{label}'", subject="--label", fix=f"they know: {listed}")


def find(
    image: Image,
    network: PeopleNetwork,
    *,
    min_score: float = MIN_SCORE,
    look: Look = "closer",
    threads: int | None = None,
    memory: Memory | None = None,
) -> list[Instance]:
    """As :func:`segment`, with an open network and without numbers (every id is 0).

    ``memory`` spares the network a picture that it saw before; the answer is the same.

    Raises:
        ArgumentError, EngineError: as there.
    """
    if not 0.0 <= min_score <= 1.0:
        raise ArgumentError(f"is {min_score}, not within 0..1", subject="--min-score")
    look_of(look)
    if memory is None:
        found = detections(image, network, look=look)
    else:
        found = memory.recall(image, network, look, lambda: detections(image, network, look=look))
    found = found.chosen(found.scores >= min_score)
    height, width = image.shape[:2]
    instances = []
    for place, shape in enumerate(shapes(image, found, threads=threads or usable_cores())):
        if shape is None:
            continue
        label, score = network.name_of(int(found.labels[place])), float(found.scores[place])
        instances.append(Instance(0, label, score, *shape, (height, width)))
    return instances


def detections(image: Image, network: PeopleNetwork, *, look: Look = "closer") -> Detections:
    """What the network sees, each thing once, most likely first, in pixels of ``image``."""
    height, width = image.shape[:2]
    scale = network.scale_for(height, width)
    found = without_doubles(network(image, scale))
    if look == "once":
        return found
    if network.overview is not None and large(found, scale, network.overview).any():
        seen = network(image, scale * network.overview / network.side)
        found = without_doubles(found.and_also(seen.chosen(large(seen, scale, network.overview))))
    finer = closer_scale(height, width, network.side)
    if finer is None:
        return found
    parts = tiles(found, height, width, side=network.side, first=scale, closer=finer, look=look)
    for part in parts:
        seen = _seen_in(part, image, network, finer)
        found = joined(found, seen, scale)
    return found.chosen(np.argsort(-found.scores, kind="stable"))


def _seen_in(part: Box, image: Image, network: PeopleNetwork, scale: float) -> Detections:
    return of_tile(network(image[part.slices], scale), part, *image.shape[:2])
