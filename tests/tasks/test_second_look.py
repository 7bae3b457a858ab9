"""Who is looked at twice, and what becomes of what hardly looks like a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cleanplate
from cleanplate.tasks import people, second_look
from cleanplate.tasks.people import People, choose_people
from cleanplate.tasks.second_look import SecondLook
from tests.detect.graphs import BLUE, GREEN, RED, colour_people
from tests.detect.streets import street, with_person

HAND = (250, 160, 140)


class Seer:
    """A matting network that sees red, blue and skin, but not green, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.asked.append(pixels.shape)
        like = [np.abs(pixels.astype(int) - colour).max(axis=2) < 60 for colour in (RED, BLUE, HAND)]
        return np.logical_or.reduce(like).astype(np.float32)


@pytest.fixture
def scene():
    """A main subject in the middle, a green post to the right, and a passer-by to the left who shows a hand."""
    picture = street(480, 640)
    truth = {
        "passer-by": with_person(picture, BLUE, 60, 200, 100),
        "main": with_person(picture, RED, 250, 60, 390),
        "post": with_person(picture, GREEN, 560, 220, 90),
    }
    hand = np.zeros((480, 640), np.bool_)
    hand[240:248, 93:106] = True
    picture[hand] = HAND
    return picture, {**truth, "hand": hand}


@pytest.fixture
def seer(tmp_path, monkeypatch):
    """The networks that ship, replaced: one for people, one for mattes."""
    network = colour_people(tmp_path / "people.onnx", [RED, GREEN, BLUE])
    opened = people.open_network
    monkeypatch.setattr(people, "open_network", lambda weights, **words: opened(weights or network, **words))
    seer = Seer()
    monkeypatch.setattr(second_look, "open_network", lambda **_: seer)
    return seer


def test_what_hardly_looks_like_a_person_is_left_and_named(scene, seer):
    picture, truth = scene
    result = cleanplate.erase(picture, people="passersby", engine="telea")
    assert [each.erased for each in result.people] == [True, False, False]
    assert result.people[2].reason == "hardly looks like a person"
    assert not result.mask[truth["post"]].any()
    assert "left what hardly looks like a person: 3 (--instance erases it all the same)" in result.notes
    assert any(note.startswith("kept 1 person: 2") for note in result.notes)


def test_what_hardly_looks_like_a_person_is_no_main_subject_and_no_source(scene, seer):
    picture, truth = scene
    chosen = choose_people(picture, People(keep=2))
    assert chosen is not None
    assert [each.erased for each in chosen.decisions] == [False, False, False]
    assert chosen.avoid[truth["post"]].mean() > 0.8
    assert not chosen.protect[truth["post"]].any()


def test_whoever_is_chosen_by_number_is_erased_in_any_case(scene, seer):
    picture, truth = scene
    chosen = choose_people(picture, People(everyone=True, instances=(3,)))
    assert chosen is not None
    assert [each.erased for each in chosen.decisions] == [True, True, True]
    assert chosen.mask[truth["post"]].mean() > 0.9


def test_a_hand_that_the_mask_lacks_goes_too(scene, seer):
    picture, truth = scene
    chosen = choose_people(picture, People(instances=(1,)))
    assert chosen is not None
    assert not chosen.decisions[0].instance.mask[truth["hand"]][-4:].any()
    assert chosen.mask[truth["hand"]].all()
    assert len(seer.asked) == 1, "only who is erased is looked at"


def test_nobody_at_all_but_a_post(seer):
    picture = street(480, 640)
    with_person(picture, GREEN, 300, 220, 90)
    result = cleanplate.erase(picture, people="all", engine="telea")
    assert result.notes == [
        "nothing is selected",
        "no person was found",
        "left what hardly looks like a person: 1 (--instance erases it all the same)",
    ]


def test_networks_of_others_are_taken_at_their_word(tmp_path, scene):
    picture, truth = scene
    network = colour_people(tmp_path / "other.onnx", [RED, GREEN, BLUE])
    assert second_look.second_look(picture, network) is None
    result = cleanplate.erase(picture, people="passersby", people_weights=network, engine="telea")
    assert [each.erased for each in result.people] == [True, False, True]
    assert result.mask[truth["post"]].all()


@pytest.mark.parametrize("weights", [None, Path("people-lite0")])
def test_the_network_that_ships_is_looked_after(scene, weights, seer):
    assert isinstance(second_look.second_look(scene[0], weights), SecondLook)


def test_without_a_matting_network_there_is_no_second_look(scene, monkeypatch):
    monkeypatch.setattr(second_look, "available", lambda _: None)
    assert second_look.second_look(scene[0], None) is None
