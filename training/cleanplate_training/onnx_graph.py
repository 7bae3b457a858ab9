"""From a PyTorch network to an ONNX graph, and what such a graph must keep.

torch's exporter based on ``torch.export`` is used: it is the one that PyTorch maintains (the older one is deprecated),
works without any network, and folds batch norm and constants, so that the graph has less than half the nodes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import onnx
import torch
from torch import Tensor
from torch.nn import functional

from cleanplate.errors import EngineError
from cleanplate_training.models.suppression import onnx_translations
from cleanplate_training.task import Exported, Port

OPSET = 18
"""Version of the ONNX operators: what the exporter writes without conversion, known to ONNX Runtime since 1.14."""

_PASSES_CONSTANTS = {"Cast", "DequantizeLinear", "Identity", "Mul", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}


def to_onnx(exported: Exported, *, static_shape: tuple[int, int] | None = None) -> onnx.ModelProto:
    """Trace a network into an ONNX graph with float32 weights.

    Args:
        exported: The network (in evaluation mode, on the CPU) and its inputs and outputs.
        static_shape: Height and width of a graph of one fixed size, batch 1; None keeps the declared dimensions
            free.

    Raises:
        EngineError: a convolution has weights that are computed at run time.
    """
    examples = tuple(example_of(port) for port in exported.inputs)
    if static_shape is not None:
        examples = tuple(resized(example[:1], static_shape) for example in examples)
    free = None if static_shape is not None else tuple(dict(port.dynamic) for port in exported.inputs)
    names = [port.name for port in exported.inputs]
    with _silence(), torch.no_grad():
        program = torch.onnx.export(
            exported.module,
            examples,
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=[port.name for port in exported.outputs],
            dynamic_shapes=free,
            custom_translation_table=dict(onnx_translations()),
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    _strip(graph)
    onnx.helper.set_model_props(graph, dict(exported.metadata))
    _name_dimensions(graph, exported, static_shape)
    onnx.checker.check_model(graph, full_check=True)
    check_constant_filters(graph)
    return graph


def check_constant_filters(graph: onnx.ModelProto) -> None:
    """Refuse convolutions whose filters are not constants: accelerators and browsers cannot run them.

    Raises:
        EngineError: names the node; unfold and MatMul say the same and run everywhere.
    """
    constants = {tensor.name for tensor in graph.graph.initializer}
    for node in graph.graph.node:
        if node.op_type == "Constant" or (
            node.op_type in _PASSES_CONSTANTS and all(name in constants for name in node.input if name)
        ):
            constants.update(node.output)
        elif node.op_type in ("Conv", "ConvTranspose") and node.input[1] not in constants:
            raise EngineError(
                f"{node.op_type} has filters that are computed at run time",
                subject=node.name or node.output[0],
                fix="write it as unfold and matmul",
            )


def example_of(port: Port) -> Tensor:
    """Return the example of an input."""
    if port.example is None:
        raise EngineError("has no example tensor", subject=f"input {port.name!r}")
    return port.example


def resized(example: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return ``N x C x H x W`` at another height and width, by nearest neighbour so that masks stay masks."""
    if example.dim() != 4:
        return example
    return functional.interpolate(example, size=shape, mode="nearest")


def _strip(graph: onnx.ModelProto) -> None:
    """Drop what the exporter tells about the source: file names and lines of the machine it ran on."""
    parts = [graph, graph.graph, *graph.graph.node, *graph.graph.initializer, *graph.functions]
    parts += [*graph.graph.value_info, *graph.graph.input, *graph.graph.output]
    for part in parts:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.graph.ClearField("value_info")  # intermediate shapes; every reader infers them again
    graph.graph.name = "network"
    graph.producer_name, graph.producer_version = "cleanplate_training", ""


def _name_dimensions(graph: onnx.ModelProto, exported: Exported, static_shape: tuple[int, int] | None) -> None:
    """Give free dimensions their declared names, the same at inputs and outputs."""
    if static_shape is not None:
        return
    declared: Mapping[str, Port] = {port.name: port for port in (*exported.inputs, *exported.outputs)}
    for value in (*graph.graph.input, *graph.graph.output):
        for place, name in declared[value.name].dynamic.items():
            value.type.tensor_type.shape.dim[place].dim_param = name


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporter's own notices (deprecations inside torch, absent torchvision) from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def inputs_of_other_sizes(
    exported: Exported, *, static_shape: tuple[int, int] | None = None
) -> Sequence[tuple[Tensor, ...]]:
    """Return inputs to compare two versions of a network with: the examples, and other shapes where those are free."""
    examples = tuple(example_of(port) for port in exported.inputs)
    if static_shape is not None:
        return [tuple(resized(example[:1], static_shape) for example in examples)]
    several = [examples]
    free = {name for port in exported.inputs for name in port.dynamic.values()}
    step = exported.multiple
    if {"height", "width"} <= free:
        for shape in ((3 * step, step), (step, 4 * step)):
            several.append(tuple(resized(example, shape) for example in examples))
    if "batch" in free:
        several.append(tuple(torch.cat([example, example.flip(-1)]) for example in examples))
    return several
