"""Widened blocks of a graph in slices of channels: the same result in a fraction of the working memory.

An inverted residual (1x1 convolution that widens, filter of each channel, 1x1 convolution that narrows) needs six times
the channels between its ends, at full resolution in networks that keep it. No channel there looks at another one, so
the block is the sum of blocks with a part of the channels each; computed one after the other they never are all in
memory. Likewise a convolution of joined features is the sum of convolutions of each, without the joined copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Weights = dict[str, NDArray[np.float32]]
_Made = tuple[list[onnx.NodeProto], list[onnx.TensorProto]]


@dataclass(frozen=True)
class _Widened:
    """The nodes of one block in order: widening, activation, perhaps padding, filters, activation, narrowing."""

    nodes: tuple[onnx.NodeProto, ...]

    @property
    def filters(self) -> onnx.NodeProto:
        return self.nodes[-3]

    @property
    def narrowing(self) -> onnx.NodeProto:
        return self.nodes[-1]


def sliced(graph: onnx.ModelProto, *, blocks: int, channels: int = 32) -> onnx.ModelProto:
    """Return the graph with its first ``blocks`` widened blocks in slices, and its last joined features apart.

    Args:
        graph: A network with float32 weights; not changed.
        blocks: How many; those of the highest resolution come first. None leaves the graph as it is.
        channels: Of a slice.
    """
    result = onnx.ModelProto()
    result.CopyFrom(graph)
    if blocks == 0:
        return result
    weights = {each.name: numpy_helper.to_array(each) for each in result.graph.initializer}
    replaced: set[str] = set()
    made: dict[str, _Made] = {}
    for block in _widened_blocks(graph.graph.node, weights)[:blocks]:
        replaced |= {node.output[0] for node in block.nodes}
        made[block.narrowing.output[0]] = _slices(block, weights, channels)
    for join, reader in _joined(graph)[-1:]:
        replaced |= {join.output[0], reader.output[0]}
        made[reader.output[0]] = _apart(join, reader, weights, _channels(graph))
    del result.graph.node[:]
    for node in graph.graph.node:
        if node.output[0] in made:
            nodes, tensors = made[node.output[0]]
            result.graph.node.extend(nodes)
            result.graph.initializer.extend(tensors)
        elif node.output[0] not in replaced:
            result.graph.node.append(node)
    used = {name for node in result.graph.node for name in node.input}
    kept = [each for each in result.graph.initializer if each.name in used]
    del result.graph.initializer[:]
    result.graph.initializer.extend(kept)
    return result


def _joined(graph: onnx.ModelProto) -> list[tuple[onnx.NodeProto, onnx.NodeProto]]:
    """Concatenations of channels that one convolution alone reads, each with it."""
    joins = {node.output[0]: node for node in graph.graph.node if node.op_type == "Concat"}
    readers = [node for node in graph.graph.node for name in node.input if name in joins]
    counts = Counter(name for node in graph.graph.node for name in node.input)
    return [
        (joins[node.input[0]], node)
        for node in readers
        if node.op_type == "Conv"
        and _number(node, "group", 1) == 1
        and counts[node.input[0]] == 1
        and _number(joins[node.input[0]], "axis", 0) == 1
    ]


def _apart(join: onnx.NodeProto, reader: onnx.NodeProto, weights: Weights, channels: dict[str, int]) -> _Made:
    """The sum of the convolutions of each input of a join."""
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []
    start, total = 0, ""
    for number, source in enumerate(join.input):
        part = slice(start, start + channels[source])
        start = part.stop
        made = onnx.NodeProto()
        made.CopyFrom(reader)
        made.name, made.input[0], made.output[0] = "", source, f"{reader.output[0]}/{number}"
        tensors += _part_of_weights(made, True, part, number, weights)
        total = _added(nodes, made, total, f"{reader.output[0]}/sum{number}")
    nodes[-1].output[0] = reader.output[0]
    return nodes, tensors


def _added(nodes: list[onnx.NodeProto], node: onnx.NodeProto, total: str, name: str) -> str:
    """Append a node and the sum of its output with those before; the name of the sum."""
    nodes.append(node)
    if not total:
        return str(node.output[0])
    nodes.append(onnx.helper.make_node("Add", [total, node.output[0]], [name]))
    return name


def _channels(graph: onnx.ModelProto) -> dict[str, int]:
    """Channels of each value whose shape is known."""
    values = onnx.shape_inference.infer_shapes(graph).graph.value_info
    shapes = {each.name: each.type.tensor_type.shape.dim for each in values}
    return {name: int(shape[1].dim_value) for name, shape in shapes.items() if len(shape) == 4}


def _widened_blocks(nodes: Sequence[onnx.NodeProto], weights: Weights) -> list[_Widened]:
    made_by = {name: node for node in nodes for name in node.output}
    readers = Counter(name for node in nodes for name in node.input)

    def before(node: onnx.NodeProto, kind: str) -> onnx.NodeProto | None:
        """The node that this one alone reads, if it is of a kind."""
        found = made_by.get(node.input[0])
        return found if found is not None and found.op_type == kind and readers[node.input[0]] == 1 else None

    def block(narrowing: onnx.NodeProto) -> _Widened | None:
        second = before(narrowing, "Clip")
        filters = second and before(second, "Conv")
        if second is None or filters is None or _number(filters, "group", 1) != weights[filters.input[1]].shape[0]:
            return None
        padding = before(filters, "Pad")
        first = before(padding or filters, "Clip")
        widening = first and before(first, "Conv")
        if first is None or widening is None or _number(widening, "group", 1) != 1:
            return None
        middle = () if padding is None else (padding,)
        return _Widened((widening, first, *middle, filters, second, narrowing))

    convolutions = [node for node in nodes if node.op_type == "Conv" and node.input[1] in weights]
    found = [
        block(node)
        for node in convolutions
        if weights[node.input[1]].shape[2:] == (1, 1) and _number(node, "group", 1) == 1
    ]
    return [each for each in found if each is not None]


def _slices(block: _Widened, weights: Weights, channels: int) -> _Made:
    """The nodes of a block in slices, and the parts of its weights."""
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []
    total, result = "", block.narrowing.output[0]
    inner = weights[block.filters.input[1]].shape[0]
    for number, start in enumerate(range(0, inner, channels)):
        part = slice(start, start + channels)
        source = block.nodes[0].input[0]
        for node in block.nodes:
            made = onnx.NodeProto()
            made.CopyFrom(node)
            made.name, made.output[0] = "", f"{node.output[0]}/{number}"
            made.input[0] = source
            source = made.output[0]
            if node.op_type == "Conv":
                tensors += _part_of_weights(made, node is block.narrowing, part, number, weights)
            if node is block.filters:
                next(each for each in made.attribute if each.name == "group").i = len(range(*part.indices(inner)))
            if node is not block.narrowing:
                nodes.append(made)
        total = _added(nodes, made, total, f"{result}/sum{number}")
    nodes[-1].output[0] = result
    return nodes, tensors


def _part_of_weights(
    node: onnx.NodeProto, narrowing: bool, part: slice, number: int, weights: Weights
) -> list[onnx.TensorProto]:
    """Give a convolution its part of the weights; of the narrowing ones the first alone keeps its bias."""
    whole = [weights[name] for name in node.input[1:]]
    parts = [
        whole[0][:, part] if narrowing else whole[0][part],
        *(each if narrowing else each[part] for each in whole[1:]),
    ]
    if narrowing and number > 0:
        parts = parts[:1]
    names = [f"{name}/{number}" for name in node.input[1 : 1 + len(parts)]]
    source = node.input[0]
    del node.input[:]
    node.input.extend([source, *names])
    return [numpy_helper.from_array(np.ascontiguousarray(each), name) for each, name in zip(parts, names, strict=True)]


def _number(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((int(each.i) for each in node.attribute if each.name == name), default)
