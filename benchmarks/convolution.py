"""Times convolutions that filter each channel alone, in bfloat16 on a processor: ``python -m benchmarks.convolution``.

Forward and backward of PyTorch's module and of ``cleanplate_training``'s, interleaved, for shapes of the networks that
are trained here. Prints a table; only processors with bfloat16 instructions (``avx512_bf16``) say anything.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch import Tensor, nn

from cleanplate_training.models.convolution import Conv2d

SHAPES = {
    "EfficientNet-lite, 3x3, stride 2": (16, 96, 80, 3, 2, 1),
    "EfficientNet-lite, 5x5, stride 2": (16, 144, 40, 5, 2, 1),
    "EfficientNet-lite, 5x5": (16, 240, 20, 5, 1, 1),
    "EfficientNet-lite, 5x5, coarsest": (16, 1152, 5, 5, 1, 1),
    "CRA, 3x3": (4, 128, 64, 3, 1, 1),
    "CRA, 3x3, dilation 4": (4, 128, 64, 3, 1, 4),
    "CRA, 3x3, dilation 16": (4, 128, 64, 3, 1, 16),
}
"""Pictures, channels, side, taps, stride, dilation."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.convolution", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| convolution | `nn.Conv2d`, ms | ours, ms | ratio |\n|---|---|---|---|")
    for name, (count, channels, side, taps, stride, dilation) in SHAPES.items():
        x = torch.randn(count, channels, side, side).to(memory_format=torch.channels_last).requires_grad_()
        padding = dilation * (taps // 2)
        pair = [kind(channels, channels, taps, stride, padding, dilation, channels) for kind in (nn.Conv2d, Conv2d)]
        plain, ours = _interleaved(pair, x, options.repeats)
        print(f"| {name} | {plain:.1f} | {ours:.1f} | {plain / ours:.1f} |", flush=True)


def _interleaved(modules: list[nn.Conv2d], x: Tensor, repeats: int) -> list[float]:
    """Return the median milliseconds of each module."""
    times: list[list[float]] = [[] for _ in modules]
    for _ in range(repeats + 1):
        for each, module in zip(times, modules, strict=True):
            before = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16):
                y = module(x)
            y.backward(torch.ones_like(y))
            each.append(1000 * (time.perf_counter() - before))
    return [statistics.median(each[1:]) for each in times]


if __name__ == "__main__":
    main()
