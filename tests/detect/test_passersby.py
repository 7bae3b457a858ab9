"""Who is kept and who passes by; and that the labelled pictures are what they say."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest

from cleanplate.detect.passersby import detail, judge, traits
from evaluation.passersby.__main__ import figures
from evaluation.passersby.table import instances, read_table
from tests.detect.streets import figure, instance_of, street


def _scene(*people: tuple[int, int, int], size: tuple[int, int] = (600, 900)) -> tuple[np.ndarray, list]:
    """A street with people (left, top, height) in a fine pattern."""
    picture = street(*size)
    found = []
    rng = np.random.default_rng(1)
    for number, (left, top, tall) in enumerate(people, start=1):
        mask = figure(*size, left, top, tall)
        picture[mask] = rng.integers(0, 255, (np.count_nonzero(mask), 3), dtype=np.uint8)
        found.append(instance_of(mask, number=number))
    return picture, found


def _kept(picture: np.ndarray, people: list, **options: int) -> list[int]:
    return [verdict.id for verdict in judge(people, picture, **options) if verdict.main]


def test_nobody_and_one_person() -> None:
    picture, people = _scene((350, 100, 400))
    assert judge([], picture) == []
    assert _kept(picture, people) == [1]


def test_a_large_person_in_the_middle_is_kept_and_small_ones_are_not() -> None:
    picture, people = _scene((380, 80, 480), (60, 300, 110), (760, 310, 100))
    verdicts = judge(people, picture)
    assert [verdict.main for verdict in verdicts] == [True, False, False]
    assert "most important" in verdicts[0].reason
    assert "small in the picture" in verdicts[1].reason


def test_friends_beside_each_other_are_all_kept() -> None:
    picture, people = _scene((200, 90, 440), (380, 110, 420), (560, 100, 430))
    assert _kept(picture, people) == [1, 2, 3]


def test_where_all_are_small_the_place_is_the_subject() -> None:
    picture, people = _scene((200, 400, 80), (500, 410, 70))
    assert _kept(picture, people) == []


def test_who_is_cut_by_the_side_passes_by() -> None:
    size = (600, 900)
    picture, people = _scene((380, 100, 400), size=size)
    cut = np.zeros(size, np.bool_)
    cut[150:550, 820:] = figure(400, 133, 0, 0, 400)[:, :80]
    picture[cut] = 90
    verdicts = judge([*people, instance_of(cut, number=2)], picture)
    assert [verdict.main for verdict in verdicts] == [True, False]
    assert "cut by the side" in verdicts[1].reason


def test_who_is_out_of_focus_passes_by() -> None:
    picture, people = _scene((150, 100, 400), (520, 100, 400))
    blurred = cv2.GaussianBlur(picture, (0, 0), 12)
    half = picture.copy()
    half[:, 450:] = blurred[:, 450:]
    assert _kept(picture, people) == [1, 2]
    seen = traits(people, half)
    assert seen[1].sharp < 0.3 < seen[0].sharp
    verdicts = judge(people, half)
    assert [verdict.main for verdict in verdicts] == [True, False]
    assert "out of focus" in verdicts[1].reason


@pytest.mark.parametrize("keep", [0, 1, 2, 9])
def test_a_number_to_keep_is_kept(keep: int) -> None:
    picture, people = _scene((380, 80, 480), (60, 300, 200), (700, 310, 160))
    kept = _kept(picture, people, keep=keep)
    assert len(kept) == min(keep, 3)
    assert kept == [1, 2, 3][: len(kept)]


def test_the_depth_and_the_input_do_not_matter() -> None:
    picture, people = _scene((380, 80, 480), (60, 300, 200))
    before = picture.copy()
    deep = picture.astype(np.uint16) * 257
    assert detail(deep, people[0]) == pytest.approx(detail(picture, people[0]), rel=0.02)
    assert _kept(deep, people) == _kept(picture, people)
    assert (picture == before).all()


def test_tiny_people_can_be_judged() -> None:
    mask = np.zeros((5, 5), np.bool_)
    mask[2, 2] = True
    assert len(judge([instance_of(mask)], np.zeros((5, 5, 3), np.uint8))) == 1


def test_the_labelled_pictures() -> None:
    lines = read_table()
    assert len(lines) >= 40
    assert len({(line.source, line.picture) for line in lines}) == len(lines)
    assert set(Counter(line.split for line in lines)) == {"test", "train"}
    for line in lines:
        assert line.main <= set(range(1, len(line.boxes) + 1))
        for each in instances(line):
            assert each.crop.any()
            assert each.box.right <= line.size[0]
            assert each.box.bottom <= line.size[1]


def test_figures_of_an_evaluation() -> None:
    lines = read_table()
    assert figures([set(line.main) for line in lines], lines) == (1.0, 1.0, 1.0, 1.0)
    people, whole, mains, others = figures([set() for _ in lines], lines)
    assert mains == 0.0
    assert others == 1.0
    assert 0 < whole < people < 1
