"""What the detector of people is shown: masks of single people, groups left out, four pictures in one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cleanplate.errors import ArgumentError
from cleanplate_training.data.boxes import box_of
from cleanplate_training.data.instance_masks import groups_marked, with_instance_masks
from cleanplate_training.data.occlusion import Occlusion, statue
from cleanplate_training.data.sample import Instance, Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.detection_figures import average_precision, mask_overlaps
from cleanplate_training.tasks.instance_data import (
    FixedExamples,
    MixedExamples,
    Pool,
    View,
    as_arrays,
    collate,
    joined,
    moved,
)


def sample(boxes, *, alpha=None, size=(80, 100)):
    picture = np.full((*size, 3), 90, np.uint8)
    people = tuple(Instance("person", tuple(float(side) for side in box)) for box in boxes)
    return Sample("one", picture, "set", "free", alpha=alpha, instances=people)


def matte(*boxes, size=(80, 100)):
    alpha = np.zeros(size, np.uint8)
    for left, top, right, bottom in boxes:
        alpha[top + 1 : bottom - 1, left + 2 : right - 2] = 255
    return alpha


def test_people_apart_get_masks_and_people_who_meet_do_not():
    boxes = [(5, 10, 25, 70), (40, 10, 60, 70), (55, 10, 80, 70)]
    marked = with_instance_masks(sample(boxes, alpha=matte(*boxes)))
    assert [each.mask is not None for each in marked.instances] == [True, False, False]
    assert marked.instances[0].box == (7, 11, 23, 69)
    assert marked.alpha is None


def test_a_matte_that_misses_the_person_gives_no_mask():
    marked = with_instance_masks(sample([(5, 10, 45, 70)], alpha=matte((5, 10, 20, 30))))
    assert marked.instances[0].mask is None
    assert marked.instances[0].box == (5, 10, 45, 70)


def test_one_mask_is_one_person_and_no_annotation_is_nobody():
    mask = np.zeros((80, 100), bool)
    mask[10:50, 20:40] = True
    alone = replace(sample([]), instances=None, mask=mask)
    assert with_instance_masks(alone).instances[0].box == (20, 10, 40, 50)
    assert with_instance_masks(replace(alone, mask=None)).instances == ()


def test_boxes_around_groups_are_crowds():
    people = [(0, 0, 90, 70), (5, 5, 25, 65), (40, 5, 60, 65)]
    assert [each.crowd for each in groups_marked(sample(people)).instances] == [True, False, False]
    assert not any(each.crowd for each in groups_marked(sample(people[:2])).instances)  # a child before its mother


def test_crowds_are_handed_over_apart_from_people():
    both = sample([(0, 0, 90, 70), (5, 5, 25, 65)])
    crowd = replace(both, instances=(replace(both.instances[0], crowd=True), both.instances[1]))
    arrays = as_arrays(crowd)
    assert arrays["boxes"].tolist() == [[5, 5, 25, 65]]
    assert arrays["ignored"].tolist() == [[0, 0, 90, 70]]
    assert arrays["masks"].shape == (1, *crowd.picture.shape[:2])


def test_four_pictures_become_one_with_everybody_in_place():
    mask = np.zeros((40, 40), bool)
    mask[10:30, 5:15] = True
    people = (Instance("person", (5, 10, 15, 30), mask), Instance("person", (20, 0, 30, 9)))
    quarter = Sample("q", np.zeros((40, 40, 3), np.uint8), "set", "free", instances=people)
    whole = joined([replace(quarter, picture=quarter.picture + np.uint8(10 * n)) for n in range(4)])
    assert whole.picture.shape == (80, 80, 3)
    assert [int(whole.picture[y, x, 0]) for y, x in ((0, 0), (0, 79), (79, 0), (79, 79))] == [0, 10, 20, 30]
    assert [each.box for each in whole.instances[6:]] == [(45, 50, 55, 70), (60, 40, 70, 49)]
    assert whole.instances[6].mask[50:70, 45:55].all()
    assert whole.instances[6].mask.sum() == 200


def test_a_view_keeps_boxes_with_their_people():
    picture = sample([(30, 20, 60, 60)])
    picture.picture[20:60, 30:60] = 255
    for seed in range(8):
        shown = moved(picture, View(size=64, scale=(0.6, 1.6), aspect=1.3), np.random.default_rng(seed))
        assert shown.picture.shape == (64, 64, 3)
        for each in shown.instances:
            left, top, right, bottom = (round(side) for side in each.box)
            assert shown.picture[top:bottom, left:right].mean() > 215


def test_examples_are_drawn_from_pools_and_joined_into_batches(tmp_path):
    with ShardWriter(tmp_path, split="train", per_shard=9, quality=None) as writer:
        for number in range(3):
            writer.write(replace(sample([(5, 10, 25, 70)], alpha=matte((5, 10, 25, 70))), key=f"set_{number}"))
    shard = next(tmp_path.glob("*.tar"))
    pool = Pool((shard,), include="set_[12]")
    examples = MixedExamples([pool], View(size=64, mosaic=0.5), length=7)
    assert len(examples) == 7
    again = [examples.draw(3, np.random.default_rng(5)) for _ in range(2)]
    assert all(np.array_equal(again[0][name], again[1][name]) for name in again[0])
    batch = collate([examples.draw(index, np.random.default_rng(index)) for index in range(4)])
    assert batch["image"].shape == (4, 3, 64, 64)
    for boxes, masks, known in zip(batch["boxes"], batch["masks"], batch["known"], strict=True):
        assert len(boxes) == len(masks) == len(known)
        assert masks.dtype == torch.bool
    fixed = FixedExamples([pool], 64, each=5)
    assert len(fixed) == 2
    assert fixed.draw(0, np.random.default_rng(0))["boxes"].shape == (1, 4)
    assert len(FixedExamples([replace(pool, exclude="set_2|[12]")], 64, each=5)) == 1


def drawn_beside(occlusion, picture, seed):
    person = replace(sample([], size=(60, 30)), alpha=matte((5, 5, 25, 60), size=(60, 30)))
    person = replace(person, picture=np.full_like(person.picture, 200))
    thing = sample([], size=(50, 50))
    thing = replace(thing, picture=np.full_like(thing.picture, 30))
    return occlusion(picture, lambda rng: person, lambda rng: thing, np.random.default_rng(seed))


def masked_person(left, top, right, bottom):
    mask = np.zeros((80, 100), bool)
    mask[top:bottom, left:right] = True
    return Instance("person", (left, top, right, bottom), mask)


def test_people_put_beside_somebody_have_exact_masks_and_hide_what_is_behind():
    before = replace(sample([]), instances=(masked_person(35, 10, 65, 70),))
    hid = stood_behind = 0
    for seed in range(40):
        shown = drawn_beside(Occlusion(people=1.0, behind=0.5), before, seed)
        masks = [each.mask for each in shown.instances]
        assert sum(masks).max() <= 1  # no pixel belongs to two
        for each in shown.instances:
            assert each.box == box_of(each.mask)
        new = np.any(list(masks[1:]), axis=0) if len(masks) > 1 else np.zeros((80, 100), bool)
        assert (shown.picture[new] > 144).all()
        old = shown.instances[0].mask
        assert (shown.picture[old] < 146).all()
        hid += old.sum() < before.instances[0].mask.sum()
        stood_behind += len(masks) > 1 and np.array_equal(old, before.instances[0].mask)
    assert hid > 5
    assert stood_behind > 5


def test_a_thing_takes_its_pixels_from_the_mask():
    before = replace(sample([]), instances=(masked_person(35, 10, 65, 70),))
    smaller = 0
    for seed in range(20):
        shown = drawn_beside(Occlusion(things=1.0), before, seed)
        for each in shown.instances:
            assert (shown.picture[each.mask] > 59).all()
            smaller += each.mask.sum() < before.instances[0].mask.sum()
    assert smaller > 10


def test_animals_stand_anywhere_and_are_nobody():
    animal = replace(sample([], size=(30, 20)), alpha=matte((2, 2, 18, 28), size=(30, 20)))
    animal = replace(animal, picture=np.full_like(animal.picture, 200))
    draw = {"person": lambda rng: animal, "thing": lambda rng: animal, "animal": lambda rng: animal}
    nobody, somebody = sample([]), replace(sample([]), instances=(masked_person(35, 10, 65, 70),))
    places, hid = np.zeros((80, 100), np.int64), 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shown = Occlusion(objects=1.0)(nobody, rng=rng, **draw)
        assert shown.instances == ()
        places += (shown.picture > 170).all(axis=2)
        shown = Occlusion(objects=1.0)(somebody, rng=rng, **draw)
        for each in shown.instances:
            assert (shown.picture[each.mask] < 170).all()
            hid += each.mask.sum() < somebody.instances[0].mask.sum()
    assert (places.reshape(4, 20, 4, 25).sum(axis=(1, 3)) > 0).all()
    assert hid > 10
    assert np.array_equal(Occlusion()(nobody, rng=np.random.default_rng(0), **draw).picture, nobody.picture)


@pytest.mark.parametrize("seed", range(12))
def test_a_statue_has_one_colour(seed):
    dressed = np.zeros((60, 40, 3), np.uint8)
    dressed[:20], dressed[20:40], dressed[40:] = (220, 170, 140), (200, 20, 30), (20, 30, 120)
    figure = statue(dressed, np.random.default_rng(seed)).astype(np.float64)
    clear = figure[(figure.max(axis=2) > 60) & (figure.max(axis=2) < 255)]
    assert len(clear) > 500
    assert (clear / clear.sum(axis=1, keepdims=True)).std(axis=0).max() < 0.01


def test_statues_are_dark_bright_green_and_golden():
    dressed = np.zeros((60, 40, 3), np.uint8)
    dressed[:20], dressed[20:40], dressed[40:] = (220, 170, 140), (200, 20, 30), (20, 30, 120)
    means = np.array([statue(dressed, np.random.default_rng(seed)).mean(axis=(0, 1)) for seed in range(60)])
    light = means.mean(axis=1)
    assert light.min() < 70
    assert light.max() > 180
    assert (means[:, 1] > 1.15 * means[:, 0]).any()
    assert (means[:, 0] > 1.8 * means[:, 2]).any()


def test_a_statue_is_nobody():
    before = replace(sample([]), instances=(masked_person(35, 10, 65, 70),))
    coloured = replace(before, picture=before.picture + np.array([90, 0, 0], np.uint8))
    changed = 0
    for seed in range(12):
        shown = drawn_beside(Occlusion(statues=1.0), coloured, seed)
        assert len(shown.instances) <= 1
        changed += not np.array_equal(shown.picture, coloured.picture)
    assert changed > 5
    grey = drawn_beside(Occlusion(statues=1.0), before, 0)
    assert np.array_equal(grey.picture, before.picture)  # a statue in it would be a person


def test_a_statue_may_be_much_wider_than_the_picture():
    lying = replace(sample([], size=(30, 120)), alpha=matte((0, 0, 120, 30), size=(30, 120)))
    coloured = sample([])
    coloured = replace(coloured, picture=coloured.picture + np.array([90, 0, 0], np.uint8))
    for seed in range(20):
        shown = Occlusion(statues=1.0)(coloured, lambda _: lying, lambda _: lying, np.random.default_rng(seed))
        assert shown.instances == ()


def test_a_box_that_is_nearly_covered_is_dropped():
    before = sample([(40, 40, 44, 50), (5, 10, 95, 78)])
    for seed in range(30):
        shown = drawn_beside(Occlusion(people=1.0, height=(1.2, 1.5), apart=0.0), before, seed)
        covered = np.zeros((80, 100), bool)
        for each in shown.instances:
            covered |= False if each.mask is None else each.mask
        small = [each.box for each in shown.instances if each.mask is None and each.box == (40, 40, 44, 50)]
        assert bool(small) == (covered[40:50, 40:44].mean() <= 0.6)


def test_nobody_is_put_beside_nobody(tmp_path):
    assert drawn_beside(Occlusion(people=1.0, things=1.0), sample([]), 0).instances == ()
    with pytest.raises(ArgumentError, match=r"data\.cutouts: names no shards"):
        MixedExamples([], View(occlusion=Occlusion(people=0.5)), length=1)
    with pytest.raises(ArgumentError, match=r"data\.objects: names no shards"):
        MixedExamples([], View(occlusion=Occlusion(objects=0.5)), length=1)


def test_tiny_boxes_are_left_out():
    assert as_arrays(sample([(0, 0, 2, 40), (10, 10, 20, 40)]))["boxes"].tolist() == [[10, 10, 20, 40]]
    assert as_arrays(sample([]))["masks"].shape == (0, 80, 100)


def test_average_precision_of_known_rankings():
    perfect = [np.eye(2, dtype=np.float32)]
    assert average_precision(perfect, [np.array([0.9, 0.8], np.float32)]) == 1.0
    wrong_first = [np.array([[0.0], [1.0]], np.float32)]
    assert average_precision(wrong_first, [np.array([0.9, 0.8], np.float32)]) == pytest.approx(0.5)
    twice = [np.array([[0.9], [0.8]], np.float32)]
    assert average_precision(twice, [np.array([0.9, 0.8], np.float32)]) == 1.0
    assert average_precision([np.zeros((0, 3), np.float32)], [np.zeros(0, np.float32)]) == 0.0
    masks = np.zeros((2, 4, 4), bool)
    masks[0, :2], masks[1, :3] = True, True
    assert mask_overlaps(masks, masks[:1])[:, 0].tolist() == pytest.approx([1.0, 2 / 3])
    assert mask_overlaps(masks, masks[:0]).shape == (2, 0)  # nobody is there
    assert average_precision([mask_overlaps(masks[:1], masks[:0])], [np.ones(1)]) == 0.0
