"""A second look at one person: whether it is one, and the limbs that the mask lacks."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.detect.close_up import (
    GLANCE,
    STARE,
    CloseUp,
    close_up,
    has_warm_colours,
    is_cold,
    share_seen,
    with_limbs,
)
from tests.detect.streets import figure, instance_of, street

SIZE = (480, 640)


@pytest.fixture
def person():
    """A person without hands and feet, of whom a network saw the middle."""
    return instance_of(figure(*SIZE, 250, 100, 300), number=7)


@pytest.fixture
def view(person):
    return close_up(street(*SIZE), person)


def _alpha(view: CloseUp, *masks: np.ndarray) -> np.ndarray:
    """The answer of a network that sees these pixels of the picture."""
    rows = (np.arange(view.picture.shape[0]) * view.window.height) // view.picture.shape[0] + view.window.top
    columns = (np.arange(view.picture.shape[1]) * view.window.width) // view.picture.shape[1] + view.window.left
    return np.maximum.reduce([mask[np.ix_(rows, columns)] for mask in masks]).astype(np.float32)


def _nobody() -> np.ndarray:
    return np.zeros(SIZE, np.uint16)


def _box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("side", [GLANCE, STARE])
def test_a_close_up_shows_the_person_and_the_surroundings(person, dtype, side):
    view = close_up(street(*SIZE, dtype=dtype), person, side)
    assert view.window == person.box.grown(74).clipped(*SIZE)
    assert max(view.picture.shape[:2]) == side
    assert view.picture.dtype == np.uint8


def test_small_people_are_enlarged_threefold_at_most():
    small = instance_of(figure(*SIZE, 250, 100, 30))
    view = close_up(street(*SIZE), small)
    assert view.picture.shape[:2] == (3 * view.window.height, 3 * view.window.width)


def test_the_share_that_is_of_a_person(person, view):
    assert share_seen(person, view, _alpha(view, person.mask)) > 0.98
    assert share_seen(person, view, _alpha(view, _box(0, 0, 300, 480) & person.mask)) == pytest.approx(0.5, abs=0.05)
    assert share_seen(person, view, np.zeros(view.picture.shape[:2], np.float32)) == 0.0


def test_limbs_beside_the_mask_belong_to_the_person(person, view):
    hand, foot = _box(350, 250, 390, 270), _box(225, 380, 255, 399)
    whole = with_limbs(person, view, _alpha(view, person.mask, hand, foot), _nobody())
    assert whole.id == person.id
    assert whole.mask[hand].mean() > 0.9
    assert whole.mask[foot].mean() > 0.9
    assert whole.mask[person.mask].all()
    assert not (whole.mask & ~(person.mask | hand | foot))[:, :220].any()
    assert (whole.box.left, whole.box.right) == (pytest.approx(225, abs=3), pytest.approx(390, abs=3))


def test_what_runs_on_or_lies_apart_is_no_limb(person, view):
    runs_on, apart = _box(350, 250, 640, 300), _box(190, 150, 220, 180)
    whole = with_limbs(person, view, _alpha(view, person.mask, runs_on, apart), _nobody())
    assert not whole.mask[runs_on][10:].mean() > 0.2
    assert not whole.mask[apart].any()


def test_at_the_side_of_the_picture_nothing_runs_on():
    cut = instance_of(figure(*SIZE, 30, 100, 300))
    view = close_up(street(*SIZE), cut)
    hand = _box(0, 250, 31, 270)
    assert with_limbs(cut, view, _alpha(view, cut.mask, hand), _nobody()).mask[hand].mean() > 0.9


def test_nothing_is_taken_from_others(person, view):
    whose = _nobody()
    other = _box(356, 200, 400, 300)
    whose[other] = 9
    near_the_other = _box(385, 300, 395, 310)
    whole = with_limbs(person, view, _alpha(view, person.mask, other, near_the_other), whose)
    assert not whole.mask[other].any()
    assert not whole.mask[near_the_other].any()


def test_nobody_seen_leaves_the_mask(person, view):
    empty = np.zeros(view.picture.shape[:2], np.float32)
    assert with_limbs(person, view, empty, _nobody()) is person


def _painted(person, shirt: tuple[int, int, int], head: tuple[int, int, int]) -> CloseUp:
    """A close-up of the person in two colours."""
    picture = street(*SIZE)
    picture[person.mask] = shirt
    picture[person.box.top : person.box.top + person.box.height // 5][
        person.mask[person.box.top : person.box.top + person.box.height // 5]
    ] = head
    return close_up(picture, person)


def test_green_bronze_has_nothing_of_the_colours_of_people(person):
    patina, skin = (120, 165, 145), (215, 160, 140)
    assert is_cold(person, _painted(person, patina, patina))
    assert not is_cold(person, _painted(person, patina, skin))


def test_what_is_dark_shows_no_colours(person):
    assert not is_cold(person, _painted(person, (16, 18, 17), (16, 18, 17)))


def test_a_photograph_without_anything_reddish_says_nothing_about_anybody():
    sea = np.full((90, 120, 3), (40, 90, 120), np.uint8)
    assert not has_warm_colours(sea)
    sea[40:46, 50:56] = (200, 90, 80)
    assert has_warm_colours(sea)
    assert has_warm_colours(sea.astype(np.uint16) * 257)
