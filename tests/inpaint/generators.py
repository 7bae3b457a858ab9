"""A small network with the inputs and outputs of a generator, whose answers can be checked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import NodeProto, helper, numpy_helper

from tests.runtime.graphs import FLOAT, written

CELL = 16
SHARPNESS = 400.0


def generator(path: Path, *, brighter: float = 0.0, scores: str = "scores", cell: int = CELL) -> Path:
    """Fills the hole by the mean of all known pixels; a cell attends to known cells of its own mean colour.

    Args:
        path: of the file.
        brighter: added to the whole answer, as a network's own error.
        scores: name of the third output.
        cell: side of the cells of the scores.
    """
    numbers = {
        "one": np.float32(1.0),
        "brighter": np.float32(brighter),
        "sharpness": np.float32(-SHARPNESS),
        "never": np.float32(-1e4),
        "axes": np.array([2, 3], np.int64),
        "channels": np.array([1], np.int64),
        "flat": np.array([0, 0, -1], np.int64),
        "two": np.float32(2.0),
    }
    inputs = [
        helper.make_tensor_value_info("image", FLOAT, ["n", 3, "h", "w"]),
        helper.make_tensor_value_info("mask", FLOAT, ["n", 1, "h", "w"]),
    ]
    outputs = [helper.make_tensor_value_info(name, FLOAT, None) for name in ("coarse", "fine", scores)]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()]
    return written(
        path, helper.make_graph([*_picture(), *_scores(scores, cell)], "generator", inputs, outputs, tensors)
    )


def _picture() -> list[NodeProto]:
    node = helper.make_node
    return [
        node("Sub", ["one", "mask"], ["known"]),
        node("Mul", ["image", "known"], ["kept"]),
        node("ReduceMean", ["kept"], ["total"], axes=[2, 3]),
        node("ReduceMean", ["known"], ["share"], axes=[2, 3]),
        node("Div", ["total", "share"], ["mean"]),
        node("Mul", ["mean", "mask"], ["new"]),
        node("Add", ["kept", "new"], ["joined"]),
        node("Add", ["joined", "brighter"], ["fine"]),
        node("AveragePool", ["joined"], ["coarse"], kernel_shape=[2, 2], strides=[2, 2]),
    ]


def _scores(name: str, cell: int) -> list[NodeProto]:
    node = helper.make_node
    pool = {"kernel_shape": [cell, cell], "strides": [cell, cell]}
    return [
        node("AveragePool", ["joined"], ["cells"], **pool),
        node("MaxPool", ["mask"], ["holed"], **pool),
        node("Reshape", ["cells", "flat"], ["a"]),
        node("Reshape", ["holed", "flat"], ["columns"]),
        node("Transpose", ["a"], ["b"], perm=[0, 2, 1]),
        node("MatMul", ["b", "a"], ["products"]),
        node("Mul", ["products", "two"], ["twice"]),
        node("Mul", ["a", "a"], ["squares"]),
        node("ReduceSum", ["squares", "channels"], ["norms"], keepdims=1),
        node("Transpose", ["norms"], ["row norms"], perm=[0, 2, 1]),
        node("Add", ["norms", "row norms"], ["both"]),
        node("Sub", ["both", "twice"], ["distances"]),
        node("Mul", ["distances", "sharpness"], ["likeness"]),
        node("Mul", ["columns", "never"], ["barred"]),
        node("Add", ["likeness", "barred"], ["logits"]),
        node("Softmax", ["logits"], [name], axis=2),
    ]
