"""OpenCV's decoder without its remarks on the terminal."""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_LOCK = threading.Lock()
_SILENT = 0


def decode_unchanged(data: bytes) -> NDArray[Any] | None:
    """What ``cv2.imdecode`` makes of a file, depth and channels (BGR order) unchanged; None if it cannot.

    OpenCV writes to the terminal what is wrong with a file and can only be told to stop as a whole, so that is done
    for the length of the call and undone at once.
    """
    with _LOCK:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(_SILENT)
        try:
            decoded: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error:
            return None
        finally:
            cv2.utils.logging.setLogLevel(level)
    return decoded
