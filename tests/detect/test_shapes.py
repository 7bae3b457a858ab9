"""The pixels of each detection, with another network's opinion on those of people."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cleanplate.detect.network import Detections
from cleanplate.detect.shapes import CloserLook, _each_pixel_once, shapes
from cleanplate.types import Box
from tests.detect.streets import street

BODY = (slice(40, 200), slice(60, 120))


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    picture = street(240, 180)
    picture[BODY] = (200, 40, 40)
    return picture


def unsure(value: float) -> Detections:
    """One detection of the body whose lower half the network is unsure of."""
    mask = np.full((1, 28, 28), 0.9, np.float32)
    mask[:, 14:] = value
    return Detections(np.array([[60, 40, 120, 200]], np.float32), np.ones(1, np.int64), np.ones(1, np.float32), mask)


def seen(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A matting network that sees what is red."""
    return ((pixels[..., 0] > 150) & (pixels[..., 1] < 90)).astype(np.float32)


def covered(picture: NDArray[np.uint8], found: Detections, closer: CloserLook | None) -> float:
    """How much of the body the mask covers."""
    (shape,) = shapes(picture, found, closer=closer)
    assert shape is not None
    mask = np.zeros(picture.shape[:2], np.bool_)
    mask[shape[0].slices] = shape[1]
    assert not mask[:30].any()
    return float(mask[BODY].mean())


def test_a_closer_look_completes_what_the_coarse_mask_is_unsure_of(picture: NDArray[np.uint8]) -> None:
    person = CloserLook(seen, np.array([True]))
    assert covered(picture, unsure(0.3), None) < 0.6
    assert covered(picture, unsure(0.3), person) > 0.95
    # What the network is sure not to be of the person, such as somebody else's legs, stays out.
    assert covered(picture, unsure(0.05), person) < 0.6


def test_who_is_no_person_or_is_hardly_seen_is_not_changed(picture: NDArray[np.uint8]) -> None:
    alone = covered(picture, unsure(0.3), None)
    assert covered(picture, unsure(0.3), CloserLook(seen, np.array([False]))) == alone
    nothing = CloserLook(lambda pixels: np.zeros(pixels.shape[:2], np.float32), np.array([True]))
    assert covered(picture, unsure(0.3), nothing) == alone


def test_a_lost_mask_is_what_the_closer_look_sees_and_nobody_else_has(picture: NDArray[np.uint8]) -> None:
    lost = unsure(0.1)
    lost.masks[:] = 0.1
    person = CloserLook(seen, np.array([True]))
    assert shapes(picture, lost) == [None]
    assert covered(picture, lost, person) > 0.95
    neighbour = Detections(
        np.array([[60, 40, 120, 200], [60, 40, 120, 120]], np.float32),
        np.ones(2, np.int64),
        np.array([0.9, 0.6], np.float32),
        np.stack([lost.masks[0], np.full((28, 28), 0.9, np.float32)]),
    )
    mine, theirs = shapes(picture, neighbour, closer=CloserLook(seen, np.array([True, True])))
    assert mine is not None
    assert theirs is not None
    assert theirs[0].height > 70
    assert mine[0].top > 100


def test_in_grey_pictures_nobody_looks_closer(picture: NDArray[np.uint8]) -> None:
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)

    def never(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise AssertionError("was asked")

    assert covered(grey, unsure(0.3), CloserLook(never, np.array([True]))) > 0.3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_closer_look_is_given_eight_bits_of_a_close_up(picture: NDArray[np.uint8], dtype: type) -> None:
    shown: list[NDArray[np.uint8]] = []

    def kept(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        shown.append(pixels)
        return seen(pixels)

    image = picture if dtype == np.uint8 else picture.astype(np.uint16) * 257
    shapes(image, unsure(0.3), closer=CloserLook(kept, np.array([True])))
    (view,) = shown
    assert view.dtype == np.uint8
    assert max(view.shape) == 256


@pytest.mark.parametrize(("score", "keeps"), [(0.1, True), (0.9, False)])
def test_suspects_take_no_pixels_from_who_is_sure(picture: NDArray[np.uint8], score: float, keeps: bool) -> None:
    both = np.full((2, 28, 28), 0.8, np.float32)
    both[1] = 0.95
    boxes = np.array([[60, 40, 120, 200], [60, 40, 120, 120]], np.float32)
    found = Detections(boxes, np.ones(2, np.int64), np.array([0.95, score], np.float32), both)
    body, _ = shapes(picture, found)
    assert body is not None
    assert (body[0].top < 60) == keeps


def test_specks_that_a_neighbour_leaves_make_nobody_taller() -> None:
    front, behind = np.zeros((2, 240, 180), np.bool_)
    front[80:200, 50:130] = True
    behind[30:204, 60:120] = True  # 4 of its rows show below whoever stands in front
    boxes = np.array([[50, 80, 130, 200], [60, 30, 120, 204]], np.float32)
    found = Detections(boxes, np.ones(2, np.int64), np.array([0.9, 0.8], np.float32), np.ones((2, 28, 28), np.float32))
    whole = Box(0, 0, 180, 240)
    first, second = _each_pixel_once([(whole, front), (whole, behind & ~(np.arange(180) > 70))], found, (240, 180))
    assert first is not None
    assert first[0] == Box(50, 80, 130, 200)
    assert second is not None
    assert second[0].bottom == 204  # 7 % of what is seen: a foot
    behind[200:203] = False
    behind[203, 80:] = False
    _, second = _each_pixel_once([(whole, front), (whole, behind)], found, (240, 180))
    assert second is not None
    assert second[0] == Box(60, 30, 120, 80)
