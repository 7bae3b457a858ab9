"""From words about people to a selection, and to pictures without them."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate
from cleanplate.errors import ArgumentError, ArrayError, SelectionError
from cleanplate.tasks.people import People, choose_people, clicked
from cleanplate.tasks.segmentation import segment
from tests.detect.graphs import BLUE, DOG, GREEN, RED, YELLOW, colour_people
from tests.detect.streets import figure, instance_of, street, with_person

NAMES = {1: "person", 18: "dog", 31: "handbag"}


@pytest.fixture
def network(tmp_path):
    return colour_people(
        tmp_path / "people.onnx", [RED, GREEN, BLUE, YELLOW, DOG], labels=[1, 1, 1, 31, 18], names=NAMES
    )


@pytest.fixture
def scene():
    """A large person in the middle, two small ones at the sides."""
    picture = street(480, 640)
    truth = {
        "left": with_person(picture, BLUE, 40, 200, 100),
        "main": with_person(picture, RED, 250, 60, 390),
        "right": with_person(picture, GREEN, 560, 220, 90),
    }
    return picture, truth


def _gone(picture: np.ndarray, truth: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return not (np.abs(picture[truth].astype(int) - colour).max(axis=1) < 40).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_passersby_are_erased_and_the_main_subject_is_not_touched(network, scene, dtype):
    picture, truth = scene
    image = picture if dtype == np.uint8 else picture.astype(np.uint16) * 257
    result = cleanplate.erase(image, people="passersby", people_weights=network)
    levels = result.image if dtype == np.uint8 else (result.image // 257).astype(np.uint8)
    assert _gone(levels, truth["left"], BLUE)
    assert _gone(levels, truth["right"], GREEN)
    assert (result.image[truth["main"]] == image[truth["main"]]).all()
    assert (result.image[~result.mask] == image[~result.mask]).all()
    assert [each.erased for each in result.people] == [True, False, True]
    assert any(note.startswith("kept 1 person: 2 (main subject: the most important") for note in result.notes)
    assert any(note.startswith("erased 2 people: 1, 3") for note in result.notes)
    assert result.timings["people"] > 0


@pytest.mark.parametrize(
    ("words", "erased"),
    [
        ({"people": "all"}, [True, True, True]),
        ({"keep": 1}, [True, False, True]),
        ({"keep": 2}, [False, False, True]),
        ({"instances": [3]}, [False, False, True]),
        ({"instances": [1, 2]}, [True, True, False]),
        ({"clicks": [(300, 200)]}, [False, True, False]),
        ({"people": "passersby", "instances": [2]}, [True, True, True]),
        ({"labels": ["person"]}, [True, True, True]),
    ],
)
def test_ways_to_choose(network, scene, words, erased):
    picture, _ = scene
    result = cleanplate.erase(picture, people_weights=network, engine="telea", **words)
    assert [each.erased for each in result.people] == erased


def test_a_mask_and_people_together(network, scene):
    picture, truth = scene
    mask = np.zeros(picture.shape[:2], np.bool_)
    mask[10:30, 10:30] = True
    result = cleanplate.erase(picture, mask, instances=[3], people_weights=network, engine="telea")
    assert result.mask[mask].all()
    assert result.mask[truth["right"]].all()
    assert not result.mask[truth["main"]].any()


def test_what_is_drawn_by_hand_is_erased_even_on_a_kept_person(network, scene):
    picture, truth = scene
    mask = np.zeros(picture.shape[:2], np.bool_)
    mask[100:140, 290:330] = truth["main"][100:140, 290:330]
    result = cleanplate.erase(picture, mask, people="passersby", people_weights=network, engine="telea")
    assert result.mask[mask].all()


def test_instances_found_before_are_erased_without_looking_again(network, scene):
    picture, truth = scene
    found = segment(picture, weights=network)
    result = cleanplate.erase(picture, instances=[found[0]], people_weights="no such file", engine="telea")
    assert result.mask[truth["left"]].mean() > 0.97
    assert not result.mask[truth["main"]].any()
    with pytest.raises(SelectionError, match="instance 1: is of a picture of 640 x 480 pixels"):
        cleanplate.erase(picture[:100], instances=[found[0]])


def test_masks_grow_in_proportion_and_spare_those_who_stay(network):
    picture = street(480, 640)
    front = with_person(picture, RED, 250, 60, 390)
    with_person(picture, BLUE, 370, 240, 160)
    picture[front] = RED
    chosen = choose_people(picture, People(instances=(2,), weights=network))
    assert chosen is not None
    main, other = (each.instance for each in chosen.decisions)
    assert chosen.mask[other.mask].all()
    assert np.count_nonzero(chosen.mask) > 1.05 * other.area
    assert not (chosen.mask & main.mask).any()
    assert (chosen.protect == main.mask).all()
    assert (chosen.avoid == main.mask).all()


def test_a_bag_goes_with_the_person_who_carries_it_and_no_other(network):
    picture = street(480, 640)
    with_person(picture, RED, 100, 60, 390)
    with_person(picture, BLUE, 420, 100, 350)
    picture[250:310, 230:262] = YELLOW
    with_bag = choose_people(picture, People(instances=(1,), weights=network))
    without = choose_people(picture, People(instances=(3,), weights=network))
    assert with_bag is not None
    assert without is not None
    assert [(each.instance.label, each.erased) for each in with_bag.decisions] == [
        ("person", True),
        ("handbag", True),
        ("person", False),
    ]
    assert with_bag.mask[255:305, 235:258].all()
    assert not without.mask[250:310, 230:262].any()


def test_the_unsure_are_no_source_but_stay(tmp_path, scene):
    picture, truth = scene
    network = colour_people(tmp_path / "unsure.onnx", [RED, BLUE, GREEN], scores=[0.9, 0.9, 0.35])
    chosen = choose_people(picture, People(instances=(1,), weights=network))
    assert chosen is not None
    assert len(chosen.decisions) == 2
    assert chosen.avoid[truth["right"]].mean() > 0.9
    assert not chosen.protect[truth["right"]].any()


def test_nobody_there(network):
    picture = street()
    result = cleanplate.erase(picture, people="passersby", people_weights=network)
    assert (result.image == picture).all()
    assert result.notes == ["nothing is selected", "no person was found"]
    with pytest.raises(SelectionError, match="nothing was found at all; draw a box around it with --box"):
        cleanplate.erase(picture, clicks=[(10, 10)], people_weights=network)


def test_everyone_is_a_main_subject(network):
    picture = street(480, 640)
    with_person(picture, RED, 250, 60, 390)
    result = cleanplate.erase(picture, people="passersby", people_weights=network)
    assert (result.image == picture).all()
    assert any("counts as a main subject" in note for note in result.notes)


def test_a_person_over_the_whole_picture(network):
    picture = np.empty((300, 200, 3), np.uint8)
    picture[:] = RED
    assert (cleanplate.erase(picture, people="passersby", people_weights=network).image == picture).all()
    with pytest.raises(SelectionError, match="everything is selected"):
        cleanplate.erase(picture, people="all", people_weights=network)


def test_a_click_beside_somebody_names_the_nearest(network, scene):
    picture, _ = scene
    with pytest.raises(SelectionError) as caught:
        cleanplate.erase(picture, clicks=[(200, 20)], people_weights=network)
    text = str(caught.value)
    assert "--click: nothing that the network knows lies under 200,20" in text
    assert "the nearest are 2 (person, " in text
    assert "--instance ID, or draw a box around it with --box L,T,R,B --snap" in text


def test_of_two_under_a_click_the_smaller_is_meant():
    large, small = figure(100, 100, 10, 5, 90), figure(100, 100, 20, 40, 30)
    found = [instance_of(large, number=1), instance_of(large & small, number=2)]
    rows, columns = np.nonzero(large & small)
    assert clicked(f"{columns[0]},{rows[0]}", found, 100, 100).id == 2
    assert clicked("50%,30%", [instance_of(np.ones((100, 100), np.bool_))], 100, 100).id == 1
    with pytest.raises(SelectionError, match="outside the picture"):
        clicked("100,50", found, 100, 100)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"instances": [7]}, "there is no instance 7 in this picture; there are 1 \\(person at "),
        ({"labels": ["cat"]}, "these weights do not know 'cat'; they know: dog, handbag, person"),
        ({"keep": -1}, "--keep: is -1"),
        ({"instances": [0]}, "ids begin at 1"),
        ({"people": "strangers"}, "people: is 'strangers'; choose all or passersby"),
    ],
)
def test_bad_wishes(network, scene, words, said):
    with pytest.raises((SelectionError, ArgumentError), match=said):
        cleanplate.erase(scene[0], people_weights=network, **words)


def test_nothing_said_at_all(scene):
    with pytest.raises(ArrayError, match="mask"):
        cleanplate.erase(scene[0])


def test_protected_pixels_never_change(scene):
    picture, truth = scene
    mask = np.zeros(picture.shape[:2], np.bool_)
    mask[50:200, 200:400] = True
    result = cleanplate.erase(picture, mask, protect=truth["main"], engine="telea")
    assert (result.image[truth["main"]] == picture[truth["main"]]).all()
    with pytest.raises(SelectionError, match="everything selected is protected"):
        cleanplate.erase(picture, mask, protect=np.ones_like(mask))
