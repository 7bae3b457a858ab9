"""A network for people made for these tests: it finds each colour that it knows, wherever that is in the picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 200, 20), (20, 20, 220), (230, 220, 20)
COLOURS = (RED, GREEN, BLUE, YELLOW)
DOG = (120, 20, 120)
_DIFFERENCE = 0.12


def colour_people(
    path: Path,
    colours: Sequence[tuple[int, int, int]] = COLOURS,
    *,
    labels: Sequence[int] | None = None,
    scores: Sequence[float] | None = None,
    names: dict[int, str] | None = None,
) -> Path:
    """Write a network that keeps the contract of people networks.

    All pixels of one colour are one thing: its box is the smallest around them, its mask their share in 28 x 28 cells.

    Args:
        path: where to.
        colours: RGB of the things that it knows.
        labels: of each; 1 (person) by default.
        scores: of each; 0.9 by default.
        names: what the metadata says that labels mean; none by default.
    """
    count = len(colours)
    constants = {
        "colours": np.array(colours, np.float32).reshape(count, 3, 1, 1) / 255,
        "labels known": np.array(labels or [1] * count, np.int64),
        "scores known": np.array(scores or [0.9] * count, np.float32),
        "limit": np.array(_DIFFERENCE, np.float32),
        "nought": np.array(0.5, np.float32),
        "one": np.array(1, np.int64),
        "channel axis": np.array([1], np.int64),
        "row axis": np.array([2], np.int64),
        "column axis": np.array([1], np.int64),
        "places": np.arange(count, dtype=np.int64),
        "last axis": np.array([1], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Sub", ["image", "colours"], ["difference"]),
        node("Abs", ["difference"], ["distance"]),
        node("ReduceMax", ["distance", "channel axis"], ["furthest"], keepdims=0),
        node("Less", ["furthest", "limit"], ["hit"]),
        node("Cast", ["hit"], ["share"], to=TensorProto.FLOAT),
        node("ReduceMax", ["share", "row axis"], ["rows"], keepdims=0),
        node("ReduceMax", ["share", "column axis"], ["columns"], keepdims=0),
        node("ArgMax", ["rows"], ["top"], axis=1, keepdims=1),
        node("ArgMax", ["rows"], ["last row"], axis=1, keepdims=1, select_last_index=1),
        node("Add", ["last row", "one"], ["bottom"]),
        node("ArgMax", ["columns"], ["left"], axis=1, keepdims=1),
        node("ArgMax", ["columns"], ["last column"], axis=1, keepdims=1, select_last_index=1),
        node("Add", ["last column", "one"], ["right"]),
        node("Concat", ["left", "top", "right", "bottom"], ["corners"], axis=1),
        node("Cast", ["corners"], ["all boxes"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["share", "last axis"], ["maps"]),
        node(
            "RoiAlign", ["maps", "all boxes", "places"], ["cells"], output_height=28, output_width=28, sampling_ratio=2
        ),
        node("Squeeze", ["cells", "last axis"], ["all masks"]),
        node("ReduceMax", ["rows", "last axis"], ["found"], keepdims=0),
        node("Greater", ["found", "nought"], ["there"]),
        node("Compress", ["all boxes", "there"], ["boxes"], axis=0),
        node("Compress", ["labels known", "there"], ["labels"], axis=0),
        node("Compress", ["scores known", "there"], ["scores"], axis=0),
        node("Compress", ["all masks", "there"], ["masks"], axis=0),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "people",
        [value("image", TensorProto.FLOAT, [1, 3, "height", "width"])],
        [
            value("boxes", TensorProto.FLOAT, ["count", 4]),
            value("labels", TensorProto.INT64, ["count"]),
            value("scores", TensorProto.FLOAT, ["count"]),
            value("masks", TensorProto.FLOAT, ["count", 28, 28]),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if names is not None:
        helper.set_model_props(model, {"labels": json.dumps({str(key): value for key, value in names.items()})})
    save(model, str(path))
    return path
