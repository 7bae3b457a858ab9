"""What the network saw in the last few pictures, for callers that look at one picture again and again.

A page first asks who is in a photograph and then, click after click, for it without somebody: the same picture, the
same network, the same answer.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from cleanplate.detect.network import Detections, PeopleNetwork
from cleanplate.detect.tiles import Look
from cleanplate.types import Image

_Key = tuple[str, str, tuple[int, ...], str, bytes]


class Memory:
    """Boxes and coarse masks of the last pictures, a few kilobytes each; may be shared by threads.

    Args:
        pictures: how many are kept; the one that was asked for longest ago is forgotten first.
    """

    def __init__(self, pictures: int = 8) -> None:
        self._pictures = pictures
        self._seen: OrderedDict[_Key, Detections] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, image: Image, network: PeopleNetwork, look: Look, see: Callable[[], Detections]) -> Detections:
        """What was seen in this very picture by this network, else what ``see`` returns."""
        pixels: Any = np.ascontiguousarray(image)
        digest = hashlib.blake2b(pixels, digest_size=16).digest()
        key = (str(network.session.path), look, image.shape, image.dtype.str, digest)
        with self._lock:
            known = self._seen.get(key)
            if known is not None:
                self._seen.move_to_end(key)
                return known
        # Two who ask at once both look: better than one waiting for the other's turn in a queue.
        seen = see()
        with self._lock:
            self._seen[key] = seen
            while len(self._seen) > self._pictures:
                self._seen.popitem(last=False)
        return seen
