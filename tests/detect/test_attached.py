"""Bags and shadows go with the person; walls, kerbs and other people do not."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.detect.attached import attached
from tests.detect.streets import figure, instance_of, street

_SIZE = (600, 800)


def _person(picture: np.ndarray) -> np.ndarray:
    mask = figure(*_SIZE, 350, 120, 360)
    picture[mask] = (150, 40, 40)
    return mask


def _whose(*masks: np.ndarray) -> np.ndarray:
    whose = np.zeros(_SIZE, np.uint16)
    for number, mask in enumerate(masks, start=1):
        whose[mask] = number
    return whose


def _found(picture: np.ndarray, mask: np.ndarray, *others: np.ndarray) -> np.ndarray:
    more = attached(picture, instance_of(mask), _whose(mask, *others))
    whole = np.zeros(_SIZE, np.bool_)
    if more is not None:
        whole[more.box.slices] = more.mask
        assert more.hanging + more.shadow > 0
    assert not (whole & mask).any()
    return whole


def _share(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / truth.sum())


def test_nothing_is_added_on_plain_ground() -> None:
    picture = street(*_SIZE)
    assert _found(picture, _person(picture)).mean() < 0.0005


def test_a_bag_at_the_side_goes_with_the_person() -> None:
    picture = street(*_SIZE)
    mask = _person(picture)
    bag = np.zeros(_SIZE, np.uint8)
    cv2.rectangle(bag, (470, 300), (505, 350), 1, -1)
    bag = bag.astype(np.bool_) & ~mask
    picture[bag] = (20, 60, 160)
    found = _found(picture, mask)
    assert _share(found, bag) > 0.75
    assert (found & ~bag).sum() < 0.5 * bag.sum()


def test_a_wall_beside_the_person_does_not() -> None:
    picture = street(*_SIZE)
    picture[:, 480:520] = (20, 60, 160)
    mask = _person(picture)
    assert _found(picture, mask)[:, 480:520].mean() < 0.01


def test_the_shadow_at_the_feet_goes_with_the_person() -> None:
    picture = street(*_SIZE)
    cast = np.zeros(_SIZE, np.uint8)
    cv2.ellipse(cast, (440, 482), (90, 14), 0, 0, 360, 1, -1)
    mask = figure(*_SIZE, 350, 120, 360)
    shadow = cast.astype(np.bool_) & ~mask
    picture[shadow] = (picture[shadow] * 0.55).astype(np.uint8)
    picture[mask] = (150, 40, 40)
    found = _found(picture, mask)
    assert _share(found, shadow) > 0.8
    assert (found & ~shadow).sum() < 0.4 * shadow.sum()
    deep = picture.astype(np.uint16) * 257
    assert _share(_found(deep, mask), shadow) > 0.8


def test_a_dark_road_is_no_shadow() -> None:
    picture = street(*_SIZE)
    picture[478:] = (picture[478:] * 0.5).astype(np.uint8)
    mask = _person(picture)
    assert _found(picture, mask)[485:].mean() < 0.02


def test_other_people_are_not_taken_along() -> None:
    picture = street(*_SIZE)
    mask = _person(picture)
    child = figure(*_SIZE, 475, 300, 170) & ~mask
    picture[child] = (20, 60, 160)
    assert not (_found(picture, mask, child) & child).any()


def test_small_people_and_people_at_the_edge() -> None:
    picture = street(*_SIZE)
    small = figure(*_SIZE, 300, 300, 30)
    assert attached(picture, instance_of(small), _whose(small)) is None
    everywhere = np.ones(_SIZE, np.bool_)
    assert attached(picture, instance_of(everywhere), _whose(everywhere)) is None
