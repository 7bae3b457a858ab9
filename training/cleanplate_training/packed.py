"""Packed checkpoints: a run in a small file that can be kept, sent and gone on from.

A safetensors file (https://github.com/huggingface/safetensors) with the weights of all networks and their averages in
float16, and what a resume needs in its header as JSON. Moments of optimisers, older checkpoints and random generators
are left out: they are more than half of a checkpoint, and are learnt again within some hundred steps.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import torch
from torch import Tensor

from cleanplate.errors import BrokenInputError, MissingInputError, OutputError

SUFFIX = ".safetensors"
FORMAT = "cleanplate-packed-1"

_KEPT = (
    *("recipe", "recipe_hash", "commit", "networks", "averages", "step", "samples", "data", "sample_weights"),
    *("updates", "averaged", "task", "kept", "figures"),
)
_WEIGHTS = ("networks", "averages")
_TENSOR = "tensor of this file"


def pack(content: Mapping[str, Any], path: Path, *, overwrite: bool = False) -> int:
    """Write a checkpoint's weights and progress; return the bytes written.

    Filters are rounded to float16 (a relative error of at most 0.05 %); vectors, such as biases and statistics, stay
    as they are. Absolute paths in the recipe are cut to the file's name.

    Args:
        content: What :func:`cleanplate_training.checkpoint.load` returns.
        path: The file to write.
        overwrite: Replace a file that is there.

    Raises:
        OutputError: the file is there, or cannot be written.
        BrokenInputError: a weight is not finite, or too large for float16.
    """
    from safetensors.torch import save

    if path.exists() and not overwrite:
        raise OutputError("already exists", subject=path, fix="use --overwrite or another name")
    tensors: dict[str, Tensor] = {}
    kept = {key: content[key] for key in _KEPT if key in content}
    kept["recipe"] = _without_folders(kept["recipe"])
    rounded = {key: {name: _rounded(weights) for name, weights in kept[key].items()} for key in _WEIGHTS}
    facts = _taken_apart({**kept, **rounded}, "", tensors)
    # One entry: several come in an order that differs from process to process.
    data = save(tensors, metadata={FORMAT: json.dumps(facts)})
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot be written: {error}", subject=path) from error
    finally:
        beside.unlink(missing_ok=True)
    return len(data)


def unpack(path: Path) -> dict[str, Any]:
    """Read a packed checkpoint onto the CPU; weights are float32 again.

    Returns:
        What :func:`cleanplate_training.checkpoint.load` returns, without what only an unbroken resume needs.

    Raises:
        MissingInputError: there is no such file.
        BrokenInputError: it is damaged, or not a packed checkpoint of this version.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise MissingInputError("there is no such checkpoint", subject=path)
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
    except (SafetensorError, OSError) as error:
        raise BrokenInputError("is not a readable checkpoint", subject=path) from error
    if FORMAT not in facts:
        raise BrokenInputError("holds weights, but is not a packed checkpoint", subject=path)
    try:
        content: dict[str, Any] = _put_together(json.loads(facts[FORMAT]), tensors)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise BrokenInputError("is not a readable checkpoint", subject=path) from error
    for key in _WEIGHTS:
        content[key] = {name: _widened(weights) for name, weights in content[key].items()}
    return content


def _rounded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: _half(name, tensor) for name, tensor in weights.items()}


def _half(name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point() or tensor.dim() < 2:
        return tensor
    small = tensor.to(torch.float16)
    if not torch.isfinite(small).all():
        raise BrokenInputError("is not finite, or too large for float16", subject=f"weight {name!r}")
    return small


def _widened(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: each.float() if each.is_floating_point() else each for name, each in weights.items()}


def _taken_apart(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    """Return plain values as JSON takes them, with tensors moved to ``tensors`` and their names left behind."""
    if isinstance(value, Tensor):
        tensors[place] = value.detach().cpu().contiguous().clone()
        return {_TENSOR: place}
    if isinstance(value, Mapping):
        return {key: _taken_apart(item, f"{place}/{key}".strip("/"), tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_taken_apart(item, f"{place}/{number}", tensors) for number, item in enumerate(value)]
    return value


def _put_together(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict):
        if set(value) == {_TENSOR}:
            return tensors[value[_TENSOR]]
        return {key: _put_together(item, tensors) for key, item in value.items()}
    return [_put_together(item, tensors) for item in value] if isinstance(value, list) else value


def _without_folders(value: Any) -> Any:
    """Cut absolute paths to the file's name: they say nothing elsewhere, and something about whoever packed."""
    if isinstance(value, Mapping):
        return {key: _without_folders(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(item) for item in value]
    if isinstance(value, str) and (PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()):
        return PureWindowsPath(value).name
    return value
