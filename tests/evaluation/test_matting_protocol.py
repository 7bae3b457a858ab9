"""The matting protocols: figures of known mattes, clips that move, methods by their text, reports that keep notes."""

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from benchmarks.matting_networks import plot
from cleanplate.errors import ArgumentError
from cleanplate_training.data.sample import Sample
from evaluation.matting import stills, video
from evaluation.matting.__main__ import NOTES, main
from evaluation.matting.cases import Case, shrunk, spread
from evaluation.matting.clips import composited, joined
from evaluation.matting.methods import opened


def person(side=96):
    alpha = np.zeros((side, side), np.uint8)
    cv2.ellipse(alpha, (side // 2, side // 3), (side // 9, side // 7), 0, 0, 360, 255, -1)
    cv2.ellipse(alpha, (side // 2, side), (side // 4, side // 2), 0, 180, 360, 255, -1)
    picture = np.full((side, side, 3), (250, 10, 10), np.uint8)
    return Sample("p", picture, "test", "none", alpha=cv2.GaussianBlur(alpha, (0, 0), 1))


def photo():
    rng = np.random.default_rng(0)
    return Sample("g", rng.integers(0, 60, (160, 160, 3), dtype=np.uint8), "test", "none")


@pytest.fixture
def red(tmp_path):
    """A network whose alpha is how red the picture is (red minus green), and that ignores the alpha before."""
    shape = ["batch", 3, "height", "width"]
    ports = [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)]
    one = ["batch", 1, "height", "width"]
    ports.append(helper.make_tensor_value_info("previous", TensorProto.FLOAT, one))
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1, 3, 1, 1], [1.0, -1.0, 0.0])
    zero = helper.make_tensor("z", TensorProto.FLOAT, [], [0.0])
    top = helper.make_tensor("o", TensorProto.FLOAT, [], [1.0])
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"]),
        helper.make_node("Mul", ["previous", "z"], ["n"]),
        helper.make_node("Add", ["c", "n"], ["s"]),
        helper.make_node("Clip", ["s", "z", "o"], ["alpha"]),
    ]
    out = [helper.make_tensor_value_info("alpha", TensorProto.FLOAT, one)]
    graph = helper.make_graph(nodes, "red", ports, out, [weights, zero, top])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, tmp_path / "red.onnx")
    return tmp_path / "red.onnx"


def test_figures_of_right_and_wrong_mattes():
    truth = np.zeros((64, 64), np.float32)
    truth[16:48, 16:48] = 1
    case = Case("held-out mattes", "a", np.zeros((64, 64, 3), np.uint8), truth, soft=True)
    right = stills.figures(truth, case)
    assert right["iou"] == 1
    assert right["mad"] == right["mse"] == right["gradient"] == right["connectivity"] == 0
    half = truth.copy()
    half[:, 32:] = 0
    wrong = stills.figures(half, case)
    assert wrong["iou"] == 0.5
    assert wrong["mad"] == pytest.approx(1000 * 512 / 4096)
    assert "gradient" not in stills.figures(truth, Case("penn-fudan", "a", case.picture, truth, soft=False))


def test_nobody_is_right_when_nobody_is_found():
    case = Case("nobody", "a", np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32), np.float32), soft=True)
    assert stills.figures(np.zeros((32, 32), np.float32), case)["iou"] == 1
    assert stills.figures(np.ones((32, 32), np.float32), case)["covered"] == 1


def test_methods_are_opened_by_their_text(red):
    method = opened(f"red=cleanplate:{red}@64", threads=1)
    assert method.side == 64
    assert method.remembers
    alpha = method.alpha(np.full((50, 90, 3), (255, 0, 0), np.uint8))
    assert alpha.shape == (50, 90)
    assert alpha.min() > 0.99
    assert len(method.seconds) == 1
    for wrong in ("red", f"red=other:{red}", "red=cleanplate:", f"red=cleanplate:{red}@big"):
        with pytest.raises(ArgumentError, match="family"):
            opened(wrong)


def test_composited_clips_move_a_little_and_know_their_alpha(red):
    clip = next(composited([person()], [photo()], count=1, frames=5, side=96))
    assert len(clip.frames) == len(clip.truth) == 5
    moves = [np.abs(one - two).mean() for one, two in zip(clip.truth, clip.truth[1:], strict=False)]
    assert min(moves) > 0
    assert max(moves) < 0.1
    for frame, truth in zip(clip.frames, clip.truth, strict=True):
        assert frame[truth > 0.99][:, 0].mean() > 200
        assert frame[truth < 0.01][:, 0].mean() < 70
    method = opened(f"red=cleanplate:{red}@96", threads=1)
    row = video.measured(method, clip, remember=True)
    assert row["iou"] > 0.95
    assert row["dtssd"] < 8
    assert video.recovery(method, clip, clip, frames=3) == 0
    assert len(joined(clip, clip).frames) == 10


def test_a_network_that_never_lets_go_does_not_recover(red):
    """The alpha before is returned for ever: after a cut it is wrong to the end."""
    method = opened(f"red=cleanplate:{red}@96", threads=1)
    first, second = composited([person()], [photo()], count=2, frames=4, side=96)

    class Stuck:
        name = "stuck"

        def alpha(self, picture, previous=None):
            return method.alpha(picture) if previous is None else previous

    turned = type(second)(
        second.group, "turned", [f[:, ::-1].copy() for f in second.frames], [t[:, ::-1].copy() for t in second.truth]
    )
    turned.frames[:] = [np.roll(frame, 40, axis=1) for frame in turned.frames]
    turned.truth[:] = [np.roll(truth, 40, axis=1) for truth in turned.truth]
    assert video.recovery(Stuck(), first, turned, frames=4) == 4


def test_cases_are_spread_and_shrunk():
    assert spread(list(range(10)), 3) == [0, 4, 9]
    assert spread([1], 5) == [1]
    truth = np.zeros((100, 200), np.float32)
    truth[:50] = 1
    small = shrunk(Case("tiny-coco", "a", np.zeros((100, 200, 3), np.uint8), truth, soft=False), 50)
    assert small.picture.shape == (25, 50, 3)
    assert set(np.unique(small.truth)) == {0, 1}


def test_reports_keep_what_was_written_by_hand(tmp_path, red):
    davis = tmp_path / "davis"
    for name in ("dance-twirl", "breakdance", "parkour"):
        for number in range(3):
            for folder, suffix in (("JPEGImages", "jpg"), ("Annotations", "png")):
                path = davis / folder / "480p" / name / f"{number:05d}.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                plane = np.zeros((64, 96, 3), np.uint8)
                plane[20:40, 20 + number : 60, 2 if suffix == "jpg" else slice(None)] = 255
                cv2.imwrite(str(path), plane)
    report = tmp_path / "report.md"
    command = ["video", "--method", f"red=cleanplate:{red}@96", "--davis", str(davis), "--height", "64"]
    command += ["--out", str(tmp_path / "out"), "--report", str(report), "--threads", "1"]
    main(command)
    report.write_text(report.read_text() + "\nSteady enough.\n")
    main(command)
    text = report.read_text()
    assert text.count(NOTES) == 1
    assert text.endswith("Steady enough.\n")
    assert "| red, with the alpha before | 9 |" in text
    assert len(report.with_suffix(".csv").read_text().splitlines()) == 7


def test_the_plot_places_slower_networks_further_right():
    drawn = plot({"fast": (5.0, 0.9), "slow": (500.0, 0.95)})
    xs = [float(part.split('"')[0]) for part in drawn.split('cx="')[1:]]
    ys = [float(part.split('"')[0]) for part in drawn.split('cy="')[1:]]
    assert xs[0] < xs[1]
    assert ys[0] > ys[1]
