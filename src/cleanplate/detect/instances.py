"""Find people, and whatever else the network knows: boxes, labels, scores and full-size masks.

Mask R-CNN (arXiv 1703.06870) looks at the picture as a whole; where it suspects small people, once more closely; where
somebody is larger than those it learnt from, once more from afar (:mod:`cleanplate.detect.tiles`). Its coarse masks are
moved to the edges of the picture (:mod:`cleanplate.detect.edges`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from cleanplate.detect.coco_labels import PERSON
from cleanplate.detect.instance import Instance
from cleanplate.detect.memory import Memory
from cleanplate.detect.network import Detections, PeopleNetwork
from cleanplate.detect.shapes import CloserLook, shapes
from cleanplate.detect.tiles import Look, closer_scale, joined, large, look_of, of_tile, several, tiles, without_doubles
from cleanplate.errors import ArgumentError, SelectionError
from cleanplate.runtime.cpu_limits import usable_cores
from cleanplate.types import Alpha, Box, Image

MIN_SCORE = 0.6
"""How sure the network must be of what it finds, unless the caller says.

With closer looks 0.6 finds more people than 0.5 did without, and about as many things that are none.
"""


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
    alpha_of: Callable[[NDArray[np.uint8]], Alpha] | None = None,
) -> list[Instance]:
    """Find people and things, not numbered yet: every id is 0.

    Args:
        image: H x W x 3 RGB, uint8 or uint16, upright; not changed.
        network: finds them.
        min_score: how sure it must be, 0..1.
        look: how closely small people are looked for; see :func:`cleanplate.segment`.
        threads: cores that may be used; None for all usable ones.
        memory: spares the network a picture that it saw before; the answer is the same.
        alpha_of: the pixels of people as another network sees them; see :class:`cleanplate.detect.shapes.CloserLook`.

    Raises:
        ArgumentError: ``min_score`` is not within 0..1, or ``look`` is none of the three.
        EngineError: a network failed.
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
    closer = None
    if alpha_of is not None:
        people = [network.name_of(int(label)) == PERSON for label in found.labels]
        closer = CloserLook(alpha_of, np.array(people, np.bool_))
    for place, shape in enumerate(shapes(image, found, closer=closer, threads=threads or usable_cores())):
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
        seen = seen.chosen(large(seen, scale, network.overview))
        found = without_doubles(found.and_also(seen.chosen(~several(seen, found.chosen(found.scores >= MIN_SCORE)))))
    finer = closer_scale(scale)
    if finer <= scale:  # a tiny picture, enlarged as it is
        return found
    parts = tiles(found, height, width, side=network.side, first=scale, closer=finer, look=look)
    for part in parts:
        seen = _seen_in(part, image, network, finer)
        found = joined(found, seen, scale)
    return found.chosen(np.argsort(-found.scores, kind="stable"))


def _seen_in(part: Box, image: Image, network: PeopleNetwork, scale: float) -> Detections:
    return of_tile(network(image[part.slices], scale), part, *image.shape[:2])
