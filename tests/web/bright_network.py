"""Writes a matting network that takes what is bright for a person: ``python tests/web/bright_network.py FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def bright_network() -> onnx.ModelProto:
    """Alpha = sigmoid(40 (mean of the colours - 0.5)), as float32 1 x 1 x H x W."""
    kernel = numpy_helper.from_array(np.full((1, 3, 1, 1), 40 / 3, np.float32), "kernel")
    bias = numpy_helper.from_array(np.array([-20.0], np.float32), "bias")
    nodes = [
        helper.make_node("Conv", ["image", "kernel", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["alpha"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])
    alpha = helper.make_tensor_value_info("alpha", TensorProto.FLOAT, ["N", 1, "H", "W"])
    graph = helper.make_graph(nodes, "bright", [image], [alpha], [kernel, bias])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


if __name__ == "__main__":
    onnx.save(bright_network(), Path(sys.argv[1]))
