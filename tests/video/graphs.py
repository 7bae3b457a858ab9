"""Small matting networks made for these tests: red is person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FLOAT = TensorProto.FLOAT


def red_is_person(path: Path, *, keeps: float | None = None, flicker: bool = False) -> Path:
    """Alpha = how much redder than blue a pixel is.

    Args:
        path: of the ONNX file.
        keeps: share of the previous alpha that goes into the answer; None for a network for stills.
        flicker: alpha is 0 in every frame in which the upper left pixel is bright.
    """
    weights = [
        numpy_helper.from_array(np.array([4, 0, -4], np.float32).reshape(1, 3, 1, 1), "w"),
        numpy_helper.from_array(np.array(0, np.float32), "nought"),
        numpy_helper.from_array(np.array(1, np.float32), "one"),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["redness"]),
        helper.make_node("Clip", ["redness", "nought", "one"], ["person"]),
    ]
    last = "person"
    if flicker:
        weights += [
            numpy_helper.from_array(np.array(axis, np.int64), name)
            for name, axis in (("starts", [0, 0]), ("ends", [1, 1]), ("axes", [2, 3]), ("channel", [1]))
        ]
        nodes += [
            helper.make_node("Slice", ["image", "starts", "ends", "axes"], ["corner"]),
            helper.make_node("ReduceMax", ["corner", "channel"], ["light"], keepdims=1),
            helper.make_node("Round", ["light"], ["bright"]),
            helper.make_node("Sub", ["one", "bright"], ["dark"]),
            helper.make_node("Mul", ["person", "dark"], ["seen"]),
        ]
        last = "seen"
    inputs = [helper.make_tensor_value_info("image", FLOAT, ["n", 3, "h", "w"])]
    if keeps is not None:
        weights += [
            numpy_helper.from_array(np.array(keeps, np.float32), "kept"),
            numpy_helper.from_array(np.array(1 - keeps, np.float32), "new"),
        ]
        nodes += [
            helper.make_node("Mul", [last, "new"], ["now"]),
            helper.make_node("Mul", ["previous", "kept"], ["then"]),
            helper.make_node("Add", ["now", "then"], ["mixed"]),
        ]
        last = "mixed"
        inputs.append(helper.make_tensor_value_info("previous", FLOAT, ["n", 1, "h", "w"]))
    nodes.append(helper.make_node("Identity", [last], ["alpha"]))
    outputs = [helper.make_tensor_value_info("alpha", FLOAT, ["n", 1, "h", "w"])]
    graph = helper.make_graph(nodes, "red", inputs, outputs, weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path
