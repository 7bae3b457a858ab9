"""Cutting out and replacing backgrounds in memory."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate
from cleanplate.detect.network import open_network as open_people
from cleanplate.errors import ArgumentError, SelectionError
from cleanplate.matting.network import open_network
from cleanplate.tasks.background import Blur, placed, replace_background
from cleanplate.tasks.cutout import cutout
from cleanplate.tasks.places import parse_place
from tests.detect.graphs import colour_people
from tests.matting.pictures import GREEN, RED, constant, disc_alpha, mixed, red_is_person, two_alphas, two_people

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return open_network(red_is_person(tmp_path_factory.mktemp("network") / "red.onnx"))


@pytest.fixture(scope="module")
def large():
    """A picture much larger than the network sees."""
    alpha = disc_alpha(1500, 2000, (900, 800), 400)
    return mixed(alpha, RED, GREEN), alpha


def test_large_pictures_get_edges_of_their_own_resolution(red, large):
    image, alpha = large
    before = image.copy()
    result = cutout(image, network=red)
    assert (image == before).all()
    assert result.alpha.shape == alpha.shape
    assert np.abs(result.alpha - alpha).mean() < 0.0005
    edge = (alpha > 0.3) & (alpha < 1)
    assert np.abs(result.image[edge].astype(int) - RED).mean() < 0.5 * np.abs(image[edge].astype(int) - RED).mean()
    assert result.rgba.shape == (1500, 2000, 4)
    assert not result.rgba[alpha == 0].any()
    assert set(result.timings) == {"network", "refine", "colours", "total"}


def test_the_number_of_threads_changes_nothing(red, large):
    one, three = (cutout(large[0], network=red, threads=threads) for threads in (1, 3))
    assert (one.rgba == three.rgba).all()


@settings(max_examples=15)
@given(st.integers(1, 130), st.integers(1, 130), st.sampled_from([np.uint8, np.uint16]))
def test_any_size_and_depth(red, height, width, dtype):
    image = mixed(disc_alpha(height, width, (width / 2, height / 2), min(height, width) / 3), RED, GREEN, dtype=dtype)
    result = cutout(image, network=red)
    assert (result.image.dtype, result.alpha.dtype) == (dtype, np.float32)
    assert result.image.shape == image.shape
    assert 0 <= result.alpha.min() <= result.alpha.max() <= 1
    made = replace_background(image, (255, 255, 255), network=red)
    assert (made.image.dtype, made.image.shape) == (dtype, image.shape)


def test_one_person_and_their_edge(red):
    image = two_people()
    everybody = cutout(image, network=red)
    second = cutout(image, network=red, person=2)
    assert len(everybody.people) == len(second.people) == 2
    assert second.alpha[60, 190] == pytest.approx(1, abs=0.01)
    assert second.alpha[100, 80] == 0
    assert cutout(image, network=red, shift_edge=-3).alpha.sum() < everybody.alpha.sum()
    assert cutout(image, network=red, shift_edge=3).alpha.sum() > everybody.alpha.sum()
    assert (cutout(image, network=red, clean=False).image == image).all()
    with pytest.raises(SelectionError):
        cutout(image, network=red, person=3)


def test_nobody(tmp_path):
    network = open_network(constant(tmp_path / "nobody.onnx", 0.3))
    image = two_people()
    result = cutout(image, network=network, person=1, feather=5)
    assert result.empty
    assert not result.alpha.any()
    assert result.notes == ["no person was found in the picture"]
    made = replace_background(image, Blur(12), network=network)
    assert (made.image == image).all()
    assert made.notes[-1] == "the picture was left as it is"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_new_background_keeps_sure_people_bit_for_bit(red, dtype):
    image = two_people(dtype=dtype)
    backdrop = np.random.default_rng(0).integers(0, 255, (90, 300, 3), dtype=np.uint8)
    made = replace_background(image, backdrop, network=red)
    inside = np.hypot(*(np.mgrid[:180, :240] - np.array([100, 80])[:, None, None])) < 40
    assert (made.image[inside] == image[inside]).all()
    away = two_alphas() == 0
    assert np.abs(made.image[away].astype(float) - image[away]).mean() > 10
    assert cleanplate.replace_background is replace_background


def test_people_scaled_stay_at_the_edge_that_cuts_them():
    alpha = np.zeros((100, 80), np.float32)
    alpha[40:, 20:60] = 1  # cut by the lower edge
    people = np.full((100, 80, 3), 90, np.uint8)
    colours, smaller = placed(people, alpha, 0.5, None)
    rows, columns = np.flatnonzero(smaller.any(1)), np.flatnonzero(smaller.any(0))
    assert (rows[0], rows[-1]) == (70, 99)
    assert (columns[0], columns[-1]) == (30, 49)
    assert (colours[smaller == 1] == 90).all()
    _, moved = placed(people, alpha, 1.0, (1.0, 0.0))
    assert moved[:60, 40:].all()
    assert moved.sum() == alpha.sum()
    _, larger = placed(people, alpha, 3.0, None)
    assert larger[-1].all()
    assert placed(people, alpha, 1.0, None)[0] is people


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("left", (0, 0.5)),
        ("top", (0.5, 0)),
        ("bottom right", (1, 1)),
        ("right bottom", (1, 1)),
        ("center", (0.5, 0.5)),
        ("30%,100%", (0.3, 1)),
        ("30% 0%", (0.3, 0)),
        ("center top", (0.5, 0)),
    ],
)
def test_places(text, place):
    assert parse_place(text) == pytest.approx(place)


@pytest.mark.parametrize("text", ["", "up", "left right", "30%", "120%,0%", "1,2", "left top bottom"])
def test_no_places(text):
    with pytest.raises(ArgumentError, match="cannot be"):
        parse_place(text)


def test_scale_has_bounds(red):
    with pytest.raises(ArgumentError, match="subject-scale"):
        replace_background(two_people(), (0, 0, 0), subject_scale=0.0, network=red)


CRIMSON, SCARLET = (220, 20, 90), (220, 20, 20)


@pytest.fixture
def two_reds(red, monkeypatch, tmp_path):
    """A photograph with a crimson disc and a scarlet one: both matted; the detector finds the colours it is given."""
    left, right = disc_alpha(200, 400, (100, 100), 50), disc_alpha(200, 400, (300, 110), 40)
    image = mixed(right, SCARLET, mixed(left, CRIMSON, GREEN))

    def detecting(*colours):
        detector = open_people(colour_people(tmp_path / "people.onnx", colours))
        monkeypatch.setattr("cleanplate.tasks.second_opinion.open_network", lambda **_: detector)
        return image

    return detecting, left, right


def test_confirmed_are_those_whom_the_detector_finds_too(red, two_reds):
    detecting, left, right = two_reds
    image = detecting(CRIMSON)
    assert len(cutout(image, network=red).people) == 2
    result = cutout(image, network=red, confirm=True)
    assert len(result.people) == 1
    assert result.alpha[left > 0.99].mean() > 0.99
    assert not result.alpha[right > 0].any()
    assert any("--no-confirm" in note for note in result.notes)


def test_nobody_confirmed_is_nobody(red, two_reds):
    image = two_reds[0]((1, 255, 255))
    result = cutout(image, network=red, confirm=True)
    assert result.empty
    assert not result.alpha.any()
    assert "no person was found in the picture" in result.notes
    made = replace_background(image, (255, 255, 255), network=red, confirm=True)
    assert (made.image == image).all()


def test_the_detector_is_asked_for_networks_of_people_only(monkeypatch):
    class Asked(Exception):
        pass

    def ask(**_):
        raise Asked

    monkeypatch.setattr("cleanplate.tasks.second_opinion.open_network", ask)
    portrait = np.ascontiguousarray(cv2.imread(str(EXAMPLES / "astronaut.png"))[..., ::-1])
    with pytest.raises(Asked):
        cutout(portrait)
    assert cutout(portrait, confirm=False).people
    # An empty matte needs no second opinion.
    assert cutout(np.full((64, 64, 3), 128, np.uint8)).empty
