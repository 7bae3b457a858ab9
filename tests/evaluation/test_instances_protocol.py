"""Counting people who are found, and reading the test sets."""

import json

import cv2
import numpy as np
import pytest

from evaluation.instances.cases import coco128
from evaluation.instances.recall import recall
from evaluation.metrics.average_precision import Objects


def objects(*spans, scores=None, crowd=None):
    masks = np.zeros((len(spans), 10, 60), bool)
    for mask, (start, end) in zip(masks, spans, strict=True):
        mask[:, start:end] = True
    boxes = np.array([(start, 0, end, 10) for start, end in spans], float).reshape(-1, 4)
    return Objects(boxes, masks, scores=None if scores is None else np.array(scores), crowd=crowd)


def test_each_person_is_found_once_and_unsure_detections_do_not_count():
    truth = [objects((0, 10), (20, 30)), objects((0, 10))]
    found = [objects((0, 10), (1, 10), (20, 30), scores=[0.9, 0.8, 0.4]), objects((0, 9), scores=[0.6])]
    counted = recall(truth, found)
    assert (counted.people, counted.found, counted.false) == (3, 2, 1)
    assert counted.recall_by_picture == pytest.approx(0.75)
    assert counted.complete == 0.5


def test_detections_in_a_crowd_count_neither_way():
    truth = [objects((0, 10), (20, 60), crowd=np.array([False, True]))]
    counted = recall(truth, [objects((0, 10), (25, 30), (11, 19), scores=[0.9, 0.9, 0.9])])
    assert (counted.people, counted.found, counted.false) == (1, 1, 1)


def test_segments_of_panoptic_maps_are_people(tmp_path):
    maps = tmp_path / "panoptic_segmentation/annotations"
    for part in ("train2017", "val2017"):
        (maps / f"panoptic_{part}").mkdir(parents=True)
        (maps / f"panoptic_{part}.json").write_text(json.dumps({"annotations": []}))
    numbers = np.zeros((8, 12), np.int64)
    numbers[2:6, 1:4], numbers[2:6, 6:10] = 7, 70000
    colours = np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], axis=-1).astype(np.uint8)
    cv2.imwrite(str(maps / "panoptic_val2017/1.png"), colours[..., ::-1])
    cv2.imwrite(str(tmp_path / "1.jpg"), np.zeros((8, 12, 3), np.uint8))
    rows = [{"id": 7, "category_id": 1}, {"id": 70000, "category_id": 1, "iscrowd": 1}, {"id": 9, "category_id": 3}]
    listed = {"annotations": [{"file_name": "1.png", "segments_info": rows}]}
    (maps / "panoptic_val2017.json").write_text(json.dumps(listed))
    (case,) = coco128(tmp_path)
    assert case.people.boxes.tolist() == [[1, 2, 4, 6], [6, 2, 10, 6]]
    assert case.people.crowd.tolist() == [False, True]
    assert list(coco128(tmp_path, nobody=True)) == []
    listed["annotations"][0]["segments_info"] = rows[2:]
    (maps / "panoptic_val2017.json").write_text(json.dumps(listed))
    assert list(coco128(tmp_path)) == []
    (case,) = coco128(tmp_path, nobody=True)
    assert case.people.boxes.shape == (0, 4)
