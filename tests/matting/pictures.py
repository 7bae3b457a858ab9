"""Small networks with the ports of a matting network, and pictures whose people are red."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

GREEN = (90, 160, 120)
RED = (210, 40, 40)


def red_is_person(path: Path, *, ports=("image", "alpha"), size=("h", "w"), logits: bool = False) -> Path:
    """alpha = sigmoid(20 R - 20 G - 6): what is much redder than green."""
    weights = np.zeros((1, 3, 1, 1), np.float32)
    weights[0, 0], weights[0, 1] = 20, -20
    tensors = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([-6], np.float32), "b")]
    last = "Identity" if logits else "Sigmoid"
    nodes = [helper.make_node("Conv", [ports[0], "w", "b"], ["x"]), helper.make_node(last, ["x"], [ports[1]])]
    return _written(path, nodes, tensors, ports, size)


def constant(path: Path, value: float) -> Path:
    """The same alpha everywhere, whatever the picture."""
    tensors = [
        numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "w"),
        numpy_helper.from_array(np.array([value], np.float32), "b"),
    ]
    nodes = [helper.make_node("Conv", ["image", "w", "b"], ["alpha"])]
    return _written(path, nodes, tensors, ("image", "alpha"), ("h", "w"))


def _written(path, nodes, tensors, ports, size) -> Path:
    ends = [
        helper.make_tensor_value_info(port, TensorProto.FLOAT, [1, channels, *size])
        for port, channels in zip(ports, (3, 1), strict=True)
    ]
    graph = helper.make_graph(nodes, "matte", ends[:1], ends[1:], tensors)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def disc_alpha(height: int, width: int, centre: tuple[float, float], radius: float) -> np.ndarray:
    """An anti-aliased disc, float32."""
    y, x = np.mgrid[:height, :width]
    return np.clip(radius + 0.5 - np.hypot(x - centre[0], y - centre[1]), 0, 1).astype(np.float32)


def two_people(height: int = 180, width: int = 240, *, dtype=np.uint8) -> np.ndarray:
    """A red disc of radius 45 at (80, 100), one of radius 20 at (190, 60), on green."""
    return mixed(two_alphas(height, width), RED, GREEN, dtype=dtype)


def two_alphas(height: int = 180, width: int = 240) -> np.ndarray:
    return np.maximum(disc_alpha(height, width, (80, 100), 45), disc_alpha(height, width, (190, 60), 20))


def mixed(alpha, foreground, background, *, dtype=np.uint8) -> np.ndarray:
    levels = alpha[..., None] * np.array(foreground) + (1 - alpha[..., None]) * np.array(background)
    return np.rint(levels * (np.iinfo(dtype).max // 255)).astype(dtype)


def ragged(height: int = 600, width: int = 800, *, seed: int = 2) -> np.ndarray:
    """Alpha with fine strands around a disc, finer than a picture of a quarter of the size can hold."""
    canvas = np.zeros((height * 2, width * 2), np.uint8)
    cv2.circle(canvas, (width, height), 300, 255, -1, cv2.LINE_AA)
    rng = np.random.default_rng(seed)
    for angle in rng.uniform(0, 2 * np.pi, 90):
        turn = angle + rng.normal(0, 0.4)
        start = np.array([width, height]) + 290 * np.array([np.cos(angle), np.sin(angle)])
        stop = start + rng.uniform(60, 160) * np.array([np.cos(turn), np.sin(turn)])
        cv2.line(canvas, tuple(start.astype(int)), tuple(stop.astype(int)), 255, 5, cv2.LINE_AA)
    return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
