"""Methods in processes of their own, which are ended when a method takes too long."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np

from cleanplate.types import Mask
from evaluation.erase.methods import METHODS, Picture

_STARTING_SECONDS = 20.0


@dataclass
class Worker:
    """Runs one method on one hole after the other, in a process that stays warm.

    A hole that was not finished within ``seconds`` ends the process; the method is then not tried on holes that are no
    smaller in a picture that is no smaller.
    """

    method: str
    seconds: float
    gave_up: list[tuple[int, int]] = field(default_factory=list)
    _process: BaseProcess | None = None
    _pipe: Connection | None = None

    def run(self, picture: Picture, hole: Mask) -> tuple[Picture, float] | None:
        """The filled picture and the seconds that took, or None if that is too long.

        Raises:
            RuntimeError: the method failed; the text says how.
        """
        work = picture.shape[0] * picture.shape[1], int(np.count_nonzero(hole))
        if any(work[0] >= pixels and work[1] >= holes for pixels, holes in self.gave_up):
            return None
        fresh = self._pipe is None
        pipe = self._pipe if self._pipe is not None else self._start()
        pipe.send((picture, hole))
        if pipe.poll(self.seconds + (_STARTING_SECONDS if fresh else 0.0)):
            answer: tuple[Picture, float] | str = pipe.recv()
            if isinstance(answer, str):
                raise RuntimeError(f"{self.method}: {answer}")
            if answer[1] <= self.seconds:
                return answer
        else:
            self.close()
        self.gave_up.append(work)
        return None

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self.method), daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()
        self._process = self._pipe = None


def _serve(pipe: Connection, method: str) -> None:
    while True:
        try:
            picture, hole = pipe.recv()
        except EOFError:
            return
        started = time.perf_counter()
        try:
            filled = METHODS[method](picture, hole)
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")
        else:
            pipe.send((filled, time.perf_counter() - started))
