"""A picture that was looked at before is not shown to the network again, and the answer stays the same."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.detect import instances
from cleanplate.detect.instances import find
from cleanplate.detect.memory import Memory
from cleanplate.detect.network import open_network
from tests.detect.graphs import BLUE, RED, colour_people
from tests.detect.streets import street, with_person


@pytest.fixture
def looks(monkeypatch):
    """The sizes of the pictures that the network was shown."""
    seen = []
    true = instances.detections

    def detections(image, network, *, look):
        seen.append(image.shape)
        return true(image, network, look=look)

    monkeypatch.setattr(instances, "detections", detections)
    return seen


@pytest.fixture
def network(tmp_path):
    return open_network(colour_people(tmp_path / "people.onnx"), threads=1)


def picture(colour=RED):
    image = street()
    with_person(image, colour, 250, 60, 400)
    return image


def test_the_same_picture_is_looked_at_once(network, looks):
    memory = Memory()
    first = find(picture(), network, memory=memory)
    again = find(picture(), network, memory=memory)
    alone = find(picture(), network)
    assert len(looks) == 2  # the last call had no memory
    assert len(first) == 1
    for other in (again, alone):
        assert [each.box for each in other] == [each.box for each in first]
        assert np.array_equal(other[0].crop, first[0].crop)


def test_another_threshold_needs_no_other_look(network, looks):
    memory = Memory()
    assert len(find(picture(), network, memory=memory)) == 1
    assert find(picture(), network, min_score=0.95, memory=memory) == []
    assert len(looks) == 1


def test_another_picture_look_or_network_is_another_thing(network, looks, tmp_path):
    memory = Memory()
    changed = picture()
    changed[0, 0] += 1
    for image in (picture(), changed, picture(BLUE)):
        find(image, network, memory=memory)
    find(picture(), network, look="once", memory=memory)
    find(picture(), open_network(colour_people(tmp_path / "other.onnx", [RED]), threads=1), memory=memory)
    assert len(looks) == 5


def test_old_pictures_are_forgotten(network, looks):
    memory = Memory(pictures=1)
    for image in (picture(), picture(BLUE), picture()):
        find(image, network, memory=memory)
    assert len(looks) == 3
