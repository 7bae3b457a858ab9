"""Masks for boxes: what is asked, what is believed, and shards written with them."""

import errno
import json
import tarfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from typer.testing import CliRunner

from cleanplate.errors import OutputError, WeightsError
from cleanplate_training.cli import app
from cleanplate_training.data.annotation_check import checked
from cleanplate_training.data.box_masks import MaskPlan, asking, believed
from cleanplate_training.data.prepare.masked import mask_boxes
from cleanplate_training.data.promptable import SIDE, PromptableNetwork
from cleanplate_training.data.sample import Instance, Sample
from cleanplate_training.data.shard_writer import ShardWriter
from cleanplate_training.data.shards import ShardSet

FLOAT = TensorProto.FLOAT
value = helper.make_tensor_value_info


def written(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(constants))
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


@pytest.fixture
def encoder(tmp_path):
    pool = helper.make_node("AveragePool", ["x"], ["features"], kernel_shape=[16, 16], strides=[16, 16])
    shape = [1, 3, SIDE, SIDE]
    return written(
        tmp_path / "encoder.onnx", [pool], [value("x", FLOAT, shape)], [value("features", FLOAT, [1, 3, 64, 64])]
    )


@pytest.fixture
def decoder(tmp_path):
    """A decoder that answers with the ellipse inside the box."""
    cells = (np.arange(256, dtype=np.float32) * 4 + 2)[:, None]
    grid = np.stack(np.broadcast_arrays(cells.T, cells), axis=-1)[None, None]
    constants = [
        numpy_helper.from_array(array, name)
        for name, array in {
            "grid": grid,
            "half": np.array(0.5, np.float32),
            "one": np.array(1, np.float32),
            "surety": np.array([[0.9]], np.float32),
            "last": np.array([-1], np.int64),
        }.items()
    ]
    nodes = [
        helper.make_node("Split", ["point_coords"], ["low", "high", "none"], axis=1),
        helper.make_node("Add", ["low", "high"], ["sum"]),
        helper.make_node("Mul", ["sum", "half"], ["centre"]),
        helper.make_node("Sub", ["high", "low"], ["size"]),
        helper.make_node("Mul", ["size", "half"], ["radius"]),
        helper.make_node("Sub", ["grid", "centre"], ["away"]),
        helper.make_node("Div", ["away", "radius"], ["share"]),
        helper.make_node("Mul", ["share", "share"], ["square"]),
        helper.make_node("ReduceSum", ["square", "last"], ["distance"], keepdims=0),
        helper.make_node("Sub", ["one", "distance"], ["low_res_masks"]),
        helper.make_node("Identity", ["surety"], ["iou_predictions"]),
    ]
    inputs = [
        value("image_embeddings", FLOAT, [1, 3, 64, 64]),
        value("point_coords", FLOAT, [1, "points", 2]),
        value("point_labels", FLOAT, [1, "points"]),
        value("mask_input", FLOAT, [1, 1, 256, 256]),
        value("has_mask_input", FLOAT, [1]),
        value("orig_im_size", FLOAT, [2]),
    ]
    outputs = [value("low_res_masks", FLOAT, [1, 1, 256, 256]), value("iou_predictions", FLOAT, [1, 1])]
    return written(tmp_path / "decoder.onnx", nodes, inputs, outputs, constants)


def sample(boxes, *, key="one", size=(160, 200)):
    picture = np.full((*size, 3), 90, np.uint8)
    people = tuple(Instance("person", tuple(map(float, box))) for box in boxes)
    return Sample(key, picture, "set", "free", instances=people)


def ellipse(box, size=(160, 200)):
    left, top, right, bottom = box
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    across, down = (2 * x - left - right) / (right - left), (2 * y - top - bottom) / (bottom - top)
    return across**2 + down**2 < 1


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_small_boxes_groups_and_people_with_a_mask_do_not_ask():
    shown = sample([(0, 0, 150, 150), (10, 10, 40, 120), (60, 10, 90, 120), (100, 10, 104, 18)])
    assert asking(shown, MaskPlan()) == [1, 2]
    known = replace(shown.instances[1], mask=ellipse((10, 10, 40, 120)))
    assert asking(replace(shown, instances=(known, *shown.instances[2:])), MaskPlan()) == [1]


def test_an_answer_that_fits_moves_the_box_to_the_mask():
    own = Instance("person", (10.0, 10.0, 52.0, 122.0))
    right = believed(own, ellipse((12, 12, 50, 120)), 0.9, MaskPlan())
    assert right.box == (12, 12, 50, 120)
    assert right.mask.sum() == ellipse((12, 12, 50, 120)).sum()
    assert not right.crowd


@pytest.mark.parametrize(
    ("mask", "surety"),
    [
        (ellipse((12, 12, 50, 120)), 0.3),
        (ellipse((12, 12, 50, 50)), 0.9),
        (ellipse((10, 10, 150, 150)), 0.9),
        (np.zeros((160, 200), bool), 0.9),
    ],
    ids=["unsure", "a part", "more than one", "nothing"],
)
def test_an_answer_that_cannot_be_right_makes_a_crowd(mask, surety):
    own = Instance("person", (10.0, 10.0, 52.0, 122.0))
    assert believed(own, mask, surety, MaskPlan()) == replace(own, crowd=True)


def test_each_box_of_each_picture_gets_its_own_mask(encoder, decoder):
    network = PromptableNetwork(encoder, decoder)
    boxes = [[(20.0, 20.0, 80.0, 150.0), (100.0, 30.0, 190.0, 150.0)], [(5.0, 5.0, 60.0, 300.0)], []]
    sizes = [(160, 200), (320, 90), (50, 50)]
    pictures = [np.zeros((*size, 3), np.uint8) for size in sizes]
    for shown in ([0], [1], [0, 1, 2]):
        answers = network.masks([pictures[each] for each in shown], [boxes[each] for each in shown])
        for each, given in zip(shown, answers, strict=True):
            assert [mask.shape for mask, _ in given] == [sizes[each]] * len(boxes[each])
            for (mask, surety), box in zip(given, boxes[each], strict=True):
                assert overlap(mask, ellipse(box, sizes[each])) > 0.95
                assert surety == pytest.approx(0.9)


def test_other_networks_are_refused(encoder, decoder):
    with pytest.raises(WeightsError, match="is no mask decoder"):
        PromptableNetwork(encoder, encoder)
    with pytest.raises(WeightsError, match="does not take 1 x 3 x 1024 x 1024"):
        PromptableNetwork(decoder, decoder)


def shards(folder):
    """Two splits: six pictures of large people, one of a small one, one of nobody."""
    shown = [sample([(20, 20, 80, 150)], key=f"large{number}") for number in range(6)]
    shown += [sample([(20, 20, 30, 36)], key="small"), sample([], key="nobody")]
    for split, part in (("train", shown[:7]), ("val", shown[7:])):
        with ShardWriter(folder, split=split) as writer:
            for each in part:
                writer.write(each)
    return sorted(folder.glob("*.tar"))


def test_shards_come_back_with_masks_in_their_splits(tmp_path, encoder, decoder):
    tally = mask_boxes(shards(tmp_path / "in"), tmp_path / "out", PromptableNetwork(encoder, decoder))
    train, val = (ShardSet([tmp_path / "out" / f"{split}-000000.tar"]) for split in ("train", "val"))
    assert sorted(train.keys()) == [*(f"large{number}" for number in range(6)), "small"]
    assert val.keys() == ["nobody"]
    for each in train:
        (person,) = each.instances
        before = (20, 20, 30, 36) if each.key == "small" else (20, 20, 80, 150)
        assert overlap(person.mask, ellipse(before)) > (0.6 if each.key == "small" else 0.95)
    assert (tally.kept["masks of boxes"], tally.dropped["masks of boxes"]) == (7, 0)


def test_nothing_is_written_over(tmp_path, encoder, decoder):
    given = shards(tmp_path / "in")
    with pytest.raises(OutputError, match="not an empty folder"):
        mask_boxes(given, tmp_path / "in", PromptableNetwork(encoder, decoder))


def test_a_stopped_run_goes_on(tmp_path, encoder, decoder, monkeypatch):
    monkeypatch.setattr("cleanplate_training.data.prepare.masked._PER_SHARD", 2)
    given, network = shards(tmp_path / "in"), PromptableNetwork(encoder, decoder)
    mask_boxes(given, tmp_path / "whole", network)
    looks, once = [], network.masks

    def stopping(pictures, boxes):
        looks.append(len(pictures))
        if len(looks) == 2:
            raise KeyboardInterrupt
        return once(pictures, boxes)

    monkeypatch.setattr(network, "masks", stopping)
    with pytest.raises(KeyboardInterrupt):
        mask_boxes(given, tmp_path / "out", network)
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert left == ["manifest.jsonl", "train-000000.tar", "train-000001.tar"]
    with pytest.raises(OutputError, match="not an empty folder"):
        mask_boxes(given, tmp_path / "out", network)
    mask_boxes(given, tmp_path / "out", network, resume=True)
    assert sum(looks[:1] + looks[2:]) == 7  # nobody is looked at twice
    for folder in ("whole", "out"):
        found = ShardSet(sorted((tmp_path / folder).glob("*.tar")))
        rows = [json.loads(line) for line in (tmp_path / folder / "manifest.jsonl").read_text().splitlines()]
        assert sorted(found.keys()) == sorted(row["key"] for row in rows)
        assert len(found) == 8
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    mask_boxes(given, tmp_path / "out", network, resume=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_resuming_with_a_lower_limit_writes_nothing(tmp_path, encoder, decoder):
    for split, names in (("train", "ab"), ("val", "cde")):
        with ShardWriter(tmp_path / "in", split=split) as writer:
            for name in names:
                writer.write(sample([], key=name))
    given, network = sorted((tmp_path / "in").glob("*.tar")), PromptableNetwork(encoder, decoder)
    for limit in (2, 1):
        mask_boxes(given, tmp_path / "out", network, resume=limit == 1, limit=limit)
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.jsonl", "train-000000.tar"]


def test_resuming_leaves_what_it_did_not_write(tmp_path, encoder, decoder):
    given, network = shards(tmp_path / "in"), PromptableNetwork(encoder, decoder)
    with pytest.raises(OutputError, match="where the shards come from"):
        mask_boxes(given, tmp_path / "in", network, resume=True)
    other = shards(tmp_path / "other")
    manifest = tmp_path / "other" / "manifest.jsonl"
    manifest.write_text("")
    with pytest.raises(OutputError, match="does not list it"):
        mask_boxes(given, tmp_path / "other", network, resume=True)
    assert all(path.exists() for path in other)


def test_a_full_disk_is_said_and_leaves_the_whole_shards(tmp_path, monkeypatch):
    whole, left = tarfile.TarFile.addfile, [6]

    def full(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(*arguments)

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)

    def written():
        with ShardWriter(tmp_path, split="train", per_shard=2) as writer:
            for number in range(5):
                writer.write(sample([], key=f"nobody{number}"))

    with pytest.raises(OutputError, match="disk is full"):
        written()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.jsonl", "train-000000.tar"]
    assert ShardSet([tmp_path / "train-000000.tar"]).keys() == ["nobody0", "nobody1"]


def test_a_manifest_that_was_cut_off_is_mended(tmp_path):
    shown = [sample([], key=f"nobody{number}") for number in range(5)]
    with ShardWriter(tmp_path, split="train", per_shard=2) as writer:
        for each in shown[:4]:
            writer.write(each)
    manifest = tmp_path / "manifest.jsonl"
    whole = manifest.read_text()
    manifest.write_text(whole + whole.splitlines()[0].replace("nobody0", "nobody4").replace("000000", "000002")[:40])
    with ShardWriter(tmp_path, split="train", per_shard=2, resume=True) as writer:
        assert writer.keys == {each.key for each in shown[:4]}
        writer.write(shown[4])
    assert [json.loads(line)["key"] for line in manifest.read_text().splitlines()] == [each.key for each in shown]
    (tmp_path / "train-000000.tar").unlink()
    with pytest.raises(OutputError, match="lacks one of its train shards"):
        ShardWriter(tmp_path, split="train", resume=True)


def test_boxes_around_several_people_and_people_who_are_missing_become_crowds():
    shown = sample([(0, 0, 100, 100), (110, 0, 140, 100)])
    finds = [(2.0, 2.0, 40.0, 98.0), (50.0, 2.0, 95.0, 98.0), (112.0, 0.0, 141.0, 99.0), (160.0, 0.0, 190.0, 90.0)]
    crowds = [(each.box, each.crowd) for each in checked(shown, finds, [0.9, 0.6, 0.9, 0.9]).instances]
    assert crowds == [((0, 0, 100, 100), True), ((110, 0, 140, 100), False), ((160, 0, 190, 90), True)]
    assert checked(shown, finds, [0.9, 0.4, 0.9, 0.7]) == shown  # neither two people nor one who is certain
    whole = [(1.0, 1.0, 99.0, 99.0), *finds]
    assert not checked(shown, whole, [0.4, 0.9, 0.9, 0.9, 0.1]).instances[0].crowd  # the box may be right after all
    halves = [(2.0, 2.0, 60.0, 98.0), (4.0, 4.0, 60.0, 60.0)]
    assert not checked(shown, halves, [0.9, 0.9]).instances[0].crowd  # one person, found twice


def test_the_command_and_a_detector_that_checks(tmp_path, encoder, decoder, monkeypatch):
    class Detector:
        """Finds the one who is known and one more."""

        def scale_for(self, height, width):
            return 1.0

        def __call__(self, picture, scale):
            boxes = np.array([[20, 20, 80, 150], [120, 20, 180, 150]], np.float32)
            return SimpleNamespace(boxes=boxes, scores=np.array([0.99, 0.95], np.float32))

    monkeypatch.setattr("cleanplate.detect.network.open_network", lambda *_, **__: Detector())
    given = [str(path) for path in shards(tmp_path / "in")]
    options = ["--encoder", str(encoder), "--decoder", str(decoder), "--detector", "people-lite0", "--limit", "3"]
    done = CliRunner().invoke(app, ["mask-boxes", *given, "-o", str(tmp_path / "out"), *options])
    assert done.exit_code == 0, done.output
    found = list(ShardSet([tmp_path / "out" / "train-000000.tar"]))
    assert [[(one.crowd, one.mask is None) for one in each.instances] for each in found] == [
        [(False, False), (True, True)]
    ] * 3
    assert "masks of boxes" in done.stderr
