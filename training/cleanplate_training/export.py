"""From a trained network to a file for the runtime, through two gates.

1. Parity: the ONNX graph with float32 weights gives what PyTorch gives, up to rounding.
2. Fidelity: with weights stored as float16 or int8 it still gives the same, to as many decibels as the task asks (50).

A network that fails a gate is not written.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from torch import Tensor

from cleanplate.errors import EngineError, OutputError
from cleanplate_training.onnx_graph import OPSET, inputs_of_other_sizes, to_onnx
from cleanplate_training.onnx_slices import sliced
from cleanplate_training.onnx_storage import Storage, stored_as
from cleanplate_training.parity import Difference, Outputs, difference, onnx_outputs, torch_outputs
from cleanplate_training.task import Exported


@dataclass(frozen=True)
class ExportReport:
    """What was written and what the gates measured.

    Attributes:
        path: The ONNX file.
        size: Its bytes.
        opset: Version of the ONNX operators.
        storage: How weights are stored.
        parity: PyTorch against the graph with float32 weights.
        fidelity: The graph with float32 weights against the stored one.
        static_shape: Height and width of a graph of one size, or None.
    """

    path: Path
    size: int
    opset: int
    storage: Storage
    parity: Difference
    fidelity: Difference
    static_shape: tuple[int, int] | None


def export(
    exported: Exported,
    path: Path,
    *,
    storage: Storage = "float16",
    static_shape: tuple[int, int] | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Write a network as ONNX if it passes both gates.

    Args:
        exported: The network and its inputs and outputs (see :meth:`cleanplate_training.task.Task.exported`).
        path: The file to write.
        storage: How to store large weights.
        static_shape: ``(height, width)`` for a graph of one fixed size.
        overwrite: Replace a file that is there.

    Raises:
        OutputError: the file is there, or cannot be written.
        EngineError: a gate failed, or a convolution has run-time weights; nothing is written.
    """
    if path.exists() and not overwrite:
        raise OutputError("already exists", subject=path, fix="use --overwrite or another name")
    exported.module.eval().cpu()
    if static_shape is not None and any(side % exported.multiple for side in static_shape):
        raise EngineError(f"sides must be multiples of {exported.multiple}", subject=f"static shape {static_shape}")
    graph = sliced(to_onnx(exported, static_shape=static_shape), blocks=exported.sliced_blocks)
    inputs = inputs_of_other_sizes(exported, static_shape=static_shape)
    expected = compared(exported, inputs, torch_outputs(exported.module, inputs))
    plain = compared(exported, inputs, onnx_outputs(graph, inputs))
    parity = difference(expected, plain)
    if parity.largest > exported.atol:
        raise EngineError(
            f"PyTorch and ONNX disagree ({parity}; allowed {exported.atol:.0e})", subject=path, fix="not written"
        )
    stored = stored_as(graph, storage)
    # An example that shows little has a small range, of which a rounding would be much.
    peak = None if exported.comparable is None else 1.0
    fidelity = difference(plain, compared(exported, inputs, onnx_outputs(stored, inputs)), peak=peak)
    if fidelity.psnr < exported.fidelity:
        finer = "float16" if storage == "int8" else "float32"
        raise EngineError(
            f"{storage} weights change the output too much ({fidelity}; needed {exported.fidelity:.0f} dB)",
            subject=path,
            fix=f"not written; use --storage {finer}",
        )
    size = _write(stored, path)
    return ExportReport(path, size, OPSET, storage, parity, fidelity, static_shape)


def compared(exported: Exported, inputs: Sequence[tuple[Tensor, ...]], outputs: Sequence[Outputs]) -> Sequence[Outputs]:
    """Return the outputs for each input in the form in which two versions of the network are compared."""
    if exported.comparable is None:
        return outputs
    names = [port.name for port in exported.outputs]
    return [
        [exported.comparable(dict(zip(names, each, strict=True)), (given[0].shape[2], given[0].shape[3]))]
        for given, each in zip(inputs, outputs, strict=True)
    ]


def _write(graph: onnx.ModelProto, path: Path) -> int:
    content = graph.SerializeToString(deterministic=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error}", subject=path) from error
    finally:
        beside.unlink(missing_ok=True)
    return len(content)
