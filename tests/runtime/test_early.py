"""Networks opened beside other work."""

from __future__ import annotations

import threading

from cleanplate.errors import EngineError
from cleanplate.runtime.early import open_early


def test_networks_are_opened_one_after_the_other_beside_the_caller() -> None:
    go, done = threading.Event(), threading.Event()
    opened: list[str] = []

    def first() -> None:
        go.wait(10)
        opened.append("first")

    def second() -> None:
        opened.append("second")
        done.set()

    open_early(first, second)
    assert opened == []  # the caller does not wait
    go.set()
    assert done.wait(10)
    assert opened == ["first", "second"]


def test_an_error_is_left_to_whoever_asks_for_the_network() -> None:
    def missing() -> None:
        raise EngineError("is not there", subject="people-lite0")

    before = threading.active_count()
    open_early(missing)  # a thread that ended with an error would fail this test as a warning
    for thread in threading.enumerate():
        if thread.name == "cleanplate-opening":
            thread.join(10)
    assert threading.active_count() <= before
