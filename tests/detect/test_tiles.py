"""Looking more closely, and joining what was seen twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cleanplate.detect.instances import detections as find_all
from cleanplate.detect.network import Detections
from cleanplate.detect.tiles import closer_scale, joined, look_of, of_tile, several, tiles, without_doubles
from cleanplate.errors import ArgumentError
from cleanplate.types import Box


def detections(*found: tuple[tuple[float, ...], float], label: int = 1, filled: float = 1.0) -> Detections:
    """Boxes with scores; masks fill the boxes."""
    return Detections(
        np.array([box for box, _ in found], np.float32).reshape(-1, 4),
        np.full(len(found), label, np.int64),
        np.array([score for _, score in found], np.float32),
        np.full((len(found), 28, 28), filled, np.float32),
    )


def test_a_closer_look_is_twice_as_fine_but_enlarges_by_no_more_than_two() -> None:
    assert closer_scale(800 / 6000) == pytest.approx(2 * 800 / 6000)
    assert closer_scale(1.0) == closer_scale(1.5) == 2.0
    assert closer_scale(2.5) == 2.5


def test_everywhere_covers_the_picture_and_no_tile_is_too_large() -> None:
    scale = closer_scale(800 / 6000)
    parts = tiles(detections(), 4000, 6000, side=800, first=800 / 6000, closer=scale, look="everywhere")
    seen = np.zeros((4000, 6000), np.bool_)
    for part in parts:
        seen[part.slices] = True
        assert max(part.width, part.height) * scale <= 801
    assert seen.all()
    assert 4 <= len(parts) <= 8


def test_a_closer_look_goes_where_small_people_are_suspected() -> None:
    small = detections(((5000, 1000, 5040, 1100), 0.2), ((5200, 1010, 5230, 1090), 0.6), ((100, 100, 2000, 3900), 0.9))
    (part,) = tiles(small, 4000, 6000, side=800, first=800 / 6000, closer=1600 / 6000, look="closer")
    assert part.left < 5000
    assert part.right > 5230
    assert part.top < 1000
    nobody = detections(((100, 100, 2000, 3900), 0.9), ((5000, 1000, 5040, 1100), 0.04))
    assert tiles(nobody, 4000, 6000, side=800, first=800 / 6000, closer=1600 / 6000, look="closer") == []
    crowd = detections(*(((x, y, x + 30, y + 90), 0.3) for x in range(0, 12000, 700) for y in range(0, 8000, 700)))
    assert len(tiles(crowd, 8000, 12000, side=800, first=800 / 12000, closer=1600 / 12000, look="closer")) == 4


class Looking:
    """A network that sees half of a large person, the whole one from afar, and nobody else closer by.

    What it is asked is kept.
    """

    side = 800

    def __init__(self, overview: int | None) -> None:
        self.overview = overview
        self.scales: list[float] = []

    def scale_for(self, height: int, width: int) -> float:
        return self.side / max(height, width)

    def __call__(self, picture: NDArray[np.uint8], scale: float) -> Detections:
        self.scales.append(scale)
        if scale > 1:
            return detections()
        if scale == self.scale_for(*picture.shape[:2]):
            return detections(((100, 100, 500, 500), 0.7), ((900, 700, 940, 780), 0.6))
        return detections(((100, 100, 500, 950), 0.9), ((600, 700, 640, 780), 0.9))


def test_who_is_larger_than_the_network_learnt_is_looked_at_from_afar() -> None:
    picture = np.zeros((1000, 1000, 3), np.uint8)
    network: Any = Looking(overview=400)
    found = find_all(picture, network)
    assert network.scales == [pytest.approx(0.8), pytest.approx(0.4), pytest.approx(1.6)]
    # The whole person instead of half of it; what is small is left to the other looks.
    assert sorted(found.boxes.tolist()) == [[100, 100, 500, 950], [900, 700, 940, 780]]
    for overview, look, others in ((None, "closer", [1.6]), (400, "once", []), (700, "closer", [1.6])):
        other = Looking(overview)
        find_all(picture, other, look=look)  # type: ignore[arg-type]
        assert other.scales == pytest.approx([0.8, *others])


def test_what_is_enlarged_already_is_looked_at_once() -> None:
    network: Any = Looking(overview=None)
    find_all(np.zeros((200, 200, 3), np.uint8), network)
    assert network.scales == [pytest.approx(4.0)]


def test_two_people_do_not_become_one_from_afar() -> None:
    found = detections(((100, 100, 300, 900), 0.8), ((310, 100, 500, 900), 0.6))
    assert several(detections(((100, 100, 500, 900), 0.95)), found).tolist() == [True]
    assert several(detections(((100, 90, 300, 940), 0.95), ((700, 100, 900, 900), 0.95)), found).tolist() == [False] * 2


def test_what_an_inner_edge_cuts_is_left_to_others() -> None:
    found = detections(((0, 10, 50, 90), 0.9), ((200, 300, 240, 400), 0.9), ((350, 20, 400, 90), 0.9))
    inside = of_tile(found, Box(1000, 0, 1400, 400), 1000, 2000)
    assert inside.boxes.tolist() == []
    at_the_corner = of_tile(found, Box(0, 0, 400, 400), 400, 2000)
    assert at_the_corner.boxes.tolist() == [[0, 10, 50, 90], [200, 300, 240, 400]]
    moved = of_tile(found, Box(1600, 600, 2000, 1000), 1000, 2000)
    assert moved.boxes.tolist() == [[1800, 900, 1840, 1000], [1950, 620, 2000, 690]]


def test_the_same_thing_is_kept_once_and_neighbours_both() -> None:
    found = detections(
        ((0, 0, 100, 300), 0.9), ((4, 5, 102, 290), 0.8), ((20, 20, 60, 120), 0.7), ((90, 0, 190, 300), 0.6)
    )
    assert without_doubles(found).scores.tolist() == pytest.approx([0.9, 0.6])


def test_a_dog_on_a_person_is_no_double() -> None:
    person, dog = detections(((0, 0, 100, 300), 0.9)), detections(((20, 100, 60, 160), 0.8), label=18)
    assert len(without_doubles(person.and_also(dog))) == 2


def test_people_behind_each_other_are_two() -> None:
    left, right = np.zeros((2, 28, 28), np.float32)
    left[:, :16] = right[:, 12:] = 1.0
    boxes = np.array([[0, 0, 100, 300], [10, 0, 110, 300]], np.float32)
    found = Detections(boxes, np.ones(2, np.int64), np.array([0.9, 0.8], np.float32), np.stack([left, right]))
    assert len(without_doubles(found)) == 2


def test_a_closer_look_at_parts_of_a_large_person_adds_nobody() -> None:
    first = detections(((100, 100, 1500, 3900), 0.8))
    closer = detections(((300, 400, 900, 1200), 0.95), ((4000, 1000, 4100, 1300), 0.7))
    both = joined(first, closer, 800 / 6000)
    assert sorted(both.scores.tolist()) == pytest.approx([0.7, 0.8])


def test_unknown_ways_to_look() -> None:
    assert look_of("once") == "once"
    with pytest.raises(ArgumentError, match="--look: is 'hard'; choose one of: once, closer, everywhere"):
        look_of("hard")
