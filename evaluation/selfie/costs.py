"""What a network costs: parameters, multiplications, time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, shape_inference

from evaluation.matting.methods import Method

_WEIGHTED = {"Conv", "ConvTranspose", "Gemm", "MatMul"}


@dataclass(frozen=True)
class Cost:
    """Of one network.

    Attributes:
        megabytes: of its file.
        parameters: numbers in its weights of two dimensions and more, and its biases.
        macs: multiplications of its convolutions and matrix products for a square of some side, by side.
        milliseconds: fastest of some runs on a square of some side, by side.
    """

    megabytes: float
    parameters: int
    macs: dict[int, float]
    milliseconds: dict[int, float]


def cost(method: Method, sides: tuple[int, ...] = (224, 512), *, runs: int = 12) -> Cost:
    """Count and time a network; the fastest run counts, because other work on the machine only ever slows it down."""
    ports = method.session.inputs
    free = ports[0].shape[-1] is None
    fitting = sides if free else ()
    return Cost(
        megabytes=method.file.stat().st_size / 1e6,
        parameters=parameters(method.file),
        macs={side: multiplications(method.file, side) for side in fitting},
        milliseconds={side: _fastest(method, side, runs) for side in fitting},
    )


def parameters(file: Path) -> int:
    """Numbers that were learnt: every floating-point initializer with more than one entry."""
    graph = onnx.load(str(file)).graph
    floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
    return sum(int(np.prod(t.dims)) for t in graph.initializer if t.data_type in floats and np.prod(t.dims) > 1)


def multiplications(file: Path, side: int) -> float:
    """Multiply-accumulate operations for one picture of ``side`` x ``side`` pixels."""
    model = onnx.load(str(file))
    for port in model.graph.input:
        dims = port.type.tensor_type.shape.dim
        for place, size in zip(range(len(dims)), (1, None, side, side), strict=False):
            if size is not None:
                dims[place].dim_value = size
    for port in (*model.graph.output, *model.graph.value_info):
        port.type.tensor_type.ClearField("shape")
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        info.name: [dim.dim_value for dim in info.type.tensor_type.shape.dim]
        for info in (*inferred.value_info, *inferred.output, *inferred.input)
    }
    shapes |= {tensor.name: list(tensor.dims) for tensor in inferred.initializer}
    for node in inferred.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            shapes[node.output[0]] = list(numpy_helper.to_array(node.attribute[0].t).shape)
        elif node.op_type in ("Cast", "DequantizeLinear") and node.input[0] in shapes:
            shapes.setdefault(node.output[0], shapes[node.input[0]])
    return float(sum(_products(node, shapes) for node in inferred.node if node.op_type in _WEIGHTED))


def _products(node: Any, shapes: dict[str, list[int]]) -> int:
    weights, made = shapes.get(node.input[1], []), shapes.get(node.output[0], [])
    if not weights or not made:
        raise ValueError(f"{node.op_type} {node.name}: shapes are not known")
    if node.op_type == "Conv":
        return int(np.prod(made)) * int(np.prod(weights[1:]))
    if node.op_type == "ConvTranspose":
        return int(np.prod(shapes[node.input[0]])) * int(np.prod(weights[1:]))
    return int(np.prod(made)) * int(shapes[node.input[0]][-1])


def _fastest(method: Method, side: int, runs: int) -> float:
    picture = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    feeds = {port.name: picture if port.name != "previous" else picture[:, :1] for port in method.session.inputs}
    times = []
    for _ in range(runs):
        before = time.perf_counter()
        method.session.run(feeds)
        times.append(time.perf_counter() - before)
    return 1000 * min(times)
