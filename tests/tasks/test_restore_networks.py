"""Networks are opened beside decoding; what is missing is told when it is asked for, not before."""

from __future__ import annotations

import threading

import pytest

from cleanplate.errors import CleanplateError
from cleanplate.runtime.early import open_early
from cleanplate.runtime.session_cache import SESSIONS
from cleanplate.tasks.restore_networks import NetworkChoice, open_networks
from tests.prints.graphs import light_is_warm, mean_fills, white_is_damage


@pytest.fixture
def choice(tmp_path):
    return NetworkChoice(
        find=True,
        colour=True,
        weights_defects=white_is_damage(tmp_path / "white.onnx"),
        weights_fill=mean_fills(tmp_path / "mean.onnx"),
        weights_colour=light_is_warm(tmp_path / "warm.onnx"),
        threads=2,
    )


def test_networks_are_open_when_they_are_asked_for(choice):
    SESSIONS.evict()
    open_early(lambda: open_networks(choice))
    for thread in threading.enumerate():
        if thread.name == "cleanplate-opening":
            thread.join(60)
    assert len(SESSIONS) == 3
    networks = open_networks(choice)
    assert len(SESSIONS) == 3  # none was opened twice
    assert networks.finder is not None
    assert networks.painter is not None
    assert networks.filler is not None
    assert networks.devices == {"cpu"}


def test_what_is_not_needed_is_not_opened(choice):
    SESSIONS.evict()
    named = NetworkChoice(find=False, colour=False, engine="telea")
    networks = open_networks(named)
    assert (networks.finder, networks.filler, networks.painter) == (None, None, None)
    assert len(SESSIONS) == 0
    assert networks.notes == []


def test_what_is_missing_is_told_where_it_is_asked_for(tmp_path, choice):
    missing = NetworkChoice(find=True, colour=False, weights_defects=tmp_path / "gone.onnx")
    open_early(lambda: open_networks(missing))
    with pytest.raises(CleanplateError, match=r"gone\.onnx"):
        open_networks(missing)
