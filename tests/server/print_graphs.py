"""Networks for old photographs made for these tests: white is damage, and everything is sepia."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FLOAT = TensorProto.FLOAT
SEPIA = (-0.06, 0.05)


def white_is_damage(path: Path) -> Path:
    """Probability of damage: 1 where all channels are above 0.95."""
    weights = [
        numpy_helper.from_array(np.array(value, np.float32), name)
        for name, value in (("level", 0.95), ("steep", 40.0), ("half", 0.5), ("nought", 0.0), ("one", 1.0))
    ]
    weights.append(numpy_helper.from_array(np.array([1], np.int64), "channels"))
    node = helper.make_node
    nodes = [
        node("ReduceMin", ["image", "channels"], ["darkest"], keepdims=1),
        node("Sub", ["darkest", "level"], ["above"]),
        node("Mul", ["above", "steep"], ["steeply"]),
        node("Add", ["steeply", "half"], ["raised"]),
        node("Clip", ["raised", "nought", "one"], ["probability"]),
    ]
    inputs = [helper.make_tensor_value_info("image", FLOAT, ["n", 3, "h", "w"])]
    outputs = [helper.make_tensor_value_info("probability", FLOAT, ["n", 1, "h", "w"])]
    return _written(path, helper.make_graph(nodes, "damage", inputs, outputs, weights))


def all_is_sepia(path: Path) -> Path:
    """The same chroma everywhere."""
    weights = [
        numpy_helper.from_array(np.zeros((2, 1, 1, 1), np.float32), "w"),
        numpy_helper.from_array(np.array(SEPIA, np.float32), "b"),
    ]
    nodes = [helper.make_node("Conv", ["luma", "w", "b"], ["chroma"])]
    inputs = [
        helper.make_tensor_value_info("luma", FLOAT, ["n", 1, "h", "w"]),
        helper.make_tensor_value_info("hints", FLOAT, ["n", 3, "h", "w"]),
    ]
    outputs = [helper.make_tensor_value_info("chroma", FLOAT, ["n", 2, "h", "w"])]
    return _written(path, helper.make_graph(nodes, "sepia", inputs, outputs, weights))


def _written(path: Path, graph: object) -> Path:
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path
