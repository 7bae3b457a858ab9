"""Finding people with a network that is made for it: boxes, masks, numbers, sizes, kinds of pictures."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import cleanplate
from cleanplate.errors import ArgumentError, ArrayError, EngineError, SelectionError, WeightsError
from cleanplate.tasks.segmentation import segment
from tests.detect.graphs import BLUE, DOG, GREEN, RED, YELLOW, colour_people
from tests.detect.streets import street, with_person
from tests.runtime.graphs import doubling


@pytest.fixture
def network(tmp_path):
    return colour_people(tmp_path / "people.onnx")


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_the_public_function_is_callable_whatever_was_imported_before(network):
    assert "cleanplate.detect.snap" in sys.modules or __import__("cleanplate.detect.snap")
    assert cleanplate.segment(street(), weights=network) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_people_are_found_and_numbered_from_left_to_right(network, dtype):
    picture = street(dtype=dtype)
    truth = {
        1: with_person(picture, BLUE, 30, 200, 180),
        2: with_person(picture, RED, 250, 60, 400),
        3: with_person(picture, GREEN, 500, 230, 120),
    }
    before = picture.copy()
    found = segment(picture, weights=network)
    assert (picture == before).all()
    assert [each.id for each in found] == [1, 2, 3]
    assert [each.distance_rank for each in found] == [2, 1, 3]
    for each in found:
        mask = truth[each.id]
        assert each.label == "person"
        assert each.score == pytest.approx(0.9)
        assert _iou(each.mask, mask) > 0.9
        rows, columns = np.nonzero(mask)
        edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        # A cell of the mask at most.
        assert np.abs(np.array(each.box) - edges).max() <= 2 + (edges[3] - edges[1]) / 28
        assert each.area == np.count_nonzero(each.mask) == np.count_nonzero(each.crop)
        assert each.crop.shape == (each.box.height, each.box.width)


def test_masks_follow_the_edges_of_a_large_picture(network):
    picture = street(3000, 2000)
    truth = with_person(picture, RED, 600, 300, 2400)
    (found,) = segment(picture, weights=network)
    # A cell of the network's mask is 86 pixels tall.
    assert _iou(found.mask, truth) > 0.985
    assert np.count_nonzero(truth & ~found.mask) / np.count_nonzero(truth) < 0.01


def test_the_closer_look_finds_who_is_too_small_for_the_first(network):
    picture = street(2400, 3200)
    with_person(picture, RED, 1500, 600, 1200)
    truth = with_person(picture, GREEN, 302, 1402, 12)
    assert len(segment(picture, weights=network, look="once")) == 1
    found = segment(picture, weights=network, look="everywhere")
    assert len(found) == 2
    assert _iou(found[0].mask, truth) > 0.3


def test_a_grey_picture_is_looked_at_like_any_other(tmp_path):
    network = colour_people(tmp_path / "grey.onnx", [(250, 250, 250)])
    picture = street()
    truth = with_person(picture, (250, 250, 250), 100, 100, 300)
    (found,) = segment(picture, weights=network)
    assert _iou(found.mask, truth) > 0.9


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (7, 5), (33, 1000), (1500, 40)])
def test_any_size(network, size):
    assert segment(street(*size), weights=network) == []


def test_a_person_over_the_whole_picture(network):
    picture = np.empty((300, 200, 3), np.uint8)
    picture[:] = RED
    (found,) = segment(picture, weights=network)
    assert found.box == (0, 0, 200, 300)
    assert found.crop.all()


def test_sixty_people(tmp_path):
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5), np.arange(5), indexing="ij"), -1).reshape(-1, 3)
    colours = [tuple(int(v) for v in row) for row in grid * 50 + [10, 20, 30]]
    # Greys are the street.
    colours = [colour for colour in colours if max(colour) - min(colour) > 100][:60]
    assert len(colours) == 60
    network = colour_people(tmp_path / "many.onnx", colours)
    picture = street(460, 640)
    for place, colour in enumerate(colours):
        with_person(picture, colour, 6 + place % 12 * 52, 6 + place // 12 * 90, int(rng.integers(45, 80)))
    found = segment(picture, weights=network, look="once")  # enlarged, blends of two colours are other people's
    assert len(found) == 60
    assert sorted(each.distance_rank for each in found) == list(range(1, 61))
    total = np.sum([each.mask for each in found], axis=0)
    assert total.max() == 1


def test_a_pixel_belongs_to_one_person_only(network):
    picture = street()
    with_person(picture, RED, 200, 60, 380)
    with_person(picture, BLUE, 260, 120, 330)
    found = segment(picture, weights=network)
    assert len(found) == 2
    assert not (found[0].mask & found[1].mask).any()
    assert min(each.area for each in found) > 3000


def test_scores_and_labels_choose_but_do_not_renumber(tmp_path):
    network = colour_people(
        tmp_path / "dogs.onnx",
        [RED, DOG, BLUE],
        labels=[1, 18, 1],
        scores=[0.9, 0.8, 0.3],
        names={1: "person", 18: "dog"},
    )
    picture = street()
    for colour, left in ((RED, 30), (DOG, 230), (BLUE, 430)):
        with_person(picture, colour, left, 150, 250)
    assert [(each.id, each.label) for each in segment(picture, weights=network)] == [(1, "person"), (2, "dog")]
    assert [(each.id, each.label) for each in segment(picture, weights=network, labels=["dog"])] == [(2, "dog")]
    assert len(segment(picture, weights=network, min_score=0.2)) == 3
    with pytest.raises(SelectionError, match="do not know 'cat'; they know: dog, person"):
        segment(picture, weights=network, labels=["cat"])


def test_weights_without_names_know_people_only(network):
    with pytest.raises(SelectionError, match="do not know 'dog'; they know: person"):
        segment(street(), weights=network, labels=["dog"])


def test_bad_arguments(network, tmp_path):
    with pytest.raises(ArrayError):
        segment(np.zeros((4, 4), np.uint8), weights=network)
    with pytest.raises(ArgumentError, match=r"within 0\.\.1"):
        segment(street(), weights=network, min_score=1.5)
    with pytest.raises(ArgumentError, match="once, closer, everywhere"):
        segment(street(), weights=network, look="twice")
    with pytest.raises(WeightsError, match="lacks the output boxes"):
        segment(street(), weights=doubling(tmp_path / "doubling.onnx"))
    broken = colour_people(tmp_path / "broken.onnx", names={1: "person"})
    broken.write_bytes(broken.read_bytes().replace(b'{"1": "person"}', b'["1", "person"]'))
    with pytest.raises(WeightsError, match="no JSON object"):
        segment(street(), weights=broken)


def test_numbers_that_are_none_are_an_error(tmp_path):
    picture = street()
    with_person(picture, RED, 100, 100, 200)
    network = colour_people(tmp_path / "nan.onnx", [RED], scores=[0.9])
    import onnx

    model = onnx.load(network)
    model.graph.node.append(onnx.helper.make_node("Sqrt", ["below"], ["nothing"]))
    model.graph.node.append(onnx.helper.make_node("Add", ["unspoilt", "nothing"], ["boxes"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(-1, np.float32), "below"))
    for node in model.graph.node[:-1]:
        for place, name in enumerate(node.output):
            if name == "boxes":
                node.output[place] = "unspoilt"
    onnx.save(model, network)
    with pytest.raises(EngineError, match="not finite"):
        segment(picture, weights=network)


def test_the_answer_does_not_depend_on_threads(network):
    picture = street()
    for colour, left in ((RED, 30), (GREEN, 180), (BLUE, 330), (YELLOW, 480)):
        with_person(picture, colour, left, 100, 300)
    one, four = (segment(picture, weights=network, threads=threads) for threads in (1, 4))
    assert [(each.id, each.box, each.rle) for each in one] == [(each.id, each.box, each.rle) for each in four]
