"""Boxes, spots, polygons and strokes: what users write, and the pixels that come of it."""

import contextlib
import itertools
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleanplate.errors import ArrayError, SelectionError
from cleanplate.mask.box import box_mask, parse_box
from cleanplate.mask.polygon import parse_polygon, polygon_mask
from cleanplate.mask.spot import Spot, parse_spot, spot_mask
from cleanplate.mask.strokes import Stroke, parse_strokes, strokes_mask
from cleanplate.mask.union import union
from cleanplate.types import Box

SIDES = st.integers(1, 40)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("10,20,30,40", Box(10, 20, 30, 40)),
        (" 10, 20 ,30,40 ", Box(10, 20, 30, 40)),
        ("10%,20%,30%,60%", Box(20, 20, 60, 60)),
        ("0,0,100%,100%", Box(0, 0, 200, 100)),
        ("50%,10,60%,11", Box(100, 10, 120, 11)),
    ],
)
def test_box_in_pixels_and_percent(text, box):
    assert parse_box(text, 100, 200) == box


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3", "left,top,right,bottom"),
        ("1,2,3,4,5", "left,top,right,bottom"),
        ("1,2,3,", "left,top,right,bottom"),
        ("a,2,3,4", "'a' is not a number"),
        ("nan,2,3,4", "'nan' is not a number"),
        ("inf,2,3,4", "not a number"),
        ("30,20,10,40", "ends before it starts"),
        ("10,20,10,40", "empty"),
        ("10,20,201,40", "200 x 100"),
        ("-1,20,20,40", "leaves the picture"),
        ("10%,20%,30%,101%", "leaves the picture"),
    ],
)
def test_bad_boxes_say_why(text, says):
    with pytest.raises(SelectionError, match=r"^--box: ") as caught:
        parse_box(text, 100, 200)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(SIDES, SIDES, st.data())
def test_box_mask_is_end_exclusive(height, width, data):
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    mask = box_mask(parse_box(f"{left},{top},{right},{bottom}", height, width), height, width)
    assert mask.sum() == (right - left) * (bottom - top)
    assert mask[top, left]
    assert mask[bottom - 1, right - 1]


def discs(height, width, x, y, radius):
    rows, columns = np.mgrid[:height, :width] + 0.5
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


FINE = st.integers(0, 8 * 40).map(lambda eighth: eighth / 8)


@given(SIDES, SIDES, FINE, FINE, st.integers(1, 8 * 30).map(lambda eighth: eighth / 8))
def test_spot_selects_the_pixels_whose_centres_it_holds(height, width, x, y, radius):
    x, y = min(x, width), min(y, height)
    expected = discs(height, width, x, y, radius)
    expected[min(int(y), height - 1), min(int(x), width - 1)] = True
    assert np.array_equal(spot_mask(Spot(x, y, radius), height, width), expected)


def test_spot_follows_the_fraction_of_a_pixel():
    left, right = (spot_mask(Spot(x, 10, 4), 20, 40) for x in (20.0, 20.5))
    assert not np.array_equal(left, right)
    columns = np.flatnonzero(left.any(axis=0))
    assert columns[0] + columns[-1] + 1 == 40


def test_spot_in_percent_takes_the_radius_of_the_short_side():
    assert parse_spot("50%,50%,10%", 100, 200) == Spot(100, 50, 10)


@pytest.mark.parametrize("text", ["1,2", "1,2,0", "1,2,-3", "300,2,5", "x,y,r", "1,2,inf"])
def test_bad_spots(text):
    with pytest.raises(SelectionError, match=r"^--spot: "):
        parse_spot(text, 100, 200)


def test_huge_spot_covers_everything_without_overflow():
    assert spot_mask(Spot(3, 3, 1e300), 7, 9).all()


@given(SIDES, SIDES, st.data())
def test_polygon_round_a_box_is_the_box(height, width, data):
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    points = parse_polygon(f"{left},{top} {right},{top};{right},{bottom} {left},{bottom}", height, width)
    expected = box_mask(Box(left, top, right, bottom), height, width)
    assert np.array_equal(polygon_mask(points, height, width), expected)


def crossing_number(points, x, y):
    inside = False
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if (y0 <= y) != (y1 <= y) and x >= x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


@given(
    st.integers(1, 14),
    st.integers(1, 14),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=7),
)
def test_polygon_agrees_with_counting_crossings(height, width, shares):
    points = [(round(x * width, 2) + 0.003, round(y * height, 2) + 0.003) for x, y in shares]
    expected = [[crossing_number(points, x + 0.5, y + 0.5) for x in range(width)] for y in range(height)]
    assert np.array_equal(polygon_mask(np.array(points), height, width), expected)


@pytest.mark.parametrize("text", ["", "1,1 2,2", "1,1 2,2 3", "1,1 2,2 500,3", "1,1 2,x 3,3"])
def test_bad_polygons(text):
    with pytest.raises(SelectionError, match=r"^--polygon: "):
        parse_polygon(text, 100, 200)


def near_segment(height, width, a, b, radius):
    rows, columns = np.mgrid[:height, :width] + 0.5
    a, b = np.array(a), np.array(b)
    along = b - a
    share = ((columns - a[0]) * along[0] + (rows - a[1]) * along[1]) / max(float(along @ along), 1e-12)
    share = np.clip(share, 0, 1)
    return np.hypot(columns - a[0] - share * along[0], rows - a[1] - share * along[1]) - radius


POINTS = st.tuples(st.floats(-20, 60), st.floats(-20, 60))


@given(SIDES, SIDES, st.lists(POINTS, min_size=1, max_size=5), st.floats(0.5, 30))
@example(20, 20, [(0.0, 5.0), (5e-324, 5.0)], 8.0)
@example(20, 20, [(5.0, 0.0), (15.0, 5e-324)], 8.0)
def test_stroke_is_everything_within_its_radius(height, width, points, size):
    mask = strokes_mask([Stroke(tuple(points), size)], height, width)
    pairs = list(itertools.pairwise(points)) or [(points[0], points[0])]
    distance = np.min([near_segment(height, width, a, b, size / 2) for a, b in pairs], axis=0)
    clear = np.abs(distance) > 1e-6
    assert np.array_equal(mask[clear], (distance <= 0)[clear])


def test_strokes_apply_in_order_and_may_take_away():
    text = json.dumps(
        [
            {"points": [[5, 10], [35, 10]], "size": 8},
            {"points": [[20, 10]], "size": 12, "erase": True},
            {"points": [[20, 10]], "size": 2},
        ]
    )
    mask = strokes_mask(parse_strokes(text), 20, 40)
    assert mask[10, 8]
    assert mask[10, 32]
    assert not mask[10, 16]
    assert mask[10, 20]


def test_soft_brush_selects_where_it_covers_half():
    hard, soft = (strokes_mask([Stroke(((50, 50),), 60, hardness)], 100, 100).sum() for hardness in (1.0, 0.0))
    assert soft == pytest.approx(hard / 4, rel=0.03)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("{}", "must be a JSON list"),
        ('[{"points": [[1, 2]]}]', "stroke 1: needs points and size"),
        ('[{"points": [[1, 2]], "size": 0}]', "size must be"),
        ('[{"points": [[1, 2]], "size": true}]', "size must be"),
        ('[{"points": [[1, 2]], "size": NaN}]', "size must be"),
        ('[{"points": [], "size": 3}]', "points must be"),
        ('[{"points": [[1, "2"]], "size": 3}]', "points must be"),
        ('[{"points": [[1, 2]], "size": 3, "hardness": 2}]', "hardness must"),
        ('[{"points": [[1, 2]], "size": 3, "erase": 1}]', "erase must be"),
        ('[{"points": [[1, 2]], "size": 3, "colour": 1}]', "unknown field 'colour'"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_bad_strokes(text, says):
    with pytest.raises(SelectionError, match=r"^paint\.json") as caught:
        parse_strokes(text, name="paint.json")
    assert says in str(caught.value)


def test_union_is_new_and_checks_sizes():
    a, b = np.eye(3, dtype=bool), np.eye(3, dtype=bool)[::-1]
    both = union([a, b])
    assert np.array_equal(both, a | b)
    assert a.sum() == 3
    with pytest.raises(ArrayError):
        union([a, np.zeros((2, 3), bool)])
    with pytest.raises(ArrayError):
        union([])


@given(st.text(alphabet='0123456789.,%- eE+xinfNa;[]{}"', max_size=40))
def test_whatever_is_written_only_selection_errors_come(text):
    for parse in (parse_box, parse_spot, parse_polygon):
        with contextlib.suppress(SelectionError):
            parse(text, 30, 40)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["points", "size", "hardness", "erase", "x"]), inner, max_size=4)
    ),
)


@given(JSON)
def test_whatever_json_is_given_strokes_are_drawn_or_refused(value):
    try:
        strokes = parse_strokes(json.dumps(value))
    except SelectionError:
        return
    assert strokes_mask(strokes, 20, 30).shape == (20, 30)
