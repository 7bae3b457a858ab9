"""Two versions of one network on the same inputs: how far apart are they?"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.runtime.session import start

Outputs = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Difference:
    """The worst over all inputs and outputs.

    Attributes:
        largest: Largest absolute difference of two numbers.
        psnr: Peak signal-to-noise ratio in decibels, the peak being the range of the first version's output unless
            one is given; infinite where both are equal.
    """

    largest: float
    psnr: float

    def __str__(self) -> str:
        """Say both figures."""
        return f"largest difference {self.largest:.2e}, {self.psnr:.1f} dB"


def difference(first: Sequence[Outputs], second: Sequence[Outputs], *, peak: float | None = None) -> Difference:
    """Compare outputs of two versions, one list of outputs for each input.

    An output that is not finite, or of another shape, differs infinitely.
    """
    largest, psnr = 0.0, math.inf
    for one, other in zip(first, second, strict=True):
        for left, right in zip(one, other, strict=True):
            if left.shape != right.shape or not (np.isfinite(left).all() and np.isfinite(right).all()):
                return Difference(math.inf, -math.inf)
            gap = left.astype(np.float64) - right
            largest = max(largest, float(np.abs(gap).max(initial=0.0)))
            error = float(np.square(gap).mean())
            if error > 0:
                reach = peak or float(left.max() - left.min()) or float(np.abs(left).max()) or 1.0
                psnr = min(psnr, 10 * math.log10(reach**2 / error))
    return Difference(largest, psnr)


def torch_outputs(module: nn.Module, inputs: Sequence[tuple[Tensor, ...]]) -> list[Outputs]:
    """Run a PyTorch module on each tuple of inputs."""
    with torch.no_grad():
        answers = [module(*each) for each in inputs]
    return [[part.numpy() for part in (answer if isinstance(answer, tuple) else (answer,))] for answer in answers]


def onnx_outputs(graph: onnx.ModelProto, inputs: Sequence[tuple[Tensor, ...]]) -> list[Outputs]:
    """Run an ONNX graph on each tuple of inputs, on the CPU and as the runtime does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        path.write_bytes(graph.SerializeToString())
        session = start(path, device="cpu", threads=torch.get_num_threads())
        names = [value.name for value in graph.graph.input]
        feeds = [dict(zip(names, (tensor.numpy() for tensor in each), strict=True)) for each in inputs]
        return [list(session.run(feed).values()) for feed in feeds]
