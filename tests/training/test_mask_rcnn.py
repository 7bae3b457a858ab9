"""Mask R-CNN: every part against a plain or foreign version of it, the published layout, learning, and the graph."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from cleanplate.errors import BrokenInputError
from cleanplate_training.convert import convert
from cleanplate_training.export import export
from cleanplate_training.losses import detection
from cleanplate_training.models import box_coding, mask_rcnn_published
from cleanplate_training.models.anchors import base_anchors, grid_anchors
from cleanplate_training.models.mask_pasting import pasted
from cleanplate_training.models.mask_rcnn import DetectionPlan, Detections, Truth, light, present_names, resnet50
from cleanplate_training.models.proposals import ProposalPlan
from cleanplate_training.models.roi_align import level_of, roi_align
from cleanplate_training.models.suppression import apart, suppressed
from cleanplate_training.tasks.instances import described, example, heat, outside

LAYOUT = Path(__file__).parent / "layouts" / "maskrcnn_resnet50_fpn_coco.tsv"


def random_boxes(count, size=128, seed=0):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, size, (count, 2, 2)).astype(np.float32)
    corners.sort(axis=1)
    return torch.from_numpy(corners.reshape(count, 4))


def tiny(**changes):
    torch.manual_seed(0)
    return light(pretrained=False, channels=16, box_width=32, mask_width=16, **changes)


def as_exported(network):
    return described(network, example(), labels={1: "person"}, maximum=640)


# Anchors and coding


def test_anchors_lie_around_the_corners_of_cells():
    base = base_anchors(32, (0.5, 1.0, 2.0))
    assert base.tolist() == [[-23, -11, 23, 11], [-16, -16, 16, 16], [-11, -23, 11, 23]]
    grid = grid_anchors(base, (2, 3), (8, 4))
    assert grid.shape == (18, 4)
    assert grid[4].tolist() == [-12, -16, 20, 16]  # second cell of the first row
    assert grid[10].tolist() == [-16, -8, 16, 24]  # first cell of the second row


def test_boxes_are_what_they_were_after_coding():
    boxes, references = (
        random_boxes(50) + torch.tensor([0, 0, 9, 9]),
        random_boxes(50, seed=1) + torch.tensor([0, 0, 9, 9]),
    )
    for weights in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)):
        coded = box_coding.encode(boxes, references, weights)
        torch.testing.assert_close(box_coding.decode(coded, references, weights), boxes, atol=1e-3, rtol=1e-4)
    wild = torch.full((1, 4), 1e4)
    assert torch.isfinite(box_coding.decode(wild, references[:1], (1.0, 1.0, 1.0, 1.0))).all()


def test_overlaps_of_known_boxes():
    boxes = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert box_coding.overlaps(boxes, boxes[:1]).flatten().tolist() == pytest.approx([1.0, 1 / 3, 0.0])


# Suppression


def naive(boxes, scores, overlap, least, most):
    order = [i for i in sorted(range(len(scores)), key=lambda i: -float(scores[i])) if scores[i] > least]
    kept = []
    for i in order:
        if len(kept) < most and all(box_coding.overlaps(boxes[[i]], boxes[[k]]).item() <= overlap for k in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("most", [5, 1000])
def test_suppression_is_the_plain_algorithm_and_that_of_onnx(most):
    boxes, scores = random_boxes(80), torch.rand(80, generator=torch.Generator().manual_seed(0))
    expected = naive(boxes, scores, 0.4, 0.1, most)
    assert suppressed(boxes, scores, 0.4, 0.1, most).tolist() == expected
    constants = {
        "most": np.array([most]),
        "overlap": np.array([0.4], np.float32),
        "least": np.array([0.1], np.float32),
    }
    feed = {"boxes": boxes[None].numpy(), "scores": scores[None, None].numpy(), **constants}
    assert run_operator("NonMaxSuppression", feed, {})[:, 2].tolist() == expected


def test_suppression_of_nothing():
    assert suppressed(random_boxes(3), torch.zeros(3), 0.5, 0.05, 10).tolist() == []


def test_boxes_of_different_kinds_do_not_suppress_each_other():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]])
    moved = apart(boxes, torch.tensor([1, 2, 2]))
    assert suppressed(moved, torch.tensor([0.5, 0.9, 0.8]), 0.5, 0.0, 10).tolist() == [1, 0]


# ROIAlign


@pytest.mark.parametrize("side", [7, 14])
def test_roi_align_is_that_of_onnx_runtime(side):
    torch.manual_seed(0)
    features = torch.randn(2, 5, 16, 12)
    boxes = random_boxes(20, size=48) * torch.tensor([2.0, 2.6, 2.0, 2.6])
    boxes[0] = torch.tensor([0.0, 0.0, 96.0, 128.0])
    boxes[1] = torch.tensor([3.0, 3.0, 3.0, 3.0])  # empty: treated as one cell wide
    owners = torch.arange(20) % 2
    ours = roi_align([features], [8], boxes, owners, side)
    attributes = {
        "coordinate_transformation_mode": "output_half_pixel", "mode": "avg", "output_height": side,
        "output_width": side, "sampling_ratio": 2, "spatial_scale": 1 / 8,
    }  # fmt: skip
    feed = {"X": features.numpy(), "rois": boxes.numpy(), "batch": owners.numpy()}
    np.testing.assert_allclose(ours.numpy(), run_operator("RoiAlign", feed, attributes), atol=1e-5)


def test_roi_align_takes_each_box_from_the_level_of_its_size():
    strides = (4, 8, 16, 32)
    levels = [torch.full((1, 1, 256 // stride, 256 // stride), float(number)) for number, stride in enumerate(strides)]
    boxes = torch.tensor([[0.0, 0, 20, 20], [0, 0, 112, 112], [0, 0, 224, 224], [0, 0, 250, 250], [5, 5, 5, 5]])
    assert level_of(boxes, strides).tolist() == [0, 1, 2, 2, 0]
    pooled = roi_align(levels, strides, boxes, torch.zeros(5, dtype=torch.int64), 7)
    assert pooled[:, 0, 3, 3].tolist() == [0, 1, 2, 2, 0]


def test_gradients_pass_through_roi_align():
    features = torch.randn(1, 2, 6, 6, dtype=torch.float32, requires_grad=True)
    boxes = torch.tensor([[4.0, 4.0, 20.0, 22.0]])
    roi_align([features], [4], boxes, torch.tensor([0]), 2).sum().backward()
    assert features.grad is not None
    assert features.grad.sum().item() == pytest.approx(8.0, abs=1e-4)  # 2 channels x 4 bins of weight 1
    assert (features.grad >= 0).all()
    assert features.grad[0, 0, 0, 0] == 0  # cell (0, 0) is at distance from the box


def run_operator(kind, feed, attributes):
    types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(n, types[v.dtype], v.shape) for n, v in feed.items()]
    result = TensorProto.INT64 if kind == "NonMaxSuppression" else TensorProto.FLOAT
    node = helper.make_node(kind, list(feed), ["out"], **attributes)
    graph = helper.make_graph([node], "one", inputs, [helper.make_tensor_value_info("out", result, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feed)[0]


# Pasting


def test_a_full_mask_fills_its_box():
    drawn = pasted(np.ones((28, 28), np.float32), np.array([10, 20, 66, 48], np.float32), (80, 90)) >= 0.5
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (20, 47, 10, 65)
    assert drawn[20:48, 10:66].all()


def test_masks_are_cut_off_at_the_border_and_vanish_outside():
    mask = np.ones((28, 28), np.float32)
    assert pasted(mask, np.array([-30, -30, 20, 20], np.float32), (40, 40))[:18, :18].min() == 1
    assert not pasted(mask, np.array([100, 100, 120, 120], np.float32), (40, 40)).any()
    assert pasted(mask, np.array([5, 5, 5.2, 5.2], np.float32), (40, 40)).shape == (40, 40)


def test_a_mask_comes_back_from_its_target():
    y, x = np.mgrid[:96, :96]
    disc = ((x - 48) / 30) ** 2 + ((y - 50) / 40) ** 2 < 1
    box = torch.tensor([[18.0, 10.0, 78.0, 90.0]])
    target = detection.mask_targets(torch.from_numpy(disc)[None].float(), torch.tensor([0]), box, 28)
    again = pasted(target[0].numpy(), box[0].numpy(), (96, 96)) >= 0.5
    assert (again & disc).sum() / (again | disc).sum() > 0.95


# What is learnt from


def test_boxes_are_matched_by_their_overlap():
    truth = torch.tensor([[0.0, 0, 10, 10], [50, 50, 90, 90]])
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 20], [0, 0, 10, 30], [30, 0, 40, 10], [50, 50, 60, 60]])
    expected = [0, detection.NEITHER, detection.NEITHER, detection.BACKGROUND, detection.BACKGROUND]
    assert detection.matches(boxes, truth, low=0.3, high=0.7).tolist() == expected
    assert detection.matches(boxes, truth, low=0.3, high=0.7, every=True).tolist()[4] == 1
    assert detection.matches(boxes, truth[:0], low=0.3, high=0.7).tolist() == [detection.BACKGROUND] * 5


def test_background_inside_a_crowd_is_left_alone_and_people_there_are_not():
    boxes = torch.tensor([[0.0, 0, 10, 10], [8, 0, 18, 10], [9, 0, 40, 10], [50, 50, 60, 60]])
    crowd = torch.tensor([[0.0, 0, 20, 20]])
    matched = torch.tensor([0, detection.BACKGROUND, detection.BACKGROUND, detection.BACKGROUND])
    expected = [0, detection.NEITHER, detection.BACKGROUND, detection.BACKGROUND]
    assert detection.unclear(boxes, matched, crowd).tolist() == expected
    assert detection.unclear(boxes, matched, crowd[:0]).tolist() == matched.tolist()
    drawn = detection.sampled(boxes, boxes[:1], crowd, count=8)
    assert {tuple(box) for box in drawn.boxes.tolist()} == {tuple(boxes[each].tolist()) for each in (0, 2, 3)}


def test_finds_in_a_crowd_do_not_count_and_known_people_there_do():
    boxes = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10], [100, 0, 110, 10]])
    found = Detections(boxes, torch.ones(3), torch.tensor([0.9, 0.8, 0.7]), torch.zeros(3, 28, 28))
    crowd = torch.tensor([[0.0, 0, 50, 50]])
    assert outside(found, boxes[1:2], crowd).scores.tolist() == pytest.approx([0.8, 0.7])
    assert outside(found, boxes[:0], crowd).scores.tolist() == pytest.approx([0.7])
    assert outside(found, boxes[:0], crowd[:0]) is found


def test_a_picture_full_of_a_crowd_teaches_nothing():
    network = tiny().train()
    nobody = Truth(
        torch.zeros(0, 4),
        torch.zeros(0, dtype=torch.int64),
        torch.zeros(0, 64, 64),
        torch.zeros(0, dtype=torch.bool),
        torch.tensor([[-1e4, -1e4, 1e4, 1e4]]),
    )
    terms = network(torch.rand(1, 3, 64, 64), [nobody])
    assert all(value == 0 for value in terms.values())
    sum(terms.values()).backward()


def test_a_picture_without_people_teaches_only_what_is_none():
    network = tiny().train()
    nobody = Truth(
        torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0, 64, 64), torch.zeros(0, dtype=torch.bool)
    )
    terms = network(torch.rand(1, 3, 64, 64), [nobody])
    assert all(torch.isfinite(value) for value in terms.values())
    assert terms["proposal_box"] == terms["box"] == terms["mask"] == 0
    assert terms["objectness"] > 0
    sum(terms.values()).backward()


def test_boxes_without_a_mask_teach_the_mask_head_nothing():
    network = tiny().train()
    network(torch.rand(1, 3, 64, 64), [one_person(known=False)])["mask"].backward()
    assert not network.roi_heads.mask_predictor.mask_fcn_logits.weight.grad.any()
    network.zero_grad()
    network(torch.rand(1, 3, 64, 64), [one_person()])["mask"].backward()
    assert network.roi_heads.mask_predictor.mask_fcn_logits.weight.grad.any()


def test_every_weight_that_may_learn_learns():
    network = tiny().train()
    sum(network(torch.rand(2, 3, 64, 64), [one_person(), one_person()]).values()).backward()
    idle = {name for name, weight in network.named_parameters() if weight.requires_grad and weight.grad is None}
    assert not idle
    fixed = [name for name, weight in network.named_parameters() if not weight.requires_grad]
    assert fixed
    assert all(".body.network.st" in f".{name}" for name in fixed)


def test_a_few_steps_lower_the_loss():
    network = tiny(frozen=0).train()
    images, truths = torch.rand(1, 3, 64, 64) * 0.2, [one_person()]
    images[:, :, 8:56, 20:44] += 0.7
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    losses = []
    for _ in range(12):
        torch.manual_seed(0)
        terms = network(images, truths)
        total = sum(terms.values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        losses.append({name: value.item() for name, value in terms.items()})
    assert sum(losses[-1].values()) < 0.6 * sum(losses[0].values())
    assert losses[-1]["mask"] < losses[0]["mask"]
    assert losses[-1]["class"] < losses[0]["class"]


def test_a_second_round_moves_boxes_from_where_the_first_put_them():
    network = tiny().eval()
    predictor = network.roi_heads.box_predictor
    with torch.no_grad():
        predictor.bbox_pred.weight.zero_()
        predictor.bbox_pred.bias.zero_()
        predictor.bbox_pred.bias[4] = 2.0  # the person's middle moves right by a fifth of the width
        levels, boxes = [torch.rand(1, 16, 64 // stride, 64 // stride) for stride in network.strides], []
        for rounds in (1, 2):
            network.detections = DetectionPlan(least=0.0, overlap=0.9, rounds=rounds)
            boxes.append(network._detected(levels, torch.tensor([[10.0, 10.0, 30.0, 50.0]]), (64, 64)).boxes[0])
    assert boxes[0].tolist() == pytest.approx([14, 10, 34, 50])
    assert boxes[1].tolist() == pytest.approx([18, 10, 38, 50])


def test_caution_lowers_scores_and_keeps_their_order():
    network = tiny().eval()
    torch.nn.init.normal_(network.roi_heads.box_predictor.cls_score.weight, std=0.5)
    levels = [torch.rand(1, 16, 64 // stride, 64 // stride) for stride in network.strides]
    boxes = torch.tensor([[0.0, 0.0, 20.0, 60.0], [30.0, 0.0, 50.0, 60.0], [10.0, 30.0, 60.0, 60.0]])
    found = []
    with torch.no_grad():
        for caution in (0.0, 1.5):
            network.detections = DetectionPlan(least=0.0, overlap=0.95, caution=caution)
            found.append(network._detected(levels, boxes, (64, 64)))
    assert torch.equal(found[0].boxes, found[1].boxes)
    torch.testing.assert_close(found[1].scores.logit(), found[0].scores.logit() - 1.5)


def one_person(*, known=True):
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[0, 8:56, 20:44] = True
    box = torch.tensor([[20.0, 8.0, 44.0, 56.0]])
    return Truth(box, torch.ones(1, dtype=torch.int64), mask, torch.tensor([known]))


# Published weights


def published_layout():
    rows = [line.split("\t") for line in LAYOUT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {key: () if shape == "scalar" else tuple(map(int, shape.split("x"))) for key, shape, _ in rows}


def published(former=False):
    """Random weights in the published layout, small enough to stay finite."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for key, shape in published_layout().items():
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(0)
        elif key.endswith(("running_var", "bn1.weight", "bn2.weight", "downsample.1.weight")):
            state[key] = torch.ones(shape)
        elif key.endswith("bn3.weight"):
            state[key] = torch.full(shape, 0.2)
        elif len(shape) > 1:
            fan = int(np.prod(shape[1:]))
            state[key] = torch.randn(shape, generator=generator) * (2 / fan) ** 0.5
        else:
            state[key] = torch.zeros(shape)
    return as_formerly(state) if former else state


def as_formerly(state):
    """Name the keys as torchvision did in 2019, when the file was written."""
    renamed = {}
    for key, value in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        new = key
        for name in ("inner_blocks", "layer_blocks"):
            for level in range(4):
                new = new.replace(f"fpn.{name}.{level}.0.", f"fpn.{name}.{level}.")
        new = new.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        for place in range(4):
            new = new.replace(f"mask_head.{place}.0.", f"mask_head.mask_fcn{place + 1}.")
        renamed[new] = value
    return renamed


def test_the_layout_is_the_published_one():
    with torch.device("meta"):
        own = resnet50().state_dict()
    wanted = {k: s for k, s in published_layout().items() if not k.endswith("num_batches_tracked")}
    assert {key: tuple(value.shape) for key, value in own.items()} == wanted


def test_present_and_former_checkpoints_load_strictly():
    state = published()
    network = resnet50()
    network.load_state_dict(present_names(state))
    assert torch.equal(network.backbone.body.conv1.weight, state["backbone.body.conv1.weight"])
    former = as_formerly(state)
    assert "roi_heads.mask_head.mask_fcn4.weight" in former
    network.load_state_dict(present_names(former))
    with pytest.raises(RuntimeError, match="fc7"):
        network.load_state_dict(present_names({k: v for k, v in former.items() if "fc7" not in k}))


@pytest.mark.slow
@pytest.mark.timeout(3600)  # minutes of processor time, on a machine that may have other work
def test_the_published_file_becomes_a_graph(tmp_path, monkeypatch):
    # Boxes that random weights throw about are cut at the frame until many coincide, and scores that saturate are
    # equal: then roundings decide who is first and who is suppressed.
    monkeypatch.setattr(mask_rcnn_published, "example", lambda: example()[..., :96, :128])
    state = published(former=True)
    for key in ("rpn.head.bbox_pred.weight", "roi_heads.box_predictor.bbox_pred.weight"):
        state[key] *= 0.02
    torch.save(state, tmp_path / "published.pth")
    report = convert(tmp_path / "published.pth", "mask-rcnn-r50", tmp_path / "coco.onnx", storage="float32")
    assert report.parity.largest < 1e-3
    outputs = onnx_detections(report.path, torch.rand(1, 3, 64, 96))
    assert outputs["masks"].shape[1:] == (28, 28)
    assert outputs["labels"].max(initial=1) <= 90


def test_a_foreign_checkpoint_is_refused(tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "foreign.pth")
    with pytest.raises(BrokenInputError, match="not a checkpoint of mask-rcnn-r50"):
        convert(tmp_path / "foreign.pth", "mask-rcnn-r50", tmp_path / "out.onnx")


# The graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A small detector that answers with very many boxes, as a graph."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    network = tiny().eval()
    with torch.no_grad():
        torch.nn.init.normal_(network.roi_heads.box_predictor.cls_score.weight, std=0.5)
        torch.nn.init.normal_(network.rpn.head.cls_logits.weight, std=0.5)
    network.proposals = ProposalPlan(per_level=60, most=150, overlap=0.99)
    network.detections = DetectionPlan(least=0.05, overlap=0.9, most=100, rounds=2)
    path = tmp_path_factory.mktemp("graph") / "people.onnx"
    report = export(as_exported(network), path, storage="float32")
    torch.set_num_threads(before)
    return network, report


def onnx_detections(path, image):
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"image": image.numpy()}), strict=True))


def test_the_graph_keeps_the_contract(graph):
    _, report = graph
    model = onnx.load(report.path)
    ports = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.output}
    assert ports == {
        "boxes": ["detections", 4], "labels": ["detections"], "scores": ["detections"], "masks": ["detections", 28, 28],
    }  # fmt: skip
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [
        1,
        3,
        "height",
        "width",
    ]
    assert {entry.key: entry.value for entry in model.metadata_props} == {"labels": '{"1": "person"}'}
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("NonMaxSuppression") == 2
    assert kinds.count("RoiAlign") == 12  # two rounds of boxes, and masks, on four levels each
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert report.parity.largest < 1e-3


@pytest.mark.parametrize("size", [(320, 448), (96, 64), (64, 256)])
def test_many_people_are_the_same_in_the_graph(graph, size):
    network, report = graph
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours = network(image)
    theirs = onnx_detections(report.path, image)
    if size == (320, 448):
        assert len(ours.boxes) >= 60
    assert theirs["labels"].dtype == np.int64
    assert len(theirs["boxes"]) == len(ours.boxes)
    # Scores that differ by a rounding may change places.
    place = np.abs(theirs["boxes"][:, None] - ours.boxes.numpy()).max(axis=2).argmin(axis=1)
    assert sorted(place) == list(range(len(place)))
    for name in ("boxes", "scores", "masks"):
        np.testing.assert_allclose(theirs[name], getattr(ours, name).numpy()[place], atol=2e-3)
    assert (np.diff(theirs["scores"]) <= 0).all()


def test_nobody_is_an_empty_answer_in_the_graph(graph, tmp_path):
    _, report = graph
    surely_nobody = torch.tensor([20.0, -20.0])
    network = tiny().eval()
    with torch.no_grad():
        network.roi_heads.box_predictor.cls_score.weight.zero_()
        network.roi_heads.box_predictor.cls_score.bias[:] = surely_nobody
        assert [len(part) for part in network(example())] == [0, 0, 0, 0]
    model = onnx.load(report.path)
    for tensor in model.graph.initializer:
        if tensor.name.endswith("box_predictor.cls_score.weight"):
            tensor.CopyFrom(numpy_helper.from_array(np.zeros(tensor.dims, np.float32), tensor.name))
        elif tensor.name.endswith("box_predictor.cls_score.bias"):
            tensor.CopyFrom(numpy_helper.from_array(surely_nobody.numpy(), tensor.name))
    onnx.save(model, tmp_path / "nobody.onnx")
    found = onnx_detections(tmp_path / "nobody.onnx", example())
    assert {name: part.shape for name, part in found.items()} == {
        "boxes": (0, 4), "labels": (0,), "scores": (0,), "masks": (0, 28, 28),
    }  # fmt: skip


def test_detections_are_compared_by_what_they_show():
    boxes = np.array([[0, 0, 20, 20], [30, 30, 60, 60]], np.float32)
    outputs = {"boxes": boxes, "scores": np.array([0.9, 0.6], np.float32), "masks": np.ones((2, 28, 28), np.float32)}
    turned = {name: value[::-1] for name, value in outputs.items()}
    assert np.array_equal(heat(outputs, (64, 64)), heat(turned, (64, 64)))
    fewer = {name: value[:1] for name, value in outputs.items()}
    assert np.abs(heat(outputs, (64, 64)) - heat(fewer, (64, 64))).max() > 0.5
