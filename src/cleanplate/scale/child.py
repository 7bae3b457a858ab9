"""The process that works on pictures, fenced off from its worker: ``python -m cleanplate.scale.child``.

Lines of JSON: first the brief, then one picture a line in, one outcome a line out. It ends when its input ends, also in
the middle of a picture: then its worker is gone, and somebody else will do the picture again.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TextIO

_PATIENCE = 5.0
"""Seconds for removing a half-written file, after the worker has gone."""


class _Abandoned(BaseException):
    """The worker is gone."""


def main() -> None:
    """Work until the input ends."""
    # What libraries print must not come between the outcomes.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _offer_to_die_first()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker alone reacts to Ctrl-C
    signal.signal(signal.SIGTERM, _stop)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    with contextlib.suppress(_Abandoned):
        _work(lines, answers)
    os._exit(0)


def _work(lines: queue.Queue[str | None], answers: TextIO) -> None:
    first = lines.get()
    if first is None:
        return
    _hold_threads(json.loads(first).get("threads", 1))
    from cleanplate.scale.operations import operation_named
    from cleanplate.scale.work import Brief, Row, do

    brief = Brief.from_json(first)
    operation_named(brief.operation)
    _say(answers, {"ready": os.getpid()})
    while (line := lines.get()) is not None:
        outcome = do(brief, Row(**json.loads(line)))
        _say(answers, asdict(outcome))


def _hold_threads(threads: int) -> None:
    import cv2

    cv2.setNumThreads(threads)


def _say(answers: TextIO, what: object) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _listen(lines: queue.Queue[str | None]) -> None:
    for line in sys.stdin:
        lines.put(line)
    lines.put(None)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os._exit(0)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Abandoned


def _offer_to_die_first() -> None:
    """Where the machine runs out of memory, this process is to be ended, not its worker (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()
