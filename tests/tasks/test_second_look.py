"""Who is looked at twice, and what becomes of what hardly looks like a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cleanplate
from cleanplate.tasks import people, second_look
from cleanplate.tasks.people import People, choose_people
from cleanplate.tasks.second_look import SecondLook
from tests.detect.graphs import BLUE, GREEN, RED, YELLOW, colour_people
from tests.detect.streets import instance_of, street, with_person

HAND = (250, 160, 140)


class Seer:
    """A matting network that sees red, blue, yellow and skin, but not green, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.asked.append(pixels.shape)
        like = [np.abs(pixels.astype(int) - colour).max(axis=2) < 60 for colour in (RED, BLUE, YELLOW, HAND)]
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
    """The networks that ship, replaced: one for people, who is unsure of yellow ones, and one for mattes."""
    network = colour_people(tmp_path / "people.onnx", [RED, GREEN, BLUE, YELLOW], scores=[0.9, 0.9, 0.9, 0.4])
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
    assert len(seer.asked) == 4, "three masks, and then only who is erased"


@pytest.mark.parametrize(
    ("left", "words", "taken"),
    [
        (95, {"passersby": True}, True),
        (95, {"instances": (1,)}, False),
        (160, {"passersby": True}, False),
        (217, {"everyone": True}, True),
        (217, {"passersby": True}, False),
    ],
    ids=["beside one who is erased", "only who was asked for", "alone", "beside two who are", "beside the main one"],
)
def test_the_unsure_go_along_with_those_they_touch(scene, seer, left, words, taken):
    picture, _ = scene
    unsure = with_person(picture, YELLOW, left, 200, 100)
    chosen = choose_people(picture, People(**words))
    assert chosen is not None
    assert len(chosen.decisions) == 3
    assert (chosen.mask[unsure].mean() > 0.95) == taken
    assert (chosen.avoid[unsure].mean() < 0.05) == taken
    assert any(note.startswith("took 1 person along") for note in chosen.notes) == taken


def test_in_grey_photographs_the_network_is_taken_at_its_word(scene, seer):
    picture, truth = scene
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    post = instance_of(truth["post"])
    closer = second_look.close_up_network(None)
    assert closer is not None
    for image, hardly in ((picture, True), (grey, False)):
        looked = SecondLook(image, closer)
        assert looked.is_person(post) != hardly
        assert not looked.is_person(post, surely=True)


def test_a_high_score_needs_no_second_look(tmp_path, scene, seer, monkeypatch):
    picture, truth = scene
    sure = colour_people(tmp_path / "sure.onnx", [RED, GREEN, BLUE], scores=[0.9, 0.99, 0.9])
    opened = people.open_network
    monkeypatch.setattr(people, "open_network", lambda weights, **words: opened(sure, **words))
    monkeypatch.setattr(SecondLook, "is_statue", lambda *_: False)  # which its green would make it
    chosen = choose_people(picture, People(passersby=True))
    assert chosen is not None
    assert chosen.mask[truth["post"]].all()


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
    assert second_look.close_up_network(network) is None
    result = cleanplate.erase(picture, people="passersby", people_weights=network, engine="telea")
    assert [each.erased for each in result.people] == [True, False, True]
    assert result.mask[truth["post"]].all()


@pytest.mark.parametrize("weights", [None, Path("people-lite0")])
def test_the_network_that_ships_is_looked_after(weights, seer):
    assert second_look.close_up_network(weights) is not None


def test_without_a_matting_network_there_is_no_second_look(monkeypatch):
    monkeypatch.setattr(second_look, "available", lambda _: None)
    assert second_look.close_up_network(None) is None


def test_a_sure_person_without_any_warm_colour_is_a_statue(tmp_path, scene, seer, monkeypatch):
    picture, truth = scene
    network = colour_people(tmp_path / "sure.onnx", [RED, GREEN, BLUE], scores=[0.99, 0.99, 0.99])
    opened = people.open_network
    monkeypatch.setattr(people, "open_network", lambda weights, **words: opened(network, **words))
    result = cleanplate.erase(picture, people="passersby", engine="telea")
    assert not result.mask[truth["post"]].any()
    assert [each.reason for each in result.people if not each.erased][-1] == "hardly looks like a person"
    assert seer.asked  # limbs of those who go; whoever has a high score is not doubted otherwise
