"""The published checkpoints of MODNet, as networks to export.

They are state dicts of the authors' code at github.com/ZHKKKe/MODNet, saved from several GPUs: every key begins with
``module.``, and the encoder appears a second time under the semantic branch that shares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.runtime.contract import InputContract
from cleanplate.weights.record import OutputContract
from cleanplate_training.models.modnet import MODNet
from cleanplate_training.task import Exported, Port

_PREFIX, _TWIN = "module.", "lr_branch.backbone."


def photographic(content: Mapping[str, Any]) -> Exported:
    """Describe a published checkpoint for the export, with the ports of its catalog record.

    Args:
        content: the state dict, with or without ``module.`` before its keys.

    Raises:
        RuntimeError: keys or shapes are not those of MODNet, or the two copies of the encoder differ.
    """
    network = MODNet("code")
    network.load_state_dict(own_keys(content), strict=True)
    network.without_heads()
    free = {0: "batch", 2: "height", 3: "width"}
    example = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 3, 96, 128)).astype(np.float32))
    return Exported(
        module=_FromSigned(network.eval()),
        inputs=[Port("input", "RGB, -1..1", example, free)],
        outputs=[Port("output", "alpha", dynamic=free)],
        input=InputContract(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), multiple_of=32, minimum=32),
        output=OutputContract("alpha of the person", "alpha", 0.0, 1.0, "none", "that of the input"),
    )


def own_keys(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a published state dict with the keys of :class:`MODNet`: no prefix, the shared encoder once.

    Raises:
        RuntimeError: the two copies of the encoder differ.
    """
    state = {key.removeprefix(_PREFIX): value for key, value in content.items()}
    for key in [key for key in state if key.startswith(_TWIN)]:
        twin = state.pop(key)
        first = state.get(key.removeprefix("lr_branch."))
        if first is None or not torch.equal(first, twin):
            raise RuntimeError(f"the encoder's copy at {key} differs from the encoder")
    return state


class _FromSigned(nn.Module):
    """Takes pictures in -1..1, as published graphs do."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        alpha: Tensor = self.network((picture + 1) / 2)
        return alpha
