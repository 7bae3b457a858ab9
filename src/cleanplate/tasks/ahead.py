"""Work that goes on in a thread of its own, a few items ahead of the one that takes them."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_DONE = object()
_POLL = 0.1


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Worker(Generic[Item]):
    """Takes items from an iterable in a thread and holds at most ``depth`` of them."""

    def __init__(self, items: Iterable[Item], depth: int, name: str) -> None:
        self._items = iter(items)
        self._queue: queue.Queue[object] = queue.Queue(maxsize=depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if item is _DONE:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]

    def end(self) -> None:
        """Stop the thread, and wait until it has."""
        self._stop.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=_POLL)
        self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
            else:
                self._put(_DONE)
        except BaseException as error:  # handed to the thread that takes the items
            self._put(_Failure(error))
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()

    def _put(self, item: object) -> bool:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=_POLL)
                return True
        return False


@contextlib.contextmanager
def ahead(items: Iterable[Item], *, depth: int, name: str) -> Iterator[Iterator[Item]]:
    """Produce ``items`` in a thread called ``name``, at most ``depth`` of them ahead; the thread ends with the block.

    An error in the thread is raised where the items are taken. Memory is bounded by ``depth`` items.
    """
    worker = _Worker(items, depth, name)
    try:
        yield iter(worker)
    finally:
        worker.end()
