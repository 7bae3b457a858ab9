"""Processes, devices and precision: the one place that sets up Lightning Fabric.

``torchrun --nproc-per-node=N [--nnodes=M ...] -m cleanplate_training train ...`` starts one process a GPU; without
torchrun there is one process. Everything else in the training half only sees a :class:`Fabric`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, Literal, cast

import torch
from lightning_fabric import Fabric, is_wrapped
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from cleanplate.errors import ArgumentError, DeviceError
from cleanplate_training.recipe import Train

DEVICES = ("auto", "cpu", "cuda", "mps")
_PATIENCE = timedelta(hours=2)
"""How long processes wait for each other: one of them may be validating."""


def launch(settings: Train, *, device: str = "auto") -> Fabric:
    """Return the Fabric of this process.

    Args:
        settings: The recipe's loop settings.
        device: One of :data:`DEVICES`; ``auto`` takes a GPU where there is one.

    Raises:
        ArgumentError: an unknown device.
        DeviceError: the device is not there.
    """
    if device not in DEVICES:
        raise ArgumentError(f"is not one of {', '.join(DEVICES)}", subject=f"device {device!r}")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device, True):
        raise DeviceError("is not available to PyTorch", subject=f"device {device!r}", fix="use --device cpu")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", str(world)))
    strategy: Any = "auto"
    if world > 1:
        # Broadcasting buffers at each forward pass would write into tensors that a second forward pass of the same
        # step (adversarial training) still needs; share_buffers does it once a step instead.
        strategy = DDPStrategy(
            broadcast_buffers=False, find_unused_parameters=settings.unused_parameters, timeout=_PATIENCE
        )
    fabric = Fabric(
        accelerator=device,
        devices=local,
        num_nodes=world // local,
        strategy=strategy,
        precision=_precision(settings, device),
    )
    fabric.launch()
    return fabric


def _precision(settings: Train, device: str) -> Literal["32-true", "bf16-mixed"]:
    if settings.precision != "auto":
        return settings.precision
    if device == "cuda" or (device == "auto" and torch.cuda.is_available()):
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    if device == "mps" or (device == "auto" and torch.backends.mps.is_available()):
        return "32-true"
    has = torch.cpu.get_capabilities()
    return "bf16-mixed" if has.get("amx_bf16") or has.get("avx512_bf16") else "32-true"


def wrap(fabric: Fabric, network: nn.Module, settings: Train) -> nn.Module:
    """Move a network to the device and make its forward pass follow the run's precision and processes."""
    if settings.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if settings.sync_batch_norm and fabric.world_size > 1 and fabric.device.type == "cuda":
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return cast(nn.Module, fabric.setup_module(network))


def plain(network: nn.Module) -> nn.Module:
    """Return the network itself, without the wrappers of :func:`wrap`.

    Called directly it computes in float32 whatever the precision of the run (for gradient penalties and export).
    With many processes a phase must also call the wrapped network, or its gradients are not averaged.
    """
    return cast(nn.Module, network.module) if is_wrapped(network) else network


def placed(fabric: Fabric, batch: Mapping[str, Any], settings: Train) -> dict[str, Any]:
    """Move a batch to the device, pictures with the channels innermost if the recipe says so."""
    moved: dict[str, Any] = fabric.to_device(dict(batch))
    if not settings.channels_last:
        return moved
    return {key: _channels_last(value) for key, value in moved.items()}


def _channels_last(value: Any) -> Any:
    if isinstance(value, Tensor) and value.dim() == 4:
        return value.contiguous(memory_format=torch.channels_last)
    return value


@contextmanager
def gradients_for(networks: Mapping[str, nn.Module], trained: Iterable[str]) -> Iterator[None]:
    """Let only the networks named in ``trained`` collect gradients for their weights."""
    trained = set(trained)
    others = [weight for name, network in networks.items() if name not in trained for weight in network.parameters()]
    switched = [weight for weight in others if weight.requires_grad]
    for weight in switched:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in switched:
            weight.requires_grad_(True)


@contextmanager
def synchronised(fabric: Fabric, networks: Mapping[str, nn.Module], trained: Iterable[str]) -> Iterator[None]:
    """Average gradients between processes in the backward pass for the networks in ``trained`` only."""
    with ExitStack() as stack:
        if fabric.world_size > 1:
            for name, network in networks.items():
                if name not in trained:
                    stack.enter_context(fabric.no_backward_sync(cast(Any, network)))
        yield


@torch.no_grad()
def share_buffers(fabric: Fabric, networks: Iterable[nn.Module]) -> None:
    """Average the buffers (batch-norm statistics) of all processes, in one message."""
    if fabric.world_size == 1:
        return
    buffers = [buffer for network in networks for buffer in network.buffers() if buffer.is_floating_point()]
    if not buffers:
        return
    flat = torch.cat([buffer.flatten() for buffer in buffers])
    averaged = cast(Tensor, fabric.all_reduce(flat, reduce_op="mean"))
    parts = torch.split(averaged, [buffer.numel() for buffer in buffers])
    for buffer, part in zip(buffers, parts, strict=True):
        buffer.copy_(part.view_as(buffer))


def any_process(fabric: Fabric, number: int) -> int:
    """Return the largest ``number`` of all processes, so that all of them act alike."""
    if fabric.world_size == 1:
        return number
    return int(cast(Tensor, fabric.all_reduce(torch.tensor(number, device=fabric.device), reduce_op="max")))
