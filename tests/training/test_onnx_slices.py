"""A graph in slices says the same, keeps the rest as it was, and leaves what is no widened block alone."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from cleanplate_training.onnx_graph import check_constant_filters
from cleanplate_training.onnx_slices import sliced


@pytest.fixture(scope="module")
def graph():
    """A stem block at full resolution, a block that halves it, and a convolution of both joined."""
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(np.float32(0), "low"),
        numpy_helper.from_array(np.float32(6), "high"),
        numpy_helper.from_array(np.array([0, 0, 0, 0, 0, 0, 1, 1]), "rim"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"),
    ]

    def convolution(source, target, shape, **options):
        names = [f"{target}.weight", f"{target}.bias"]
        for name, size in zip(names, (shape, shape[:1]), strict=True):
            weights.append(numpy_helper.from_array(rng.normal(0, 0.5, size).astype(np.float32), name))
        return helper.make_node("Conv", [source, *names], [target], **options)

    def clip(source, target):
        return helper.make_node("Clip", [source, "low", "high"], [target])

    nodes = [
        convolution("image", "stem", (32, 3, 3, 3), pads=[1] * 4),
        clip("stem", "stem6"),
        convolution("stem6", "filters", (32, 1, 3, 3), pads=[1] * 4, group=32),
        clip("filters", "filters6"),
        convolution("filters6", "fine", (16, 32, 1, 1)),
        convolution("fine", "wide", (96, 16, 1, 1)),
        clip("wide", "wide6"),
        helper.make_node("Pad", ["wide6", "rim"], ["padded"]),
        convolution("padded", "half", (96, 1, 3, 3), strides=[2, 2], group=96),
        clip("half", "half6"),
        convolution("half6", "coarse", (24, 96, 1, 1)),
        helper.make_node("Resize", ["coarse", "", "twice"], ["large"], mode="nearest"),
        helper.make_node("Concat", ["large", "fine"], ["joined"], axis=1),
        convolution("joined", "answer", (2, 40, 3, 3), pads=[1] * 4),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, "height", "width"])
        for name, channels in (("image", 3), ("answer", 2))
    ]
    made = helper.make_graph(nodes, "network", ports[:1], ports[1:], weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def _answer(graph):
    picture = np.random.default_rng(1).random((1, 3, 32, 48), np.float32)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": picture})[0]


def _filters(graph):
    shapes = {each.name: tuple(each.dims) for each in graph.graph.initializer}
    return [shapes[node.input[1]] for node in graph.graph.node if node.op_type == "Conv"]


@pytest.mark.parametrize(("blocks", "channels"), [(1, 16), (2, 32), (2, 40), (9, 8)])
def test_slices_say_the_same(graph, blocks, channels):
    before = graph.SerializeToString(deterministic=True)
    made = sliced(graph, blocks=blocks, channels=channels)
    assert graph.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(made, full_check=True)
    check_constant_filters(made)
    whole = _answer(graph)
    assert whole.std() > 0.1  # it does say something
    np.testing.assert_allclose(_answer(made), whole, rtol=1e-5, atol=1e-4)


def test_only_so_many_blocks_are_cut(graph):
    one, two = (_filters(sliced(graph, blocks=blocks, channels=16)) for blocks in (1, 2))
    assert (32, 3, 3, 3) not in one
    assert (96, 16, 1, 1) in one
    assert (96, 16, 1, 1) not in two
    assert two.count((16, 16, 1, 1)) == 2 + 6  # both narrow and widen in slices of 16
    assert _filters(sliced(graph, blocks=0)) == _filters(graph)


def test_the_last_joined_features_are_read_apart(graph):
    made = sliced(graph, blocks=1)
    assert not any(node.op_type == "Concat" for node in made.graph.node)
    assert {(2, 24, 3, 3), (2, 16, 3, 3)} <= set(_filters(made))


def test_the_weights_stay_the_same_in_number(graph):
    def count(each):
        return sum(int(np.prod(shape)) for shape in _filters(each))

    assert count(sliced(graph, blocks=2)) == count(graph)
