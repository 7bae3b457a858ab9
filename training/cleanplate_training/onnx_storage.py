"""Smaller files for the same network: weights stored as float16 or int8, computation in float32.

Each large weight becomes a small constant and the operators that restore it. ONNX Runtime computes constants once,
when a session is opened, so a stored network runs as fast as the original on processors that have no float16.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Storage = Literal["float32", "float16", "int8"]

SMALLEST = 256
"""Weights with fewer numbers than this stay float32: they weigh nothing and are often scales and biases."""
_LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


def stored_as(graph: onnx.ModelProto, storage: Storage) -> onnx.ModelProto:
    """Return a copy of a float32 graph with its large weights stored as asked.

    float16 rounds to 11 bits; int8 to 8 bits with one scale an output channel. Weights that float16 cannot hold
    stay float32.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    if storage == "float32":
        return copy
    axes = _channel_axes(copy)
    kept, restoring = [], []
    for tensor in copy.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or _count(tensor) < SMALLEST:
            kept.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        if storage == "int8" and tensor.name in axes:
            constants, nodes = _as_int8(values, tensor.name, axes[tensor.name])
        elif np.abs(values).max() <= _LARGEST_FLOAT16:
            constants, nodes = _as_float16(values, tensor.name)
        else:
            constants, nodes = [tensor], []
        kept += constants
        restoring += nodes
    nodes_after = list(copy.graph.node)
    copy.graph.ClearField("initializer")
    copy.graph.initializer.extend(kept)
    copy.graph.ClearField("node")
    copy.graph.node.extend([*restoring, *nodes_after])
    onnx.checker.check_model(copy, full_check=True)
    return copy


def _as_float16(values: NDArray[np.float32], name: str) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    small = numpy_helper.from_array(values.astype(np.float16), f"{name}/float16")
    return [small], [helper.make_node("Cast", [small.name], [name], name=f"{name}/restore", to=TensorProto.FLOAT)]


def _as_int8(values: NDArray[np.float32], name: str, axis: int) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    """Cast and Mul rather than DequantizeLinear, which ONNX Runtime would compute anew in every run."""
    others = tuple(place for place in range(values.ndim) if place != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scale = (np.where(largest > 0, largest, 1) / 127).astype(np.float32)
    small = numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}/int8")
    scales = numpy_helper.from_array(scale, f"{name}/scale")
    whole = f"{name}/whole"
    nodes = [
        helper.make_node("Cast", [small.name], [whole], name=f"{name}/widen", to=TensorProto.FLOAT),
        helper.make_node("Mul", [whole, scales.name], [name], name=f"{name}/restore"),
    ]
    return [small, scales], nodes


def _channel_axes(graph: onnx.ModelProto) -> dict[str, int]:
    """Find the weights that may become int8, and which of their axes is the output channel."""
    axes: dict[str, int] = {}
    for node in graph.graph.node:
        if node.op_type == "Conv":
            axes[node.input[1]] = 0
        elif node.op_type == "ConvTranspose":
            axes[node.input[1]] = 1
        elif node.op_type == "MatMul":
            axes[node.input[1]] = -1
        elif node.op_type == "Gemm":
            turned = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            axes[node.input[1]] = 0 if turned else 1
    ranks = {tensor.name: len(tensor.dims) for tensor in graph.graph.initializer}
    return {name: axis % ranks[name] for name, axis in axes.items() if name in ranks}


def _count(tensor: TensorProto) -> int:
    return int(np.prod(tensor.dims, dtype=np.int64))
