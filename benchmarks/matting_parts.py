"""Where the time of the slim MODNet goes: ``python -m benchmarks.matting_parts``.

Times, on one core and in processor time, the encoder, the encoder with the semantic branch and an alpha output of its
own, and the whole network. The second is what a shortcut for stable scenes would run instead of the third. Weights are
random: they do not change the time.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.runtime.contract import InputContract
from cleanplate.runtime.session import Session, start
from cleanplate.weights.record import OutputContract
from cleanplate_training.export import export
from cleanplate_training.models.modnet_slim import SlimMODNet
from cleanplate_training.task import Exported, Port
from cleanplate_training.tasks.matting import Network, build, exported_matte

SIDES = (192, 256, 384, 512)
_REPEATS = 15
_SHIPPED = Network("lite0", (1, 2, 2, 2, 2, 2, 0), 48, 24, 16, pretrained=False)


class Encoder(nn.Module):
    """The encoder alone; its deepest features."""

    def __init__(self, network: SlimMODNet) -> None:
        super().__init__()
        self.backbone = network.backbone

    def forward(self, image: Tensor) -> Tensor:
        """N x 3 x H x W to the deepest level."""
        return cast("Tensor", self.backbone(image)[-1])


class Shortcut(nn.Module):
    """Encoder and semantic branch, with one convolution that makes an alpha at 1/8 of the size."""

    def __init__(self, network: SlimMODNet, channels: int) -> None:
        super().__init__()
        self.backbone, self.semantic = network.backbone, network.semantic
        self.head = nn.Conv2d(channels, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        """N x 3 x H x W to N x 1 x H/8 x W/8."""
        return cast("Tensor", self.head(self.semantic(self.backbone(image))[0]).sigmoid())


def main() -> None:
    """Export the parts, time them in turns, print a table."""
    network = cast("SlimMODNet", build(_SHIPPED).eval())
    network.without_heads()
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            "encoder": _opened(_described(Encoder(network)), Path(folder) / "encoder.onnx"),
            "encoder + semantic": _opened(_described(Shortcut(network, _SHIPPED.semantic)), Path(folder) / "part.onnx"),
            "whole": _opened(exported_matte(network, previous=False), Path(folder) / "whole.onnx"),
        }
    print(f"| side | {' | '.join(f'{name}, ms' for name in parts)} |\n{'|---' * (len(parts) + 1)}|")
    for side in SIDES:
        print(f"| {side} | {' | '.join(f'{1000 * seconds:.1f}' for seconds in _times(parts, side))} |")


def _described(module: nn.Module) -> Exported:
    free = {0: "batch", 2: "height", 3: "width"}
    example = torch.from_numpy(np.random.default_rng(0).random((1, 3, 96, 128), np.float32))
    port = Port("image", "RGB picture, 0..1", example, free)
    return Exported(
        module=module.eval(),
        inputs=[port],
        outputs=[Port("part", "features", dynamic=free)],
        input=InputContract(multiple_of=32, minimum=32),
        output=OutputContract("features", "one", 0.0, 1.0, "none", "the input's"),
    )


def _opened(described: Exported, path: Path) -> Session:
    return start(export(described, path, storage="float16").path, device="cpu", threads=1)


def _times(parts: dict[str, Session], side: int) -> list[float]:
    picture = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    times: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(_REPEATS):
        for name, session in parts.items():
            before = time.process_time()
            session.run({"image": picture})
            times[name].append(time.process_time() - before)
    return [min(values) for values in times.values()]


if __name__ == "__main__":
    main()
