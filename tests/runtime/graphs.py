"""Small networks made for these tests, each of which does something that can be checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper, save

FLOAT, HALF, BYTE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8
Shape = list[int | str]


def written(path: Path, graph: GraphProto) -> Path:
    """Write a graph as a file that all supported versions of ONNX Runtime read."""
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    save(model, str(path))
    return path


def convolutions(path: Path, *, kind: int = FLOAT, shape: Shape | None = None, channels: int = 4) -> Path:
    """Convolution, stride-2 pooling, convolution, enlargement, convolution: stride 2, receptive radius at most 7."""
    rng = np.random.default_rng(7)
    dtype = np.float16 if kind == HALF else np.float32
    weights = [
        numpy_helper.from_array((rng.normal(size=(out, into, 3, 3)) / 3).astype(dtype), name)
        for name, out, into in (("w1", channels, 3), ("w2", channels, channels), ("w3", 2, channels))
    ]
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")
    pads = [1, 1, 1, 1]
    nodes = [
        helper.make_node("Conv", ["picture", "w1"], ["a"], pads=pads),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("AveragePool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["c", "w2"], ["d"], pads=pads),
        helper.make_node("Tanh", ["d"], ["e"]),
        helper.make_node("Resize", ["e", "", "scales"], ["f"], mode="linear"),
        helper.make_node("Conv", ["f", "w3"], ["answer"], pads=pads),
    ]
    shape = shape or [1, 3, "h", "w"]
    return written(
        path,
        helper.make_graph(
            nodes,
            "convolutions",
            [helper.make_tensor_value_info("picture", kind, shape)],
            [helper.make_tensor_value_info("answer", kind, [1, 2, *shape[2:]])],
            [*weights, scales],
        ),
    )


def doubling(path: Path, *, kind: int = FLOAT, shape: Shape | None = None) -> Path:
    """Twice the input."""
    shape = shape or [1, 3, "h", "w"]
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    value = helper.make_tensor_value_info
    return written(path, helper.make_graph(nodes, "doubling", [value("x", kind, shape)], [value("y", kind, shape)]))


def lama(
    path: Path,
    *,
    size: tuple[int | str, int | str] = (512, 512),
    kind: int = FLOAT,
    answer: tuple[float, float] = (0.0, 255.0),
    names: tuple[str, str] = ("image", "mask"),
    hole: int = 1,
) -> Path:
    """Fills the hole by the mean colour of all known pixels; picture 0..1, mask ``hole`` in the hole."""
    picture, mask = names
    dtype = np.float16 if kind == HALF else np.float32
    low, high = answer
    numbers = [
        numpy_helper.from_array(np.array(value, dtype), name)
        for name, value in (("one", 1.0), ("span", high - low), ("low", low))
    ]
    inputs = [
        helper.make_tensor_value_info(picture, kind, [1, 3, *size]),
        helper.make_tensor_value_info(mask, kind, [1, 1, *size]),
    ]
    other = helper.make_node("Sub", ["one", mask], ["opposite"])
    unknown, known = (mask, "opposite") if hole == 1 else ("opposite", mask)
    nodes = [
        other,
        *_mean_of_known(picture, known),
        *_composed(picture, known, unknown, "unit"),
        helper.make_node("Mul", ["unit", "span"], ["scaled"]),
        helper.make_node("Add", ["scaled", "low"], ["output"]),
    ]
    outputs = [helper.make_tensor_value_info("output", kind, [1, 3, *size])]
    return written(path, helper.make_graph(nodes, "lama", inputs, outputs, [*numbers, _axes()]))


def joined_lama(path: Path) -> Path:
    """As :func:`lama`, with picture and mask as one input of four channels; returns 0..1."""
    tensors = [
        numpy_helper.from_array(np.array(3, np.int64).reshape(1), "three"),
        numpy_helper.from_array(np.array(0, np.int64).reshape(1), "zero"),
        numpy_helper.from_array(np.array(4, np.int64).reshape(1), "four"),
        numpy_helper.from_array(np.array(1, np.int64).reshape(1), "channel"),
        numpy_helper.from_array(np.array(1.0, np.float32), "one"),
    ]
    nodes = [
        helper.make_node("Slice", ["input", "zero", "three", "channel"], ["image"]),
        helper.make_node("Slice", ["input", "three", "four", "channel"], ["mask"]),
        helper.make_node("Sub", ["one", "mask"], ["known"]),
        *_mean_of_known("image", "known"),
        *_composed("image", "known", "mask", "output"),
    ]
    inputs = [helper.make_tensor_value_info("input", FLOAT, [1, 4, "h", "w"])]
    outputs = [helper.make_tensor_value_info("output", FLOAT, [1, 3, "h", "w"])]
    return written(path, helper.make_graph(nodes, "joined", inputs, outputs, [*tensors, _axes()]))


def migan(path: Path, *, known: int = 255) -> Path:
    """Fills by the mean of all known pixels and pastes as the MI-GAN pipeline does, with a soft edge; uint8."""
    line = np.exp(-0.5 * np.arange(-2, 3) ** 2)
    gauss = np.outer(line, line) / line.sum() ** 2
    tensors = [
        numpy_helper.from_array(np.array(255.0, np.float32), "highest"),
        numpy_helper.from_array(np.array(1.0, np.float32), "one"),
        numpy_helper.from_array(np.array(0.0, np.float32), "nought"),
        numpy_helper.from_array(gauss.astype(np.float32)[None, None], "gauss"),
        numpy_helper.from_array(np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64), "rim"),
    ]
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=FLOAT),
        helper.make_node("Cast", ["mask"], ["mask levels"], to=FLOAT),
        helper.make_node("Div", ["mask levels", "highest"], ["marked"]),
        helper.make_node("Sub", ["one", "marked"], ["unmarked"]),
        helper.make_node("Identity", ["marked" if known else "unmarked"], ["known"]),
        *_mean_of_known("levels", "known"),
        helper.make_node("MaxPool", ["known"], ["wider"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Pad", ["wider", "rim"], ["rimmed"], mode="reflect"),
        helper.make_node("Conv", ["rimmed", "gauss"], ["soft"]),
        helper.make_node("Sub", ["one", "soft"], ["fill"]),
        *_composed("levels", "soft", "fill", "mixed"),
        helper.make_node("Clip", ["mixed", "nought", "highest"], ["clipped"]),
        helper.make_node("Cast", ["clipped"], ["result"], to=BYTE),
    ]
    inputs = [
        helper.make_tensor_value_info("image", BYTE, [1, 3, "height", "width"]),
        helper.make_tensor_value_info("mask", BYTE, [1, 1, "height", "width"]),
    ]
    outputs = [helper.make_tensor_value_info("result", BYTE, None)]
    return written(path, helper.make_graph(nodes, "migan", inputs, outputs, [*tensors, _axes()]))


def _axes() -> TensorProto:
    return numpy_helper.from_array(np.array([2, 3], np.int64), "axes")


def _mean_of_known(picture: str, known: str) -> list[NodeProto]:
    return [
        helper.make_node("Mul", [picture, known], ["kept"]),
        # Means and not sums, which leave the range of float16.
        helper.make_node("ReduceMean", ["kept"], ["total"], axes=[2, 3]),
        helper.make_node("ReduceMean", [known], ["count"], axes=[2, 3]),
        helper.make_node("Div", ["total", "count"], ["mean"]),
    ]


def _composed(picture: str, known: str, unknown: str, result: str) -> list[NodeProto]:
    return [
        helper.make_node("Mul", [picture, known], ["old part"]),
        helper.make_node("Mul", ["mean", unknown], ["new part"]),
        helper.make_node("Add", ["old part", "new part"], [result]),
    ]
