"""Networks opened while something else is done: opening takes as long as decoding a large photograph."""

from __future__ import annotations

import threading
from collections.abc import Callable


def open_early(*opened: Callable[[], object]) -> None:
    """Open networks in a thread, one after the other; whoever asks for one of them soon waits for this, not for itself.

    The shared sessions (:data:`cleanplate.runtime.session_cache.SESSIONS`) hand over what was opened. Errors are not
    lost: who asks for the network meets them again, at the place where they can be reported.

    Args:
        opened: each opens one network, through the shared sessions.
    """

    def run() -> None:
        for each in opened:
            try:
                each()
            except Exception:
                return

    threading.Thread(target=run, name="cleanplate-opening").start()
