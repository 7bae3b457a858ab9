"""Widened blocks of a graph in slices of channels: the same result in a fraction of the working memory.

An inverted residual (1x1 convolution that widens, filter of each channel, 1x1 convolution that narrows) needs six times
the channels between its ends, at full resolution in networks that keep it. No channel there looks at another one, so
the block is the sum of blocks with a part of the channels each; computed one after the other they never are all in
memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


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
    """Return the graph with its first ``blocks`` widened blocks in slices.

    Args:
        graph: A network with float32 weights; not changed.
        blocks: How many; those of the highest resolution come first.
        channels: Of a slice.
    """
    result = onnx.ModelProto()
    result.CopyFrom(graph)
    if blocks == 0:
        return result
    weights = {each.name: numpy_helper.to_array(each) for each in result.graph.initializer}
    chosen = _widened_blocks(result.graph.node, weights)[:blocks]
    places = {block.narrowing.output[0]: block for block in chosen}
    replaced = {node.output[0] for block in chosen for node in block.nodes}
    nodes: list[onnx.NodeProto] = []
    for node in graph.graph.node:
        if node.output[0] in places:
            made, tensors = _slices(places[node.output[0]], weights, channels)
            nodes += made
            result.graph.initializer.extend(tensors)
        elif node.output[0] not in replaced:
            nodes.append(node)
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [each for each in result.graph.initializer if each.name in used]
    del result.graph.initializer[:]
    result.graph.initializer.extend(kept)
    return result


def _widened_blocks(nodes: Sequence[onnx.NodeProto], weights: dict[str, NDArray[np.float32]]) -> list[_Widened]:
    made_by = {name: node for node in nodes for name in node.output}
    readers: dict[str, int] = defaultdict(int)
    for node in nodes:
        for name in node.input:
            readers[name] += 1

    def before(node: onnx.NodeProto, kind: str) -> onnx.NodeProto | None:
        """The node that this one alone reads, if it is of a kind."""
        found = made_by.get(node.input[0])
        return found if found is not None and found.op_type == kind and readers[node.input[0]] == 1 else None

    def block(narrowing: onnx.NodeProto) -> _Widened | None:
        second = before(narrowing, "Clip")
        filters = second and before(second, "Conv")
        if second is None or filters is None or _groups(filters) != weights[filters.input[1]].shape[0]:
            return None
        padding = before(filters, "Pad")
        first = before(padding or filters, "Clip")
        widening = first and before(first, "Conv")
        if first is None or widening is None or _groups(widening) != 1:
            return None
        middle = () if padding is None else (padding,)
        return _Widened((widening, first, *middle, filters, second, narrowing))

    convolutions = [node for node in nodes if node.op_type == "Conv" and node.input[1] in weights]
    found = [block(node) for node in convolutions if weights[node.input[1]].shape[2:] == (1, 1) and _groups(node) == 1]
    return [each for each in found if each is not None]


def _slices(
    block: _Widened, weights: dict[str, NDArray[np.float32]], channels: int
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
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
            nodes.append(made)
        if total:
            total_before, total = total, f"{result}/sum{number}"
            nodes.append(onnx.helper.make_node("Add", [total_before, source], [total]))
        else:
            total = source
    nodes[-1].output[0] = result
    return nodes, tensors


def _part_of_weights(
    node: onnx.NodeProto, narrowing: bool, part: slice, number: int, weights: dict[str, NDArray[np.float32]]
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


def _groups(node: onnx.NodeProto) -> int:
    return next((int(each.i) for each in node.attribute if each.name == "group"), 1)
