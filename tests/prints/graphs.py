"""Small networks with the ports of those for restoration, and an old photograph to try them on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


def white_is_damage(path: Path) -> Path:
    """probability = sigmoid(80 B - 72): what is whiter than 0.9, also in sepia."""
    weights = np.zeros((1, 3, 1, 1), np.float32)
    weights[0, 2] = 80
    tensors = [_tensor("w", weights), _tensor("b", np.array([-72]))]
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["x"]),
        helper.make_node("Sigmoid", ["x"], ["probability"]),
    ]
    return _written(path, nodes, tensors, {"image": 3}, {"probability": 1})


def mean_fills(path: Path) -> Path:
    """The hole gets the mean colour of all that is known."""
    tensors = [_tensor("one", np.array([1])), _tensor("little", np.array([1e-6]))]
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["known"]),
        helper.make_node("Mul", ["image", "known"], ["shown"]),
        helper.make_node("GlobalAveragePool", ["shown"], ["sum"]),
        helper.make_node("GlobalAveragePool", ["known"], ["share"]),
        helper.make_node("Max", ["share", "little"], ["safe"]),
        helper.make_node("Div", ["sum", "safe"], ["mean"]),
        helper.make_node("Mul", ["mean", "mask"], ["filled"]),
        helper.make_node("Add", ["shown", "filled"], ["completed"]),
    ]
    return _written(path, nodes, tensors, {"image": 3, "mask": 1}, {"completed": 3})


def light_is_warm(path: Path) -> Path:
    """Cb = -0.1 Y, Cr = 0.15 Y, and where there are hints, what they say beside that."""
    tensors = [_tensor("w", np.array([-0.1, 0.15]).reshape(2, 1, 1, 1)), _tensor("pick", np.eye(2, 3)[..., None, None])]
    nodes = [
        helper.make_node("Conv", ["luma", "w"], ["warm"]),
        helper.make_node("Conv", ["hints", "pick"], ["said"]),
        helper.make_node("Add", ["warm", "said"], ["chroma"]),
    ]
    return _written(path, nodes, tensors, {"luma": 1, "hints": 3}, {"chroma": 2})


def _tensor(name: str, values: np.ndarray):
    return numpy_helper.from_array(values.astype(np.float32), name)


def _written(path, nodes, tensors, inputs, outputs) -> Path:
    ends = [
        [helper.make_tensor_value_info(port, TensorProto.FLOAT, ["n", count, "h", "w"]) for port, count in side.items()]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "small", *ends, tensors)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def old_photograph(height: int = 120, width: int = 160, *, sepia: bool = False, damaged: bool = True) -> np.ndarray:
    """A soft grey picture with levels up to 180; if damaged, with a white line and a white disc of radius 6."""
    noise = np.random.default_rng(3).integers(0, 256, (height, width), dtype=np.uint8)
    grey = cv2.GaussianBlur(noise, (0, 0), 4).astype(np.float32)
    grey = 40 + 140 * (grey - grey.min()) / (grey.max() - grey.min())
    tone = np.array([1, 0.9, 0.75]) if sepia else np.ones(3)
    image = np.rint(grey[..., None] * tone).astype(np.uint8)
    if damaged:
        image[true_damage(height, width)] = 255
    return image


def true_damage(height: int = 120, width: int = 160) -> np.ndarray:
    canvas = np.zeros((height, width), np.uint8)
    cv2.line(canvas, (10, 20), (width - 20, height // 2), 1, 2)
    cv2.circle(canvas, (width // 3, 3 * height // 4), 6, 1, -1)
    return canvas > 0
