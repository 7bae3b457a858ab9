"""The selfie comparison: groups of failures, costs counted by hand, edges, and a page whose data is whole."""

import csv
import json
import re
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from cleanplate_training.data.sample import Sample
from cleanplate_training.data.shard_writer import ShardWriter
from evaluation.matting.cases import Case
from evaluation.matting.methods import opened
from evaluation.selfie.__main__ import main
from evaluation.selfie.cases import Selfie, coco_people, in_source
from evaluation.selfie.costs import cost, multiplications, parameters
from evaluation.selfie.failures import reasons
from evaluation.selfie.page import curve_of

SIDE = 96


def body(side=SIDE):
    mask = np.zeros((side, side), np.uint8)
    cv2.ellipse(mask, (side // 2, side // 3), (side // 8, side // 6), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (side // 2, side), (side // 3, side // 2), 0, 180, 360, 1, -1)
    return mask > 0


def selfie(inside=(220, 30, 30), outside=(20, 160, 60), beside=()):
    truth = body()
    picture = np.where(truth[..., None], np.uint8(inside), np.uint8(outside)).astype(np.uint8)
    return Selfie(Case("in-source", "a", picture, truth.astype(np.float32), soft=False), frozenset(beside))


def eroded(mask, by):
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.erode(mask.astype(np.uint8), kernel) > 0


def without_shoulder(mask):
    cut = mask.copy()
    cut[60:, 60:] = False
    return cut


def with_blob(mask):
    more = mask.copy()
    more[:20, :20] = True
    return more


@pytest.mark.parametrize(
    ("guess", "group"),
    [
        (eroded(body(), 2), "eroded body"),
        (without_shoulder(body()), "cut-off limbs"),
        (with_blob(body()), "background taken for a person"),
    ],
)
def test_a_failure_is_sorted_by_its_shape(guess, group):
    assert reasons(selfie(), guess, 0.8)[0] == group


def test_nothing_is_said_of_what_is_right():
    assert reasons(selfie(beside=["animals"]), body(), 1.0) == ()


def test_colours_light_and_labels_give_groups():
    lost = without_shoulder(body())
    assert "clothes like background" in reasons(selfie(outside=(214, 36, 30)), lost, 0.8)
    assert "clothes like background" not in reasons(selfie(), lost, 0.8)
    assert "low light" in reasons(selfie(inside=(30, 20, 20)), lost, 0.8)
    assert reasons(selfie(beside=["held objects"]), lost, 0.8)[-1] == "held objects"


@pytest.fixture
def red(tmp_path):
    """alpha = red - green, by a convolution of 1 x 1 and one of 3 x 3 that changes nothing."""
    keep = np.zeros((1, 1, 3, 3), np.float32)
    keep[0, 0, 1, 1] = 1
    tensors = [
        helper.make_tensor("w", TensorProto.FLOAT, [1, 3, 1, 1], [1.0, -1.0, 0.0]),
        helper.make_tensor("k", TensorProto.FLOAT, [1, 1, 3, 3], keep.ravel()),
        helper.make_tensor("z", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("o", TensorProto.FLOAT, [], [1.0]),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"]),
        helper.make_node("Conv", ["c", "k"], ["d"], pads=[1, 1, 1, 1]),
        helper.make_node("Clip", ["d", "z", "o"], ["alpha"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, "height", "width"])
        for name, channels in (("image", 3), ("alpha", 1))
    ]
    graph = helper.make_graph(nodes, "red", ends[:1], ends[1:], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "r.onnx")
    return tmp_path / "r.onnx"


def test_costs_are_those_counted_by_hand(red):
    assert parameters(red) == 3 + 9
    assert multiplications(red, 64) == 64 * 64 * (3 + 9)
    found = cost(opened(f"red=cleanplate:{red}", threads=1), (32,), runs=2)
    assert found.macs == {32: 32 * 32 * 12}
    assert found.milliseconds[32] > 0


@pytest.fixture
def shard(tmp_path):
    with ShardWriter(tmp_path, split="test", quality=None) as writer:
        for number in range(3):
            truth = np.roll(body(), 4 * number, axis=1)
            picture = np.where(truth[..., None], np.uint8([230, 20, 20]), np.uint8([20, 30, 90])).astype(np.uint8)
            writer.write(Sample(f"p{number}", picture, "drawn", "CC0", mask=truth))
        alpha = np.where(body(), 200, 90).astype(np.uint8)
        writer.write(Sample("m", np.zeros((SIDE, SIDE, 3), np.uint8), "drawn", "CC0", alpha=alpha))
    return tmp_path / "test-000000.tar"


def test_mattes_are_cut_at_one_half(shard):
    assert np.array_equal(list(in_source([shard], 10))[-1].case.truth > 0, body())


def test_coco_pictures_are_chosen_by_share_and_say_what_touches_a_person(tmp_path):
    def row(number, image, category, left, top, right, bottom):
        corners = [left, top, right, top, right, bottom, left, bottom]
        box = [left, top, right - left, bottom - top]
        return {"id": number, "image_id": image, "category_id": category, "bbox": box, "segmentation": [corners]}

    from evaluation.selfie.cases import ANIMALS, HELD

    names = ["person", *ANIMALS, *HELD]
    cat = names.index("cat")
    tables = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 40} for n in (1, 2)],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
        "annotations": [row(1, 1, 0, 0, 0, 20, 40), row(2, 1, cat, 22, 0, 30, 9), row(3, 2, 0, 0, 0, 4, 4)],
    }
    (tmp_path / "a.json").write_text(json.dumps(tables))
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((40, 40, 3), 90, np.uint8))
    (found,) = coco_people(tmp_path / "a.json", tmp_path, limit=9, share=(0.2, 0.9))
    assert found.beside == {"animals"}
    assert found.case.truth.mean() == pytest.approx(0.5, abs=0.03)


def test_compare_writes_table_figures_and_a_whole_page(red, shard, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    lines = [
        {"kind": "train", "step": 10, "cross_entropy": 0.5, "soft_iou": 0.4, "iou": 0.7},
        {"kind": "validation", "step": 10, "iou": 0.8},
    ]
    (run / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "out"
    words = ["compare", "--method", f"red=cleanplate:{red}@96", "--run", f"red={run}", "--test", str(shard)]
    main([*words, "--out", str(out), "--threads", "1", "--runs", "1"])
    with (out / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert all(float(row["iou"]) > 0.95 for row in rows[:3])
    assert float(rows[3]["iou"]) == 0
    text = (out / "selfie.html").read_text()
    data = json.loads(re.search(r"const data = (\{.*\});", text).group(1))
    assert data["methods"] == ["red"]
    assert len(data["pictures"]) == 4
    assert data["pictures"][3]["found"]["red"]["reasons"]
    assert data["curves"]["red"] == curve_of(run / "metrics.jsonl")
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "| red | 75.0 (" in (out / "report.md").read_text()


def test_edges_are_compared(red, shard, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.selfie.edges.solved", lambda image, known, *, solver: (known > 0.6).astype("f4"))
    main(["edges", "--network", str(red), "--test", str(shard), "--out", str(tmp_path / "e"), "--threads", "1"])
    report = (tmp_path / "e" / "report.md").read_text()
    assert report.count("| guided filter |") == 1
    assert "closed-form, then guided" in report
    assert cv2.imread(str(tmp_path / "e" / "edges.png")) is not None


def test_the_notebook_runs_on_the_published_figures(monkeypatch, capsys):
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    cells = json.loads((root / "evaluation/selfie/failures.ipynb").read_text(encoding="utf-8"))["cells"]
    names = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert set(names["methods"]) >= {"selfie-u-net-lite0"}
    assert "worst tenth" in capsys.readouterr().out
